//: row: 48 bytes that are no text, half characters, zeros and odd line ends
//: ended: completed
//: stdout: a\xff\xfeb\n
process.stdout.write(new Uint8Array([97, 255, 254, 98, 10]));
process.stdout.write("\0|\u2028|\u2029|\x85\n");
console.log([..."\ud800"].length === 1 ? "eda080" : "");
