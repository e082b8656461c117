#: row: 27 a text that doubles until there is no room; the code catches that and goes on
#: ended: completed
#: limits: {"memory_bytes": 100663296}
#: value: (True, 4950)
text = "a"
try:
    while True:
        text += text
except MemoryError:
    pass
(2**20 < len(text) < 2**27, sum(range(100)))
