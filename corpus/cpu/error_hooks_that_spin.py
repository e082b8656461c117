#: row: 14 an error is told without the hooks that code can replace
#: ended: raised
#: error: ValueError
#: message: told
#: line: 15
#: within_ms: 5000
import sys
import traceback

def spin(*arguments, **options):
    while True:
        pass
sys.excepthook = sys.unraisablehook = spin
traceback.format_exception = traceback.TracebackException.format = traceback.TracebackException.__init__ = spin
raise ValueError("told")
