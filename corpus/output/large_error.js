//: row: 45 an error with a text of ten million characters
//: ended: raised
//: error: Error
//: message: more characters
//: limits: {"memory_bytes": 268435456}
throw new Error("x".repeat(10000000));
