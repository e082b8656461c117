//: row: 14 nothing of ours goes through the functions that code can replace
//: ended: completed
//: value: 42
//: within_ms: 5000
const spin = () => { for (;;); };
const { getOwnPropertyDescriptors, defineProperty } = Object;
const entries = Object.entries;
for (const name of Object.keys(console)) console[name] = spin;
process.stdout.write = process.stderr.write = spin;
const kinds = [Object, Array, String, Number, Map, Set, Promise, Error, RegExp, Function, JSON, Reflect];
const places = kinds.flatMap((kind) => [kind, kind.prototype ?? {}]).flatMap((holder) => entries(getOwnPropertyDescriptors(holder)).map((entry) => [holder, entry]));
for (let at = 0; at < places.length; at++) {
  const holder = places[at][0], name = places[at][1][0], found = places[at][1][1];
  if (found.configurable && typeof found.value === "function" && name !== "constructor") defineProperty(holder, name, { __proto__: null, value: spin });
}
42;
