#: row: 46 an abort is a normal end, with the status that a shell would show
#: ended: exited
#: exit: 134
#: session: closed
#: stdout: before\n
#: twin: JavaScript has one way to exit, see exit.js
import os
print("before")
os.abort()
