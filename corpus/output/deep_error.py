#: row: 45 an error from a stack of nine hundred frames
#: ended: raised
#: error: RecursionError
#: line: 6
def down(n):
    return down(n + 1)
down(0)
