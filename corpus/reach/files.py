#: row: 52 a file of the machine, by every way of naming and opening it
#: ended: completed
#: value: []
found = []
path = "@FILE@"
bare = path.lstrip("/")
ways = [
    path, "/" + path, "//" + path, "/." + path, "/.." * 9 + path, "../" * 30 + bare, "/work/" + "../" * 30 + bare,
    "/proc/self/root" + path, "/proc/1/root" + path, "/proc/self/cwd/" + "../" * 30 + bare, "file://" + path,
    path.replace("/", "/./"), path.replace("/", "//"), path + "/", path + "/.", path + "\0.txt", path.replace("/", "\\"),
]

def plainly(way):
    return open(way).read()
def as_bytes(way):
    return open(way, "rb").read().decode()
def by_descriptor(way):
    import os
    return os.read(os.open(way, os.O_RDONLY), 1000).decode()
def by_io(way):
    import io
    return io.FileIO(way).read().decode()
def by_pathlib(way):
    import pathlib
    return pathlib.Path(way).read_text()
def by_link(way):
    import os
    os.symlink(way, "/tmp/link")
    try:
        return open("/tmp/link").read()
    finally:
        os.remove("/tmp/link")
def by_url(way):
    import urllib.request
    return urllib.request.urlopen("file://" + way).read().decode()
def by_database(way):
    import sqlite3
    sqlite3.connect(":memory:").execute("attach database ? as other", (way,)).execute("select * from other.sqlite_master")
    return "attached"
def as_module(way):
    import importlib.util
    spec = importlib.util.spec_from_file_location("module", way)
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
    return "imported"

openers = [plainly, as_bytes, by_descriptor, by_io, by_pathlib, by_link, by_url, as_module]
for way in ways:
    for opener in openers:
        try:
            found.append([way, opener(way)])
        except Exception:
            pass
found
