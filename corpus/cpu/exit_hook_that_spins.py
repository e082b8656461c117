#: row: 16 exit hooks are not run: the session lives on after a run
#: ended: completed
#: value: 'done'
#: within_ms: 5000
import atexit
@atexit.register
def spin():
    while True:
        pass
"done"
