//: ended: raised
//: error: SyntaxError
//: line: 9
//: message: write `const Name = { A: 0, B: 1 } as const` instead
//: twin: Python has no types that must be taken out
console.log("nothing of this is run");

// An enum is code: what is left when types are taken out must be the program.
enum Colour { Red, Green }
