//: ended: completed
//: package: immutable
//: package: ramda
const { List, Map, Record, Set } = Immutable;
const Player = Record({ name: "", score: 0, items: Set() });
let state = Map({ turn: 1, players: List([Player({ name: "Ann" }), Player({ name: "Ben", score: 3 })]) });
const first = state;
state = state.updateIn(["players", 0, "score"], (score) => score + 5).updateIn(["players", 0, "items"], (items) => items.add("key")).update("turn", (turn) => turn + 1);
console.log(JSON.stringify(state), first.getIn(["players", 0, "score"]), Immutable.is(first, state));
console.log(state.get("players").sortBy((player) => -player.score).map((player) => player.name).join(), Immutable.Range(0, 1000000).filter((n) => n % 7 === 0).take(4).toArray().join());
const summary = R.pipe(R.groupBy(R.prop("kind")), R.map(R.pipe(R.pluck("n"), R.sum)), R.toPairs, R.sortBy(R.head));
console.log(JSON.stringify(summary([{ kind: "b", n: 1 }, { kind: "a", n: 2 }, { kind: "b", n: 3 }])));
console.log(JSON.stringify(R.over(R.lensPath(["a", 0, "b"]), R.inc, { a: [{ b: 1 }] })), R.curry((a, b, c) => a + b + c)(1)(2, 3), R.transpose([[1, 2], [3, 4]]).join("|"));
