//: row: 12 every way out of a call begins another call
//: ended: time_limit
//: error: TimeLimit
//: limits: {"time_ms": 200}
function again() {
  try {
    again();
  } finally {
    again();
  }
}
again();
