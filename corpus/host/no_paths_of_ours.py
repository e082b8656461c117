#: row: 115 no path of the machine shows in an error
#: ended: completed
#: value: []
import os
import sys
import traceback
found = []
places = [*sys.path, sys.executable or "", sys.prefix, os.getcwd(), os.__file__ or "", traceback.__file__ or ""]
for text in places:
    for name in "home", "root", "Users", "cache", "belljar/images":
        if name in text:
            found.append(text)
found
