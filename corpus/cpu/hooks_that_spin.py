#: row: 14 nothing of ours goes through the hooks that code can replace
#: ended: completed
#: value: 42
#: within_ms: 5000
import builtins
import json
import sys
import traceback

def spin(*arguments, **options):
    while True:
        pass

sys.excepthook = sys.displayhook = sys.unraisablehook = spin
sys.stdout = sys.stderr = sys.__stdout__ = sys.__stderr__ = type("Out", (), {"write": spin, "flush": spin, "buffer": None})()
json.dumps = json.JSONEncoder.encode = traceback.format_exception = traceback.TracebackException.format = spin
builtins.print = builtins.repr = builtins.str = builtins.len = builtins.isinstance = spin
42
