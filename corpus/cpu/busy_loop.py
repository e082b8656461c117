#: ended: time_limit
#: error: TimeLimit
#: line: 8
#: limits: {"time_ms": 100}
#: stdout: before\n
#: session: kept
print("before")
while True: pass
