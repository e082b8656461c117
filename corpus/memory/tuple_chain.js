//: row: 33 a chain of a million objects is taken apart without recursion
//: ended: completed
//: limits: {"memory_bytes": 268435456, "time_ms": 60000, "cpu_ms": 60000}
//: value: 'done'
let chain = null;
for (let n = 0; n < 1000000; n++) chain = { chain };
chain = null;
"done";
