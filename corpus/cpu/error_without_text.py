#: row: 13 an error that cannot be shown is shown by its type
#: ended: raised
#: error: Mute
#: message: Mute
class Mute(Exception):
    def __str__(self):
        raise RuntimeError("no text")
    __repr__ = __str__
raise Mute
