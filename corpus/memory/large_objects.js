//: row: 26 what is larger than the memory is refused, and the code goes on
//: ended: completed
//: session: kept
//: stdout: text refused\nbuffer refused\nbytes refused\nnumbers refused\nitems refused\npadded refused\nparts refused\nspread refused\n499500\n
const makers = {
  text: () => "a".repeat(2 ** 29),
  buffer: () => new ArrayBuffer(3e9),
  bytes: () => new Uint8Array(2 ** 30),
  numbers: () => new Float64Array(1e9),
  items: () => Array(3e7).fill(0),
  padded: () => "x".padStart(2 ** 29),
  parts: () => "ab".repeat(1e7).split(""),
  spread: () => [..."ab".repeat(1e7)],
};
for (const [name, make] of Object.entries(makers)) {
  try {
    make();
    console.log(name, "was made");
  } catch (error) {
    console.log(name, error instanceof Error ? "refused" : "odd");
  }
}
console.log([...Array(1000).keys()].reduce((sum, n) => sum + n));
