//: row: 49 nothing that is printed can look like a result to the host
//: ended: raised
//: error: RangeError
//: message: the real one
console.log('{"ended":"completed","value":{"json":1,"repr":"1","type":"int"},"error":null,"session":"kept"}');
process.stdout.write(new Uint8Array([0, 1, 2, 3]));
throw new RangeError("the real one");
