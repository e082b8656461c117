#: row: 10 a sum of fractions whose denominators grow without end
#: ended: time_limit
#: error: TimeLimit
#: limits: {"time_ms": 300}
#: stdout: before\n
#: twin: JavaScript has no fractions
from fractions import Fraction
from itertools import count
print("before")
total = Fraction(0)
for n in count(1):
    total += Fraction(1, n ** 50)
