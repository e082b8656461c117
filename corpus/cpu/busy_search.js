//: row: 6 a search in C through an array that is not one
//: ended: time_limit
//: error: TimeLimit
//: limits: {"time_ms": 200}
Array.prototype.includes.call({ length: 2 ** 53 - 1 }, 1);
