#: row: 5 a regular expression that backtracks exponentially
#: elsewhere: completed
#: ended: time_limit
#: error: TimeLimit
#: line: 12
#: limits: {"time_ms": 200}
#: stdout: before\n
#: session: kept
import re
pattern = re.compile("(a+)+$")
print("before")
pattern.match("a" * 60 + "!")
