#: row: 46 asking to exit is a normal end
#: ended: exited
#: exit: 7
#: session: kept
#: stdout: before\n
import sys
print("before")
sys.exit(7)
