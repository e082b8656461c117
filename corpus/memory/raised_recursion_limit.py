#: row: 32 recursion without an end, after the language's own limit was raised
#: ended: memory_limit
#: limits: {"memory_bytes": 67108864, "time_ms": 60000, "cpu_ms": 60000}
#: twin: JavaScript has no limit that code can raise
import sys
sys.setrecursionlimit(2**31 - 1)
def down():
    return down()
down()
