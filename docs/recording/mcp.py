"""Records README's walk through `belljar mcp` as a terminal session (asciicast 2): `mcp.py PROGRAM >mcp.cast`.

The commands are really run, one after the other, in a home folder of their own at a fixed place; only the typing is made up.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

WIDTH, HEIGHT = 110, 30
HOME = pathlib.Path("/tmp/belljar-recording")

# What is shown of an answer: the text that a model gets.
DEFINITION = """text() { python3 -c 'import json, sys; print(json.load(sys.stdin)["result"]["content"][0]["text"])'; }"""


def call(tool, arguments, options=""):
    """A command that calls one tool of a server that is started for it."""
    request = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}
    quoted = json.dumps(request).replace("'", "'\\''")
    return f"echo '{quoted}' |\n  belljar mcp{options} | text"


# Leaves out each row without a price.
MEND = "rows = open('prices.csv').readlines()\nopen('prices.csv', 'w').writelines(row for row in rows if not row.endswith(',\\n'))"

# What is said before a command, and the command.
STEPS = [
    ("Tell a client of the server: this writes into its configuration.", "belljar mcp install cursor --write"),
    ("", "cat ~/.cursor/mcp.json"),
    ("What a model does from now on can be tried by hand: it calls a tool, and reads text.", DEFINITION),
    ("", call("run_python_code", {"python_code": "print(6 * 7)"})),
    ("Errors say what was wrong.", call("run_python", {"code": "import csv\nlen(dir(csv)) / 0"})),
    ("Code that never ends is stopped.", call("run_python", {"code": "while True: pass"}, " --time 1s")),
    ("It reaches nothing that was not granted.", call("run_python", {"code": "open('/etc/passwd')"})),
    ("It reaches what you say. Here that is a folder, and what it changes is a copy.", "printf 'apples,1.20\\npears,\\n' >prices.csv"),
    ("", call("run_python", {"code": f"import os\nos.chdir('/work/shop')\n{MEND}\nopen('prices.csv').read()"}, " --mount .:/work/shop:cow")),
    ("", "cat prices.csv"),
]


class Recording:
    """Events, each at its time."""

    def __init__(self):
        self.time, self.lines = 0.0, []

    def out(self, text):
        self.lines.append(json.dumps([round(self.time, 3), "o", text.replace("\n", "\r\n")], ensure_ascii=False))

    def wait(self, seconds):
        self.time += seconds

    def type(self, text, seconds):
        for line in text.splitlines(keepends=True):
            for start in range(0, len(line), 8):
                self.wait(seconds)
                self.out(line[start : start + 8])


def main():
    shutil.rmtree(HOME, ignore_errors=True)
    (HOME / "bin").mkdir(parents=True)
    (HOME / ".cursor").mkdir()
    shutil.copy(sys.argv[1], HOME / "bin/belljar")
    environment = os.environ | {"HOME": str(HOME), "PATH": f"{HOME}/bin:{os.environ['PATH']}"}
    recording = Recording()
    for about, command in STEPS:
        if about:
            recording.type(f"\x1b[2m# {about}\x1b[0m\n", 0.12)
        recording.out("$ ")
        recording.type(command.replace("\n", "\n> ") + "\n", 0.08)
        begun = time.monotonic()
        shell = subprocess.run(["bash", "-c", f"{DEFINITION}\n{command}"], cwd=HOME, env=environment, capture_output=True, text=True)
        recording.wait(time.monotonic() - begun)
        recording.out(shell.stderr + shell.stdout)
        recording.wait(3)
    shutil.rmtree(HOME)
    print(json.dumps({"version": 2, "width": WIDTH, "height": HEIGHT, "title": "belljar mcp in two minutes"}))
    print("\n".join(recording.lines))


main()
