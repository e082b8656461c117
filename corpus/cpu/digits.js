//: row: 4 turning integers into digits takes quadratic time
//: ended: time_limit
//: error: TimeLimit
//: limits: {"time_ms": 500}
//: stdout: before\n
const number = 1n << 1000000n;
console.log("before");
for (;;) String(number);
