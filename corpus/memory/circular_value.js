//: row: 38 a value that holds itself has no JSON
//: ended: completed
//: json: nothing
const value = [];
value.push(value);
value;
