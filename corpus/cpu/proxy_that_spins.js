//: row: 22 a proxy is shown by its target: none of its traps runs
//: ended: completed
//: stdout: { a: 1 } [ { a: 1 } ] [Function: f]\n
//: value: { a: 1 }
//: limits: {"time_ms": 2000}
//: twin: Python has no proxies; what it runs to show a value is tried in value_that_spins.py
const spin = () => { for (;;) {} };
const traps = new Proxy({}, { get: () => spin });
const proxy = new Proxy({ a: 1 }, traps);
console.log(proxy, [proxy], new Proxy(function f() {}, traps));
console.table([proxy]);
console.dir(new Proxy(proxy, traps));
proxy
