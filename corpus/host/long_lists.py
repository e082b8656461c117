#: row: 35, 36 a path of a hundred million characters, and a directory of many files
#: ended: completed
#: limits: {"memory_bytes": 536870912, "time_ms": 60000, "cpu_ms": 60000}
#: value: ['OSError', 1000]
#: twin: JavaScript has no files
import os
found = []
try:
    os.stat("/" + "x" * 100_000_000)
except (OSError, ValueError) as error:
    found.append("OSError" if isinstance(error, OSError) else type(error).__name__)
os.mkdir("/tmp/many")
for number in range(1000):
    open(f"/tmp/many/{number}", "w").close()
found.append(len(os.listdir("/tmp/many")))
found
