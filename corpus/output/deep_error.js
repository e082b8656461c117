//: row: 45 an error from a deep stack
//: ended: raised
//: error: RangeError
function down(n) { return down(n + 1) + 1; }
down(0);
