#: row: 33 a chain of a million and a half tuples is taken apart without recursion
#: ended: completed
#: limits: {"memory_bytes": 268435456, "time_ms": 60000, "cpu_ms": 60000}
#: value: 'done'
chain = None
for _ in range(1_500_000):
    chain = (chain,)
chain = None
"done"
