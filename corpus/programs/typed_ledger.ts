//: ended: completed
//: package: immutable
// A ledger whose entries are checked by their types while it is written, and kept in persistent collections while it runs.
declare const Immutable: {
  Map<K, V>(entries?: Iterable<[K, V]>): Ledger<K, V>;
  List<T>(values?: Iterable<T>): Iterable<T> & { push(value: T): Iterable<T>; size: number };
};
interface Ledger<K, V> extends Iterable<[K, V]> {
  get(key: K, otherwise: V): V;
  set(key: K, value: V): Ledger<K, V>;
  sortBy<C>(by: (value: V, key: K) => C): Ledger<K, V>;
}

type Cents = number & { readonly unit?: "cents" };
type Entry =
  | { readonly kind: "pay"; from: string; to: string; cents: Cents }
  | { readonly kind: "open"; owner: string; cents?: Cents };

abstract class Book<E extends { kind: string }> {
  protected entries: E[] = [];
  declare readonly brand: unique symbol;
  abstract balance(upto?: number): Ledger<string, Cents>;
  add(...entries: readonly E[]): this { this.entries.push(...entries); return this }
}

class Accounts extends Book<Entry> {
  override balance(upto: number = Infinity): Ledger<string, Cents> {
    let sums = Immutable.Map<string, Cents>();
    const change = (who: string, by: Cents): void => { sums = sums.set(who, sums.get(who, 0) + by) };
    for (const entry of this.entries.slice(0, upto)) {
      switch (entry.kind) {
        case "open": change(entry.owner, entry.cents ?? 0); break;
        case "pay": change(entry.from, -entry.cents); change(entry.to, entry.cents!); break;
        default: throw new TypeError(`no such entry: ${entry satisfies never}`);
      }
    }
    return sums;
  }
}

function show(amount: Cents): string;
function show(amount: Cents, width: number): string;
function show(amount: Cents, width?: number): string {
  return (amount / 100).toFixed(2).padStart(width ?? 0);
}

const book = new Accounts().add(
  { kind: "open", owner: "Ann", cents: 50_00 },
  { kind: "open", owner: "Ben" },
  { kind: "pay", from: "Ann", to: "Ben", cents: 12_50 },
);
for (const [owner, cents] of book.balance().sortBy(cents => -cents) as Iterable<[string, Cents]>) {
  console.log(`${owner} ${show(cents, 8)}`);
}
const before = book.balance(2), after = book.balance();
console.log(show(before.get("Ben", 0)), show(after.get("Ben", 0)), [...after].length);
