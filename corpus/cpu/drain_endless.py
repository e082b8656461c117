#: row: 7 a source without an end, drained in C
#: ended: time_limit
#: error: TimeLimit
#: limits: {"time_ms": 200}
from collections import deque
from itertools import count
deque(count(), maxlen=0)
