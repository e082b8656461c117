#: row: 3 squares of squares: each product takes longer than all before
#: ended: time_limit
#: error: TimeLimit
#: limits: {"time_ms": 300}
#: stdout: before\n
print("before")
x = 3
while True:
    x = x * x
