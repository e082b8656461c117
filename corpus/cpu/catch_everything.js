//: row: 12 code cannot catch the stop
//: ended: time_limit
//: error: TimeLimit
//: limits: {"time_ms": 100}
//: session: kept
for (;;) {
  try {
    for (;;);
  } catch {
  } finally {
    continue;
  }
}
