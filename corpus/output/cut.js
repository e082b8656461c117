//: row: 42 the head and the tail are kept, and the cut between them is marked
//: ended: completed
//: limits: {"output_bytes": 40}
//: cut: 8976
for (let number = 0; number < 1000; number++) console.log(`line ${String(number).padStart(3)}`);
console.log("the end is here");
