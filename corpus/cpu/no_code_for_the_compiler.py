#: row: 20 no code of a user's reaches a compiler of machine code, and there is no way to call into C
#: ended: completed
#: stdout: ctypes is not there\n_ctypes is not there\ncffi is not there\nwasmtime is not there\nmmap is not there\n_testcapi is not there\n_testinternalcapi is not there\n
found = []
for name in "ctypes", "_ctypes", "cffi", "wasmtime", "mmap", "_testcapi", "_testinternalcapi":
    try:
        __import__(name)
        print(name, "is there")
    except ImportError:
        print(name, "is not there")
