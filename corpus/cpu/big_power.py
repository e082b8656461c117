#: row: 2 a power with millions of digits is one long loop in C, without a bytecode in it
#: ended: time_limit
#: error: TimeLimit
#: limits: {"time_ms": 200}
#: stdout: before\n
print("before")
3 ** 10**8
