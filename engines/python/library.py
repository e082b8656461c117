"""Makes `library.bin` (see `shim/library.c`), by the native interpreter of the same version.

    python library.py LIBRARY FOLDER OUT PLACE

LIBRARY is CPython's `Lib`, FOLDER this one, PLACE the folder that the library will have in the sandbox.
"""

import marshal
import os
import struct
import sys

LEFT_OUT = {"test", "tests", "idlelib", "turtledemo", "tkinter", "ensurepip", "lib2to3", "site-packages", "__pycache__"}


def sources(folder):
    """Paths of all source files below a folder, relative to it."""
    for here, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in LEFT_OUT)
        for name in sorted(files):
            if name.endswith(".py"):
                yield os.path.relpath(os.path.join(here, name), folder)


def code_of(path, shown):
    with open(path, "rb") as file:
        return marshal.dumps(compile(file.read(), shown, "exec", dont_inherit=True, optimize=0))


def compiled(folder, inside, shown):
    return {f"{inside}{path}": code_of(f"{folder}/{path}", f"{shown}/{path}") for path in sources(folder)}


def main(library, folder, out, place):
    files = compiled(library, "", place)
    files |= compiled(f"{folder}/modules", "", place)
    files |= compiled(f"{folder}/boot", "belljar-boot/", "<belljar>")
    start = 4 + sum(12 + len(path.encode()) for path in files)
    index, body = [struct.pack("<I", len(files))], []
    for path, code in files.items():
        name = path.encode()
        index.append(struct.pack("<III", len(name), start, len(code)) + name)
        body.append(code)
        start += len(code)
    with open(out, "wb") as file:
        file.write(b"".join(index + body))


main(*sys.argv[1:])
