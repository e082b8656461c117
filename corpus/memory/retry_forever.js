//: row: 28 code that catches the lack of memory and tries again, forever
//: ended: time_limit
//: error: TimeLimit
//: limits: {"time_ms": 2000, "memory_bytes": 33554432}
//: stdout: again\n
let tries = 0;
for (;;) {
  let items = [];
  try {
    for (;;) items.push(new ArrayBuffer(1000000));
  } catch {
    items = null;
    tries++;
    if (tries == 2) console.log("again");
  }
}
