//: row: 21 timers that set timers, without end
//: ended: time_limit
//: error: TimeLimit
//: limits: {"time_ms": 200}
//: session: kept
function again() { setTimeout(again, 0); }
for (let n = 0; n < 100; n++) again();
