//: row: 11 a timer of weeks is a wait that the limit ends
//: ended: time_limit
//: error: TimeLimit
//: limits: {"time_ms": 100}
//: stdout: before\n
//: session: kept
console.log("before");
await new Promise((done) => setTimeout(done, 2 ** 31 - 1));
