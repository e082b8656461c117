"""What the programs in Python share: the calls with what they must give, and the count of what did not."""

import asyncio
import faulthandler
import json
import os
import pathlib
import re
import sys

# Clients start a server with a few variables of their own choice. It finds its images with one that is not among them.
ENVIRONMENT = dict(os.environ)

PROGRAM = sys.argv[1]
URL = sys.argv[2] if len(sys.argv) > 2 else None

TOOLS = [
    "run_python", "run_javascript", "session_create", "session_fork", "session_reset", "session_close",
    "session_list", "file_write", "file_read", "file_list", "run_python_code",
]

failed = 0


def check(what, found, expected):
    """One line for each thing that was looked at."""
    global failed
    if found == expected:
        print(f"ok      {what}")
        return
    failed += 1
    print(f"FAILED  {what}\n        found    {found!r}\n        expected {expected!r}")


def calls(session):
    """The calls, and what each must give, for this session."""
    text = pathlib.Path(__file__).with_name("calls.json").read_text(encoding="utf-8")
    return json.loads(text.replace("SESSION", session))


def handle(created):
    """The handle of a new session, when it has the form of one."""
    check("a session is made", bool(re.fullmatch("[0-9a-f]{32}", created.get("session", ""))), True)
    return created.get("session", "")


def told(structured):
    """What is the same each time: how much a run used is not, and must only be there."""
    if not structured:
        return structured
    rest = dict(structured)
    usage = rest.pop("usage", {})
    if not usage.get("wall_ms", 0) > 0:
        rest["usage"] = usage
    return rest


def run(main):
    """Runs a program of checks. Its status says whether all held."""
    # A program that hangs says where, and ends.
    faulthandler.dump_traceback_later(180, exit=True)
    asyncio.run(main)
    sys.exit(1 if failed else 0)
