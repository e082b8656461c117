#: row: 35, 36 files beyond their number, bytes, depth and names beyond their length are refused
#: ended: completed
#: limits: {"files_count": 50, "files_bytes": 100000, "open_files": 10, "files_depth": 8}
#: twin: JavaScript has no files
import errno
import os

def fill_names():
    for number in range(1000):
        with open(f"/tmp/{number}", "w"):
            pass
def fill_bytes():
    with open("/tmp/0", "wb", buffering=0) as file:
        for _ in range(100):
            file.write(bytes(10_000))
def keep_open():
    kept = []
    for _ in range(100):
        kept.append(open("/tmp/0", "rb"))
def go_deep():
    path = "/tmp"
    for _ in range(20):
        path += "/d"
        os.mkdir(path)
def long_name():
    open("/tmp/" + "x" * 300, "w")
def long_path():
    open("/tmp/" + "x/" * 100_000 + "y", "w")
for work in keep_open, fill_bytes, go_deep, fill_names, long_name, long_path:
    try:
        work()
        print(work.__name__, "done")
    except OSError as error:
        print(work.__name__, type(error).__name__, errno.errorcode.get(error.errno))
