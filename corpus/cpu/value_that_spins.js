//: row: 22 showing a value runs none of its getters and traps
//: ended: completed
//: value: {\n  a: [Getter],\n  toJSON: [Function: toJSON],\n  toString: [Function: toString]\n}
//: within_ms: 5000
({ get a() { for (;;); }, toJSON() { for (;;); }, toString() { for (;;); } });
