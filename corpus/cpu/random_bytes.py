#: row: 24, 35 more random bytes than there is memory are refused before anything is drawn
#: ended: completed
#: value: ['MemoryError', 'OverflowError', 'ValueError', 1048576]
import os
found = []
for count in 2**30, 2**40, -1, 2**20:
    try:
        found.append(len(os.urandom(count)))
    except (MemoryError, OverflowError, ValueError) as error:
        found.append(type(error).__name__)
found
