//: row: 27 a list that doubles until there is no room
//: ended: memory_limit
//: limits: {"memory_bytes": 67108864}
let items = [0];
for (;;) items = items.concat(items);
