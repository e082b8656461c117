//: row: 115 no path of the machine shows in an error
//: ended: completed
//: value: true
const error = new Error("here");
!/home|root|Users|cache/.test(error.stack + process.argv.join() + process.cwd());
