//: row: 48 half a character in an error's text
//: ended: raised
//: error: Error
throw new Error("\ud800\0\u2028");
