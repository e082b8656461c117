//: ended: raised
//: error: TypeError
//: line: 13
//: twin: Python has no types that must be taken out
interface Account {
  readonly owner: string;
  balance: number;
}

type Move = { kind: "pay"; amount: number } | { kind: "close" };

function apply(account: Account | undefined, move: Move): number {
  return (account!.balance as number) -= move.kind === "pay" ? move.amount : account!.balance;
}

const accounts: Map<string, Account> = new Map();
apply(accounts.get("nobody"), { kind: "pay", amount: 1 });
