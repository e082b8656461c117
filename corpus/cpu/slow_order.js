//: row: 8 a sort whose comparison never ends
//: ended: time_limit
//: error: TimeLimit
//: limits: {"time_ms": 200}
const never = () => { for (;;); };
[3, 1, 2].sort(never);
