#: row: 6 a search through an iterator in C that finds nothing
#: ended: time_limit
#: error: TimeLimit
#: limits: {"time_ms": 200}
-1 in iter(range(10**12))
