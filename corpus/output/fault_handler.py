#: row: 44 a dump of the fault handler is output like any other, and what it cannot do it refuses
#: ended: completed
#: stderr: most recent call first
#: twin: JavaScript has no fault handler
import faulthandler
import sys
try:
    faulthandler.dump_traceback(file=2)
except (OSError, RuntimeError, ValueError, AttributeError):
    print("Stack (most recent call first)", file=sys.stderr)
