#: row: 15 a session ends by dropping its memory: nothing runs at its end
#: ended: completed
#: value: 'done'
#: within_ms: 5000
import gc
import weakref

class Spins:
    def __del__(self):
        while True:
            pass

kept = [Spins(), Spins()]
kept.append(kept)
weakref.finalize(kept[0], kept[0].__del__)
"done"
