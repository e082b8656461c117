//: ended: completed
// TypeScript as people write it: types are taken off on the way in.
interface Entry { readonly id: number; amount: number; tags?: string[] }
type Totals<K extends string> = Partial<Record<K, number>>;
abstract class Ledger<T extends Entry> {
  protected entries: T[] = [];
  add(entry: T): this { this.entries.push(entry); return this; }
  abstract total(): number;
}
class Tagged extends Ledger<Entry> {
  total(): number { return this.entries.reduce((sum: number, { amount }) => sum + amount, 0); }
  byTag<K extends string>(tags: readonly K[]): Totals<K> {
    const totals: Totals<K> = {};
    for (const tag of tags) totals[tag] = this.entries.filter((entry) => entry.tags?.includes(tag)).length as number;
    return totals;
  }
}
const ledger = new Tagged().add({ id: 1, amount: 2.5, tags: ["food"] }).add({ id: 2, amount: 4 });
console.log(ledger.total(), JSON.stringify(ledger.byTag(["food", "rent"] as const)));
const first = <T,>(items: T[]): T | undefined => items[0];
console.log(first([1, 2])!, (first([]) satisfies undefined) ?? "none");
