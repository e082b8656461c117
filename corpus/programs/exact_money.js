//: ended: completed
//: package: decimal.js
//: package: bignumber.js
//: package: mathjs
//: limits: {"time_ms": 60000, "cpu_ms": 60000, "memory_bytes": 268435456}
Decimal.set({ precision: 60 });
console.log(new Decimal(2).sqrt().toString(), Decimal.exp(1).toFixed(30), new Decimal("0.1").plus("0.2").equals("0.3"));
let balance = new BigNumber("1000");
for (let year = 0; year < 10; year++) balance = balance.times("1.035").decimalPlaces(2, BigNumber.ROUND_HALF_EVEN);
console.log(balance.toFormat(2), new BigNumber("255").toString(16), new BigNumber(1).div(3).toFixed(20));
console.log(math.evaluate("det([1, 2; 3, 4]) + 2 ^ 10"), math.simplify("2x + 3x - x").toString(), math.derivative("x^3 + sin(x)", "x").toString());
console.log(math.format(math.evaluate("5.08 cm to inch")), math.multiply([[1, 2], [3, 4]], [[0, 1], [1, 0]]).toString(), math.fraction(0.125).toFraction());
