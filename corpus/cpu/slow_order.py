#: row: 8 a sort whose key never comes
#: ended: time_limit
#: error: TimeLimit
#: line: 8
#: limits: {"time_ms": 200}
#: session: kept
def key(item):
    while True: pass
sorted(range(100), key=key)
