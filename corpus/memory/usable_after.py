#: row: 41 an engine that ran out of memory is as good as before
#: ended: completed
#: limits: {"time_ms": 60000, "cpu_ms": 60000}
import json
import re
for _ in range(5):
    items = []
    try:
        while True:
            items.append("x" * 100_000)
    except MemoryError:
        pass
    del items
    print(json.loads(json.dumps({"a": [1, 2, {"b": re.sub("x", "y", "axb")}]})))
