//: ended: memory_limit
//: limits: {"memory_bytes": 67108864}
//: session: kept
const items = [];
for (;;) items.push(new Array(100000).fill(1));
