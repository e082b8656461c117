#: row: 52 a file and a folder of the machine, to be changed
#: ended: completed
#: value: 'tried'
path, folder = "@FILE@", "@FOLDER@"

def write():
    with open(path, "w") as file:
        file.write("changed")
def append():
    with open(path, "a") as file:
        file.write("changed")
def make():
    with open(folder + "/made", "w") as file:
        file.write("made")
def make_above():
    with open("/work/" + "../" * 30 + folder.lstrip("/") + "/made", "w") as file:
        file.write("made")
def shorten():
    import os
    os.truncate(path, 0)
def rename():
    import os
    os.rename(path, path + ".moved")
def link():
    import os
    os.link(path, folder + "/made")
def soft_link():
    import os
    os.symlink(path, folder + "/made")
def folders():
    import os
    os.mkdir(folder + "/made")
def mode():
    import os
    os.chmod(path, 0o777)
def attach():
    import sqlite3
    sqlite3.connect(folder + "/made").execute("create table made (x)")
def remove():
    import shutil
    shutil.rmtree(folder)

for change in [write, append, make, make_above, shorten, rename, link, soft_link, folders, mode, attach, remove]:
    try:
        change()
    except Exception:
        pass
"tried"
