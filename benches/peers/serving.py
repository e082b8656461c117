"""The protocol of benches/README.md, for peers that are Python packages."""

import json
import os
import sys
import time


class TimedOut(Exception):
    """The peer stopped the code because its deadline had passed."""


def serve(version, open_session, offers, tool=(None, None)):
    """Answers asks until standard input ends.

    `open_session(deadline_ms)` gives an object with `run(code)`, which returns what the code printed or, if it printed nothing, its
    value as text, and with `close()`. Code that outlives `deadline_ms`, if it is not None, ends in TimedOut. Who offers "snapshot" and
    "restore" has `snapshot()` and `restore(bytes)`; who offers "tool" gives what opens a session with a function `add` of the host, and the
    code that prints what it gives for 1 and 2.
    """
    asks = {"fresh": fresh, "step": step, "cpu": cpu, "idle": idle, "stop": stop}
    asks |= {"snapshot": snapshot, "restore": restore, "http": step}
    asks["tool"] = lambda _, ask: step(tool[0], ask | {"code": tool[1]})
    out = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        ask = json.loads(line)
        try:
            if ask["do"] == "hello":
                answer = {"version": version, "offers": offers}
            else:
                answer = asks[ask["do"]](open_session, ask)
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"[:300]}
        print(json.dumps(answer), file=out, flush=True)


def fresh(open_session, ask):
    samples = []
    for _ in range(ask["count"]):
        begun = time.perf_counter_ns()
        session = open_session(None)
        for code in ask["codes"]:
            answer = session.run(code)
        session.close()
        samples.append(time.perf_counter_ns() - begun)
        check(answer, ask["expect"])
    return {"ns": samples}


def step(open_session, ask):
    samples = []
    session = open_session(None)
    session.run(ask["setup"])
    for _ in range(ask["count"]):
        begun = time.perf_counter_ns()
        answer = session.run(ask["code"])
        samples.append(time.perf_counter_ns() - begun)
        check(answer, ask["expect"])
    session.close()
    return {"ns": samples}


def cpu(open_session, ask):
    session = open_session(None)
    wall, used = time.perf_counter_ns(), cpu_ns()
    answer = session.run(ask["code"])
    used, wall = cpu_ns() - used, time.perf_counter_ns() - wall
    session.close()
    check(answer, ask["expect"])
    return {"ns": [wall], "cpu_ns": [used]}


def idle(open_session, ask):
    before = private_bytes()
    sessions = [open_session(None) for _ in range(ask["count"])]
    for session in sessions:
        check(session.run(ask["code"]), ask["expect"])
    grown = private_bytes() - before
    for session in sessions:
        session.close()
    return {"bytes": grown // ask["count"]}


def stop(open_session, ask):
    samples = []
    for _ in range(ask["count"]):
        session = open_session(ask["deadline_ms"])
        begun = time.perf_counter_ns()
        try:
            session.run(ask["code"])
        except TimedOut:
            samples.append(time.perf_counter_ns() - begun - ask["deadline_ms"] * 1_000_000)
        else:
            raise RuntimeError("the code was not stopped")
        finally:
            session.close()
    return {"ns": samples}


def snapshot(open_session, ask):
    samples = []
    session = open_session(None)
    session.run(ask["setup"])
    for _ in range(ask["count"]):
        begun = time.perf_counter_ns()
        session.snapshot()
        samples.append(time.perf_counter_ns() - begun)
    session.close()
    return {"ns": samples}


def restore(open_session, ask):
    samples = []
    first = open_session(None)
    first.run(ask["setup"])
    state = first.snapshot()
    first.close()
    for _ in range(ask["count"]):
        begun = time.perf_counter_ns()
        session = open_session(None)
        session.restore(state)
        answer = session.run(ask["code"])
        session.close()
        samples.append(time.perf_counter_ns() - begun)
        check(answer, ask["expect"])
    return {"ns": samples}


def check(answer, expect):
    if answer.strip() != expect:
        raise RuntimeError(f"wrong answer: {answer[:100]!r}, not {expect[:100]!r}")


def family():
    """This process and its children: some peers work in one."""
    found = ["self"]
    for task in os.listdir("/proc/self/task"):
        with open(f"/proc/self/task/{task}/children") as children:
            found += children.read().split()
    return found


def cpu_ns():
    total = time.process_time_ns()
    for pid in family()[1:]:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/schedstat") as stat:
                total += int(stat.read().split()[0])
    return total


def private_bytes():
    total = 0
    for pid in family():
        with open(f"/proc/{pid}/smaps_rollup") as rollup:
            total += sum(int(line.split()[1]) * 1024 for line in rollup if line.startswith("Private_Dirty"))
    return total
