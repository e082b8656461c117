#: row: 4 turning an integer into millions of digits takes more than linear time
#: ended: time_limit
#: error: TimeLimit
#: limits: {"time_ms": 500}
#: stdout: before\n
import sys
sys.set_int_max_str_digits(0)
number = 1 << 60_000_000
print("before")
str(number)
