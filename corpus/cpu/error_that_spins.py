#: row: 13 an uncaught error whose text never comes is told within the same limit
#: ended: time_limit
#: error: TimeLimit
#: limits: {"time_ms": 200}
class Spins(Exception):
    def __str__(self):
        while True:
            pass
    __repr__ = __str__
raise Spins
