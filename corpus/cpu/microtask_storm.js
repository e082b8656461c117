//: row: 21 promises that make promises, without end, after the code has ended
//: ended: time_limit
//: error: TimeLimit
//: limits: {"time_ms": 200}
//: stdout: before\n
//: session: kept
function again() { Promise.resolve().then(again); }
again();
console.log("before");
