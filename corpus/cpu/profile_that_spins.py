#: row: 17 a profile function is code like any other
#: ended: time_limit
#: error: TimeLimit
#: limits: {"time_ms": 200}
#: twin: JavaScript has no profile functions
import sys
def spin(*event):
    while True:
        pass
sys.setprofile(spin)
len("")
