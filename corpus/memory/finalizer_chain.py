#: row: 33 a chain of objects with finalizers, each of which lets the next one go
#: ended: completed
#: limits: {"memory_bytes": 268435456, "time_ms": 60000, "cpu_ms": 60000}
#: value: 100000
#: twin: finalizers in JavaScript run one by one, as jobs, see finalizer_that_spins.js
gone = 0
class Link:
    __slots__ = ("next",)
    def __init__(self, following):
        self.next = following
    def __del__(self):
        global gone
        gone += 1
chain = None
for _ in range(100_000):
    chain = Link(chain)
chain = None
gone
