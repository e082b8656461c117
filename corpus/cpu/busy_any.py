#: row: 6 a question in C to which no element says yes
#: ended: time_limit
#: error: TimeLimit
#: limits: {"time_ms": 200}
#: twin: JavaScript asks such a question through a callback, which is interrupted like any code
from itertools import repeat
any(repeat(False))
