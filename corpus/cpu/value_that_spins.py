#: row: 22 a value whose repr never comes is shown within the same limit
#: elsewhere: completed
#: ended: time_limit
#: error: TimeLimit
#: limits: {"time_ms": 200}
class Spins:
    def __repr__(self):
        while True:
            pass
Spins()
