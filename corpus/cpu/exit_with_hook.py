#: row: 16 exit hooks are not run when the code asks to exit
#: ended: exited
#: exit: 3
#: within_ms: 5000
import atexit
import sys
@atexit.register
def spin():
    while True:
        pass
sys.exit(3)
