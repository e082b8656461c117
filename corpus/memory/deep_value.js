//: row: 38 a value that is nested too deep has no JSON
//: ended: completed
//: limits: {"value_depth": 10}
//: json: nothing
let value = [];
for (let n = 0; n < 20; n++) value = [value];
value;
