#: row: 35 sizes and offsets beyond all memory are refused before anything is allocated
#: ended: completed
#: twin: JavaScript has no files
import errno
import os

def truncate(): file.truncate(2**62)
def seek_and_write():
    file.seek(2**60)
    file.write(b"x")
    file.flush()
def truncate_path(): os.truncate("/tmp/a", 2**40)
def read_much():
    with open("/tmp/a", "rb") as other:
        return len(os.read(other.fileno(), 2**31 - 1))
def position(): os.pread(file.fileno(), 10, 2**62)
file = open("/tmp/a", "wb", buffering=0)
for work in truncate, seek_and_write, truncate_path, read_much, position:
    try:
        print(work.__name__, work())
    except (OSError, MemoryError, OverflowError) as error:
        print(work.__name__, "refused")
print(os.path.getsize("/tmp/a"))
