//: row: 46 asking to exit is a normal end
//: ended: exited
//: exit: 7
//: session: kept
//: stdout: before\n
console.log("before");
process.exit(7);
