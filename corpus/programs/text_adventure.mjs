//: ended: completed
// No package: modules, classes, generators and top-level await as people write them today.
class Room {
  #exits = new Map();
  constructor(name) { this.name = name; }
  join(way, other, back) { this.#exits.set(way, other); other.#exits.set(back, this); return this; }
  *ways() { yield* this.#exits.keys(); }
  go(way) { return this.#exits.get(way) ?? this; }
}
const [hall, cellar, tower] = ["hall", "cellar", "tower"].map((name) => new Room(name));
hall.join("down", cellar, "up").join("climb", tower, "descend");
const pause = (ms, value) => new Promise((done) => setTimeout(done, ms, value));
let at = hall;
for await (const way of (async function* () { for (const way of ["down", "up", "climb", "fly"]) yield pause(1, way); })()) {
  at = at.go(way);
  console.log(way.padEnd(6, "."), at.name, [...at.ways()].toSorted().join("/"));
}
const results = await Promise.allSettled([pause(2, "a"), Promise.reject(new RangeError("b")), Promise.race([pause(50, "slow"), pause(1, "fast")])]);
console.log(results.map((result) => result.value ?? result.reason.name).join());
console.log(["ape", "ant", "bee"].findLast((word) => word[0] === "a"), structuredClone(new Map([[1, { a: [2n] }]])).get(1).a[0]);
console.log(/(?<year>\d{4})-(?<month>\d\d)/u.exec("on 2024-02").groups.month, "a-b-c".replaceAll("-", "+"), [3, 1, 2].at(-1), [1, [2, [3]]].flat(Infinity).join(""));
const url = new URL("../x?q=1&q=2#h", "https://user@example.org:8080/a/b/c");
console.log(url.href, url.searchParams.getAll("q").join(), btoa("hello"), new TextDecoder().decode(new TextEncoder().encode("é€")));
const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode("abc"));
console.log([...new Uint8Array(digest)].slice(0, 4).map((byte) => byte.toString(16).padStart(2, "0")).join(""));
export default at.name;
