//: row: 2 a power with millions of digits is refused: an integer may have 2^20 bits
//: ended: raised
//: error: RangeError
//: line: 7
//: stdout: before\n
console.log("before");
3n ** 100000000n;
