//: row: 48 half a character in a value is shown escaped
//: ended: completed
//: value: '\uD800'
"\ud800";
