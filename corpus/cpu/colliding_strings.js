//: row: 9 keys that all have the same hash: each insertion looks at all before it
//: ended: time_limit
//: error: TimeLimit
//: limits: {"time_ms": 1000}
//: stdout: 65536\n
//: twin: the hash of a string cannot be known in Python; its integers collide in colliding_integers.py
let keys = [""];
for (let n = 0; n < 16; n++) keys = keys.flatMap((key) => [key + "\u0061\u0507", key + "\u0062\u0400"]);
console.log(keys.length);
for (;;) {
  const table = {};
  for (const key of keys) table[key] = 1;
}
