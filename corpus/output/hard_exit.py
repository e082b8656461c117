#: row: 46 leaving at once is a normal end
#: ended: exited
#: exit: 7
#: session: closed
#: stdout: before\n
#: twin: JavaScript has one way to exit, see exit.js
import os
print("before")
try:
    os._exit(7)
finally:
    print("not reached")
