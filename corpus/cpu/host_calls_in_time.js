//: row: 24 a loop of calls of the host cannot outrun the deadline
//: ended: time_limit
//: error: TimeLimit
//: limits: {"time_ms": 100}
for (;;) Date.now();
