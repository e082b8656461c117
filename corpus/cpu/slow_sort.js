//: row: 8 a sort of many items by a comparison in the language: it is the sort that does not end
//: ended: time_limit
//: error: TimeLimit
//: limits: {"time_ms": 500}
//: stdout: before\n
const items = Array.from({ length: 100000 }, (_, n) => n);
console.log("before");
for (;;) items.toSorted((a, b) => ((a * 7919) % 10007) - ((b * 7919) % 10007));
