//: row: 19 programs that are nested deeper, or longer, than a compiler can follow
//: ended: completed
//: stdout: done\n
//: limits: {"time_ms": 60000, "cpu_ms": 60000}
const programs = [
  "(".repeat(100_000) + ")".repeat(100_000),
  "[".repeat(100_000) + "]".repeat(100_000),
  "-".repeat(100_000).replaceAll("--", "- -") + "1",
  "!".repeat(100_000) + "1",
  Array(20_000).fill("1").join("+"),
  "x" + ".a".repeat(50_000),
  "x" + "()".repeat(50_000),
  "()=>".repeat(20_000) + "1",
  "{".repeat(50_000) + "}".repeat(50_000),
  "`${".repeat(20_000) + "1" + "}`".repeat(20_000),
  "a?".repeat(50_000) + "1" + ":1".repeat(50_000),
  "function f(){".repeat(5_000) + "}".repeat(5_000),
];
for (const text of programs) {
  try {
    new Function(text);
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof RangeError || error.message)) throw error;
  }
}
console.log("done");
