#: row: 8 a sort of many items by a comparison in the language: it is the sort that does not end
#: ended: time_limit
#: error: TimeLimit
#: limits: {"time_ms": 500}
#: stdout: before\n
from functools import cmp_to_key
items = list(range(300_000, 0, -3)) + list(range(300_000))
print("before")
for _ in iter(int, 1):
    sorted(items, key=cmp_to_key(lambda a, b: (a * 7919) % 10007 - (b * 7919) % 10007))
