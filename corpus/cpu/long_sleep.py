#: row: 11 a sleep of years is a wait that the limit ends
#: ended: time_limit
#: error: TimeLimit
#: line: 10
#: limits: {"time_ms": 100}
#: stdout: before\n
#: session: kept
import time
print("before")
time.sleep(10**8)
