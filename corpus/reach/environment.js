//: row: 82 the environment of the process, by every way of seeing it
//: ended: completed
//: value: []
const ways = [
  () => JSON.stringify(process.env),
  () => "BELLJAR_ATTACK_CANARY=" + process.env.BELLJAR_ATTACK_CANARY.length + process.env.BELLJAR_ATTACK_CANARY,
  () => JSON.stringify(globalThis.constructor.constructor("return process")().env),
  () => JSON.stringify(process.report.getReport().environmentVariables),
  () => JSON.stringify(std.getenviron()),
  () => "BELLJAR_ATTACK_CANARY=" + std.getenv("BELLJAR_ATTACK_CANARY").concat(""),
  () => require("fs").readFileSync("/proc/self/environ", "utf8"),
  () => Deno.env.get("BELLJAR_ATTACK_CANARY").concat("BELLJAR_ATTACK_CANARY"),
];
const found = [];
for (const way of ways) {
  try {
    const text = way();
    if (text.includes("BELLJAR_ATTACK_CANARY")) found.push(text);
  } catch {
    // Not this way.
  }
}
found;
