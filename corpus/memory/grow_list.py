#: ended: memory_limit
#: error: MemoryError
#: limits: {"memory_bytes": 67108864}
#: session: kept
items = []
while True:
    items.append("x" * 100_000)
