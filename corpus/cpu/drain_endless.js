//: row: 7 a source without an end, drained in C
//: ended: time_limit
//: error: TimeLimit
//: limits: {"time_ms": 200}
function* endless() { for (;;) yield 1; }
endless().drop(Infinity).next();
