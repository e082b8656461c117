//: ended: completed
//: package: acorn
//: package: esprima
const source = `import { a } from "b";
export async function* f({ x, ...rest }, [y = 1] = []) {
  for await (const n of rest.items ?? []) yield n ** y;
  label: while (true) { if (x?.z) break label; }
  return class extends Base { static #p = 1n; get q() { return \`\${this.#p}\`; } };
}`;
const tree = acorn.parse(source, { ecmaVersion: 2023, sourceType: "module", locations: true });
const counts = {};
(function walk(node) {
  if (Array.isArray(node)) return node.forEach(walk);
  if (!node || typeof node !== "object") return;
  if (typeof node.type === "string") counts[node.type] = (counts[node.type] ?? 0) + 1;
  for (const [key, value] of Object.entries(node)) if (key !== "loc") walk(value);
})(tree);
for (const [type, count] of Object.entries(counts).sort()) console.log(type, count);
try {
  acorn.parse("let x = ;", { ecmaVersion: 2023 });
} catch (error) {
  console.log(error.message);
}
console.log(esprima.tokenize("const answer = 6 * 7; // yes", { comment: true }).map((token) => token.type).join());
console.log(JSON.stringify(esprima.parseScript("a + b * c").body[0].expression.right));
