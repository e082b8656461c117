//: row: 14 an error is told without the functions that code can replace
//: ended: raised
//: error: TypeError
//: message: told
//: within_ms: 5000
const spin = () => { for (;;); };
Error.prototype.toString = Object.prototype.toString = Function.prototype.toString = spin;
Object.defineProperty(Error.prototype, "name", { get: spin });
Object.defineProperty(Error.prototype, "message", { get: spin });
throw new TypeError("told");
