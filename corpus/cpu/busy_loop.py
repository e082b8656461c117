#: row: 1 a loop without an end
#: ended: time_limit
#: error: TimeLimit
#: line: 9
#: limits: {"time_ms": 100}
#: stdout: before\n
#: session: kept
print("before")
while True: pass
