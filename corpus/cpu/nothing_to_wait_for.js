//: row: 11 a promise that nothing is left to settle says so at once
//: ended: raised
//: error: Error
//: message: nothing is left to settle
//: within_ms: 5000
await new Promise(() => {});
