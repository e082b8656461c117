#: twin: showing a value of JavaScript runs none of its code, see value_that_spins.js
#: row: 22 a value that cannot be shown is shown by its type
#: ended: completed
#: value: <Mute object; its repr raised ValueError>
class Mute:
    def __repr__(self):
        raise ValueError("no text")
Mute()
