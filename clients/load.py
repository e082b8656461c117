"""Twenty clients at once over HTTP, with good code, hostile code and hostile requests: `load.py PROGRAM SECONDS`.

Every answer to a good request must be right; the server must live, keep its memory, and leave no process behind. Nothing but the standard
library, so that a request is what stands here: JSON-RPC in the revision 2026-07-28, which has no handshake and no sessions of the transport.
"""

import collections
import http.client
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

CLIENTS = 20
META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "load", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}

counts = collections.Counter()
wrong = []


class Client:
    """One that holds a token, and does one thing after the other, by chance that is the same each time."""

    def __init__(self, number, port, token):
        self.random, self.port, self.token = random.Random(number), port, token

    def work(self, deadline):
        weights = [weight for weight, _ in ACTIONS]
        actions = [action for _, action in ACTIONS]
        while time.monotonic() < deadline and len(wrong) < 20:
            (action,) = self.random.choices(actions, weights)
            try:
                action(self)
                counts[action.__name__] += 1
            except Exception as error:
                wrong.append(f"{action.__name__}: {type(error).__name__}: {error}")

    def head(self, method, name):
        return {
            "Accept": "application/json, text/event-stream", "Content-Type": "application/json",
            "Authorization": f"Bearer {self.token}", "MCP-Protocol-Version": "2026-07-28",
            "Mcp-Method": method, "Mcp-Name": name,
        }

    def post(self, body, headers):
        """Status and body of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request("POST", "/mcp", body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def call(self, tool, **arguments):
        """The result of a tool: what is for programs, or the text where there is nothing else."""
        request = {"name": tool, "arguments": arguments, "_meta": META}
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": request})
        status, text = self.post(body, self.head("tools/call", tool))
        equal(status, 200, text)
        data = [line[6:] for line in text.splitlines() if line.startswith("data: {")]
        result = json.loads(data[-1] if data else text)["result"]
        return result.get("structuredContent") or result["content"][0]["text"]

    def ends(self, ended, tool, code, **more):
        """Runs code that must end so, and gives the result."""
        result = self.call(tool, code=code, **more)
        equal(result["ended"] if isinstance(result, dict) else result, ended, f"{code[:60]}: {result}"[:600])
        return result

    # What is good: the answer must be right.

    def good_python(self):
        a, b = self.random.randrange(10**9), self.random.randrange(10**9)
        result = self.ends("completed", "run_python", f"print('a', {a})\n{a} * {b}")
        equal((result["stdout"], result["value"]["repr"]), (f"a {a}\n", str(a * b)))

    def good_javascript(self):
        a, b = self.random.randrange(10**6), self.random.randrange(10**6)
        result = self.ends("completed", "run_javascript", f"console.log('a', {a}); {a} * {b}")
        equal((result["stdout"], result["value"]["json"]), (f"a {a}\n", a * b))

    def good_original(self):
        a = self.random.randrange(10**9)
        text = self.call("run_python_code", python_code="print(n)\n-n", global_variables={"n": a})
        parts = ["<status>success</status>", "<output>", str(a), "</output>", "<return_value>", str(-a), "</return_value>"]
        equal(text, "\n".join(parts))

    def good_session(self):
        a = self.random.randrange(10**9)
        session = self.call("session_create", language="python")["session"]
        self.ends("completed", "run_python", f"kept = {a}\nopen('/output/f', 'w').write('{a}')", session=session)
        # What follows is the same session, whatever hostile code does to others meanwhile, and to this one.
        self.ends("raised", "run_python", "raise SystemError", session=session)
        equal(self.call("file_read", session=session, path="/output/f")["content"], str(a))
        equal(self.ends("completed", "run_python", "kept", session=session)["value"]["json"], a)
        equal(self.call("session_close", session=session), {"closed": session})

    # What is hostile: it must be cut off by the limit that it meets.

    def endless_loop(self):
        code = self.random.choice(["while True: pass", "10 ** 10 ** 9", "import re; re.match('(a+)+b', 'a' * 99)"])
        self.ends("time_limit", "run_python", code, time_ms=300)

    def endless_javascript(self):
        self.ends("time_limit", "run_javascript", "for (;;) {}", time_ms=300)

    def memory_bomb(self):
        code = self.random.choice(["x = []\nwhile True: x.append(bytes(10**6))", "x = 'x'\nwhile True: x += x"])
        self.ends("memory_limit", "run_python", code)

    def output_flood(self):
        result = self.ends("completed", "run_python", "for _ in range(2000): print('x' * 1000)")
        equal(len(result["stdout"]) < 256 << 10 and result["left_out_bytes"] > 10**6, True)

    def many_processes(self):
        self.ends("raised", "run_python", "import os\nwhile True: os.fork()")

    def deep_recursion(self):
        self.ends("raised", "run_python", "def f(): f()\nf()")

    def vanishes(self):
        """Asks for what lasts, and is gone."""
        request = {"name": "run_python", "arguments": {"code": "while True: pass"}, "_meta": META}
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": request}).encode()
        head = self.head("tools/call", "run_python") | {"Host": "localhost", "Content-Length": len(body)}
        lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        # Some go before all of it is sent.
        sent = body if self.random.random() < 0.8 else body[:50]
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as stream:
            stream.sendall(f"POST /mcp HTTP/1.1\r\n{lines}\r\n".encode() + sent)
            time.sleep(self.random.uniform(0, 0.3))

    def malformed(self):
        head = self.head("tools/call", "run_python")
        good = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "run_python", "_meta": META}}
        body, headers = self.random.choice([
            ("{", head), ("[" * 10**5, head), ("", head), ("null", head), ("\x00" * 1000, head),
            (json.dumps(good | {"method": 7}), head), (json.dumps(good | {"params": []}), head),
            (json.dumps(good), head | {"Mcp-Name": "other"}), (json.dumps(good), head | {"MCP-Protocol-Version": "1"}),
            (json.dumps(good), head | {"Authorization": "Bearer guessed"}), (json.dumps(good), head | {"Host": "evil.example"}),
            (json.dumps(good), head | {"Content-Type": "text/html"}), (json.dumps(good), head | {"X": "x" * 10**6}),
        ])
        try:
            status, text = self.post(body, headers)
        except OSError:
            return  # It hangs up on whoever sends too much.
        is_refused = 400 <= status < 500 or "error" in json.loads(text)
        equal(is_refused, True, f"{status} {text[:200]} to {body[:80]}")


ACTIONS = [
    (30, Client.good_python), (20, Client.good_javascript), (10, Client.good_original), (10, Client.good_session),
    (3, Client.endless_loop), (3, Client.endless_javascript), (3, Client.memory_bomb), (3, Client.output_flood),
    (3, Client.many_processes), (3, Client.deep_recursion), (6, Client.vanishes), (6, Client.malformed),
]


def equal(found, expected, about=""):
    if found != expected:
        raise AssertionError(f"{found!r} and not {expected!r} {about}")


def memory_kib(process):
    """What a process holds in memory by itself."""
    try:
        status = pathlib.Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0
    fields = dict(line.split(":", 1) for line in status.splitlines())
    return sum(int(fields[name].split()[0]) for name in ("RssAnon", "RssShmem") if name in fields)


def workers_of(server):
    children = pathlib.Path(f"/proc/{server}/task").glob("*/children")
    return {int(child) for path in children for child in path.read_text().split()}


def runs(process):
    """Whether a process is there and not only its name, which stays until somebody asks for it."""
    try:
        return pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def watch(server, deadline):
    """Looks each second, until the end: the memory of the server, that of its workers, open files; and all workers that there were."""
    seen, known = [], set()
    while time.monotonic() < deadline:
        time.sleep(1)
        workers = workers_of(server)
        known |= workers
        files = len(os.listdir(f"/proc/{server}/fd"))
        seen.append((memory_kib(server), sum(map(memory_kib, workers)), files))
    return seen, known


def summed_up(seen, known):
    """Prints what became of all, and says whether it is well."""
    for name, count in sorted(counts.items()):
        print(f"{count:8} {name}")
    third = max(1, len(seen) // 3)
    is_well = not wrong
    for column, (name, unit, slack) in enumerate([("server", 1024, 32), ("workers", 1024, 128), ("open files", 1, 64)]):
        first, middle, last = (
            sum(row[column] for row in part) / len(part) / unit
            for part in (seen[:third], seen[third : 2 * third] or seen, seen[2 * third :] or seen)
        )
        grown = last > middle * 1.1 + slack
        print(f"{name}: {first:.0f}, {middle:.0f}, {last:.0f} {'MiB' if unit > 1 else 'files'} by thirds{': GROWS' if grown else ''}")
        is_well &= not grown
    # The kernel takes a moment to put away a process with much memory.
    patience = time.monotonic() + 10
    while (left := [worker for worker in known if runs(worker)]) and time.monotonic() < patience:
        time.sleep(0.1)
    print(f"workers: {len(known)} in all, {len(left)} left at the end")
    for line in wrong:
        print(f"WRONG: {line}")
    return is_well and not left


def main():
    program, seconds = sys.argv[1], float(sys.argv[2])
    tokens = [f"{number:032}" for number in range(CLIENTS)]
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "tokens")
        file.touch(0o600)
        file.write_text("".join(f"client{token[-2:]} {token}\n" for token in tokens))
        command = [program, "mcp", "http", "--listen", "127.0.0.1:0", "--rate", "1000", "--token-file", str(file)]
        server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        port = int(server.stderr.readline().split("http://127.0.0.1:")[1].split("/")[0])
        log = []
        threading.Thread(target=lambda: log.extend(server.stderr), daemon=True).start()

        deadline = time.monotonic() + seconds
        clients = [Client(number, port, token) for number, token in enumerate(tokens)]
        threads = [threading.Thread(target=client.work, args=[deadline]) for client in clients]
        for thread in threads:
            thread.start()
        seen, known = watch(server.pid, deadline)
        for thread in threads:
            thread.join()
        lives = server.poll() is None
        server.send_signal(signal.SIGTERM)
        status = server.wait(60)
    print(f"the server {'lived' if lives else 'DIED'}, and ended with {status}; it complained in {len(log)} lines")
    print("".join(log[:20]), end="")
    sys.exit(0 if summed_up(seen, known) and lives and status == 0 and not log else 1)


main()
