//: row: 29 a width or precision of billions
//: ended: completed
//: value: 'refused refused RangeError RangeError RangeError refused'
const makers = [
  () => "1".padStart(2 ** 31),
  () => "1".padEnd(2 ** 30 - 1),
  () => (1.5).toFixed(2000000000),
  () => (1.5).toPrecision(2000000000),
  () => "x".repeat(Infinity),
  () => "x".repeat(2 ** 30),
];
makers.map((make, at) => {
  try {
    return make().length;
  } catch (error) {
    return [2, 3, 4].includes(at) ? error.name : "refused";
  }
}).join(" ");
