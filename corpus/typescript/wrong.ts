//: ended: raised
//: error: SyntaxError
//: line: 7
//: message: Unexpected token
//: twin: Python has no types that must be taken out
const right: number = 1;
const wrong: = 2;
