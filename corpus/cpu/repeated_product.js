//: row: 3 products of integers that are as large as they may be
//: ended: time_limit
//: error: TimeLimit
//: limits: {"time_ms": 300}
//: stdout: before\n
console.log("before");
let x = 3n ** 300000n;
for (;;) x * x;
