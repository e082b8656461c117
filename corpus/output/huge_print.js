//: row: 43 one print of fifty million bytes
//: ended: completed
//: limits: {"memory_bytes": 268435456, "output_bytes": 1000}
//: cut: 49999001
console.log("head" + "x".repeat(49_999_992) + "tail");
