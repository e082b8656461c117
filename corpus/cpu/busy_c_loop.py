#: ended: time_limit
#: limits: {"time_ms": 100}
#: session: closed
#: twin: JavaScript has no built-in that sums a range
sum(range(10**12))
