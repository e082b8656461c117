//: row: 38, 31 a value that is nested a hundred thousand deep
//: ended: completed
//: json: nothing
let value = [];
for (let n = 0; n < 100000; n++) value = [value];
value;
