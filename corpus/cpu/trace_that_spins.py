#: row: 17 a trace function is code like any other
#: ended: time_limit
#: error: TimeLimit
#: limits: {"time_ms": 200}
#: twin: JavaScript has no trace functions
import sys
def spin(*event):
    while True:
        pass
sys.settrace(spin)
(lambda: 1)()
