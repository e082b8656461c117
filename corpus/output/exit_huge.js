//: row: 46 an exit status beyond all numbers is a number all the same
//: ended: exited
//: exit: 0
process.exit(2 ** 200);
