#: row: 10 a logarithm to a million digits
#: ended: time_limit
#: error: TimeLimit
#: limits: {"time_ms": 300}
#: stdout: before\n
#: twin: JavaScript has no decimal numbers
import decimal
decimal.getcontext().prec = 1_000_000
print("before")
decimal.Decimal(10).ln()
