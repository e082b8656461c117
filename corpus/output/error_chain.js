//: row: 45 a thousand errors, each from the one before
//: ended: raised
//: error: Error
//: message: 999
let error;
for (let number = 0; number < 1000; number++) error = new Error(`${number}`, { cause: error });
throw error;
