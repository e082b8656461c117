// The protocol of benches/README.md, for peers that are Node packages.

import { readFileSync, writeSync } from "node:fs";
import { createInterface } from "node:readline";

/** The peer stopped the code because its deadline had passed. */
export class TimedOut extends Error {}

/**
 * Answers asks until standard input ends.
 *
 * `open(deadline_ms, what)`, where `what` is "cpu" when a program is to be measured, gives an object with `run(code)`, which returns
 * the value, and with `close()`. Code that outlives `deadline_ms`, if it is not undefined, ends in TimedOut.
 */
export async function serve(version, open, offers) {
  const asks = { fresh, step, cpu, idle, stop };
  for await (const line of createInterface({ input: process.stdin })) {
    const ask = JSON.parse(line);
    let answer;
    try {
      answer = ask.do === "hello" ? { version, offers } : asks[ask.do](open, ask);
    } catch (error) {
      answer = { error: String(error).slice(0, 300) };
    }
    writeSync(1, JSON.stringify(answer) + "\n");
  }
}

function fresh(open, ask) {
  const ns = [];
  for (let i = 0; i < ask.count; i++) {
    const begun = process.hrtime.bigint();
    const session = open();
    let answer;
    for (const code of ask.codes) answer = session.run(code);
    session.close();
    ns.push(Number(process.hrtime.bigint() - begun));
    check(answer, ask.expect);
  }
  return { ns };
}

function step(open, ask) {
  const ns = [];
  const session = open();
  session.run(ask.setup);
  for (let i = 0; i < ask.count; i++) {
    const begun = process.hrtime.bigint();
    const answer = session.run(ask.code);
    ns.push(Number(process.hrtime.bigint() - begun));
    check(answer, ask.expect);
  }
  session.close();
  return { ns };
}

function cpu(open, ask) {
  const session = open(undefined, "cpu");
  const [wall, used] = [process.hrtime.bigint(), process.cpuUsage()];
  const answer = session.run(ask.code);
  const { user, system } = process.cpuUsage(used);
  const ns = Number(process.hrtime.bigint() - wall);
  session.close();
  check(answer, ask.expect);
  return { ns: [ns], cpu_ns: [(user + system) * 1000] };
}

function idle(open, ask) {
  const before = privateBytes();
  const sessions = Array.from({ length: ask.count }, () => open());
  for (const session of sessions) check(session.run(ask.code), ask.expect);
  const grown = privateBytes() - before;
  for (const session of sessions) session.close();
  return { bytes: Math.max(0, Math.round(grown / ask.count)) };
}

function stop(open, ask) {
  const ns = [];
  for (let i = 0; i < ask.count; i++) {
    const session = open(ask.deadline_ms);
    const begun = process.hrtime.bigint();
    let stopped = false;
    try {
      session.run(ask.code);
    } catch (error) {
      if (!(error instanceof TimedOut)) throw error;
      stopped = true;
    }
    if (!stopped) throw new Error("the code was not stopped");
    ns.push(Number(process.hrtime.bigint() - begun) - ask.deadline_ms * 1e6);
    session.close();
  }
  return { ns };
}

function check(answer, expect) {
  if (String(answer) !== expect) throw new Error(`wrong answer: ${String(answer).slice(0, 100)}, not ${expect.slice(0, 100)}`);
}

function privateBytes() {
  const rollup = readFileSync("/proc/self/smaps_rollup", "utf8");
  return Number(/^Private_Dirty:\s+(\d+)/m.exec(rollup)[1]) * 1024;
}
