//: row: 5 a regular expression that backtracks exponentially; the engine looks at the clock inside the match
//: elsewhere: completed
//: ended: time_limit
//: error: TimeLimit
//: line: 10
//: limits: {"time_ms": 200}
//: stdout: before\n
//: session: kept
console.log("before");
/(a+)+$/.test("a".repeat(60) + "!");
