// Business rules over orders: each rule is data with a condition and an effect, and every price says which rules made it.

interface Item { sku: string; price: number; quantity: number }
interface Customer { name: string; since: number; country: "DE" | "FR" | "US" }
interface Order { id: string; customer: Customer; items: Item[]; coupon: string | null }

type Effect =
  | { kind: "percent"; off: number }
  | { kind: "cents"; off: number }
  | { kind: "reject"; because: string };

interface Rule {
  readonly name: string;
  readonly when: (order: Order) => boolean;
  readonly then: Effect;
  readonly last?: boolean;
}

interface Decision { id: string; before: number; after: number; rules: string[]; rejected?: string }

// Given by the caller: --input orders=JSON
declare const orders: Order[];

const total = (order: Order): number => order.items.reduce((sum, item) => sum + item.price * item.quantity, 0);
const pieces = (order: Order): number => order.items.reduce((sum, item) => sum + item.quantity, 0);
const cents = (amount: number): string => (amount / 100).toFixed(2).padStart(10);

const rules: Rule[] = [
  { name: "old coupon", when: o => o.coupon === "OLD", then: { kind: "reject", because: "the coupon has expired" }, last: true },
  { name: "bulk", when: o => pieces(o) >= 15, then: { kind: "percent", off: 10 } },
  { name: "loyal", when: o => o.customer.since <= 2019, then: { kind: "percent", off: 5 } },
  { name: "spring", when: o => o.coupon === "SPRING", then: { kind: "cents", off: 1500 } },
  { name: "shipping paid", when: o => o.customer.country === "US" && total(o) < 50_000, then: { kind: "cents", off: -2500 } },
];

function apply(amount: number, effect: Exclude<Effect, { kind: "reject" }>): number {
  switch (effect.kind) {
    case "percent": return Math.round(amount * (100 - effect.off) / 100);
    case "cents": return Math.max(0, amount - effect.off);
    default: {
      const never: never = effect;
      throw new TypeError(`no such effect: ${never}`);
    }
  }
}

function decide(order: Order): Decision {
  const decision: Decision = { id: order.id, before: total(order), after: total(order), rules: [] };
  for (const rule of rules.filter(rule => rule.when(order))) {
    decision.rules.push(rule.name);
    if (rule.then.kind === "reject") {
      decision.rejected = rule.then.because;
    } else {
      decision.after = apply(decision.after, rule.then);
    }
    if (rule.last) break;
  }
  return decision;
}

const decisions = orders.map(decide);
for (const [index, decision] of decisions.entries()) {
  const name = orders[index]!.customer.name.padEnd(9);
  const end = decision.rejected ? `rejected: ${decision.rejected}` : `${cents(decision.after)}  ${decision.rules.join(", ") || "-"}`;
  console.log(`${decision.id}  ${name}${cents(decision.before)} -> ${end}`);
}

const accepted = decisions.filter(decision => !decision.rejected);
const uses = new Map<string, number>();
for (const rule of decisions.flatMap(decision => decision.rules)) uses.set(rule, (uses.get(rule) ?? 0) + 1);

console.log();
console.log(`${accepted.length} of ${decisions.length} orders accepted`);
for (const [rule, count] of [...uses].sort(([a, m], [b, n]) => n - m || a.localeCompare(b))) {
  console.log(`  ${String(count).padStart(2)} x ${rule}`);
}

// The value of a run is its last expression: what another program would read.
({ accepted: accepted.length, turnover: accepted.reduce((sum, decision) => sum + decision.after, 0) } satisfies Record<string, number>);
