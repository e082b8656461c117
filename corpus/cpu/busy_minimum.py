#: row: 6 a built-in that draws from a range in C
#: ended: time_limit
#: error: TimeLimit
#: limits: {"time_ms": 200}
#: twin: JavaScript has no ranges; busy_search.js is the nearest thing
min(range(10**12))
