#: row: 37 memory that is taken and given back again and again stays within the limit
#: ended: completed
#: limits: {"time_ms": 60000, "cpu_ms": 60000}
#: value: 300
times = 0
for size in range(300):
    block = bytearray(30_000_000 + size * 1000)
    del block
    times += 1
times
