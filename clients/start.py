"""From spawning the server to the first result of a run, next to a plain Python process that prints the same: `start.py PROGRAM`."""

import json
import statistics
import subprocess
import sys
import time

ROUNDS = 20

# The newest revision shakes no hands: the first line that a client sends may be the call.
META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "start", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}
CALL = {"name": "run_python", "arguments": {"code": "print(1)"}, "_meta": META}
REQUEST = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": CALL}) + "\n"


def first_line(command, text=""):
    """The first line that a process prints, and after how many milliseconds it was there."""
    begun = time.perf_counter()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        process.stdin.write(text)
        process.stdin.flush()
        line = process.stdout.readline()
        return line, (time.perf_counter() - begun) * 1000


def main():
    program = sys.argv[1]
    served, plain = [], []
    for number in range(ROUNDS + 1):
        line, server_ms = first_line([program, "mcp"], REQUEST)
        assert json.loads(line)["result"]["structuredContent"]["stdout"] == "1\n", line
        line, python_ms = first_line([sys.executable, "-c", "print(1)"])
        assert line == "1\n", line
        # The first round fills the caches of the system.
        if number:
            served.append(server_ms)
            plain.append(python_ms)
    for name, times in (("belljar mcp, to the first result", served), ("python3 -c 'print(1)'", plain)):
        print(f"{name:34} median {statistics.median(times):6.1f} ms, least {min(times):6.1f}, most {max(times):6.1f}")
    print(f"{ROUNDS} rounds of each, in turns: {statistics.median(served) / statistics.median(plain):.1f} times as long")


main()
