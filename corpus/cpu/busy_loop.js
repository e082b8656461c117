//: row: 1 a loop without an end
//: ended: time_limit
//: error: TimeLimit
//: limits: {"time_ms": 100}
//: stdout: before\n
//: session: kept
console.log("before");
for (;;) {}
