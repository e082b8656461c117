#: row: 93 another program, by every way of starting one, and a library of the machine
#: ended: completed
#: value: 'tried'
made = "@FOLDER@/made"
command = f"touch {made}"

def by_shell():
    import os
    os.system(command)
def by_pipe():
    import os
    os.popen(command).read()
def by_subprocess():
    import subprocess
    subprocess.run(["touch", made])
def by_module():
    import _posixsubprocess
    import os
    import subprocess
    subprocess.Popen(command, shell=True).wait()
def by_spawning():
    import os
    os.spawnvp(os.P_WAIT, "touch", ["touch", made])
def by_posix_spawn():
    import os
    os.waitpid(os.posix_spawn("/usr/bin/touch", ["touch", made], {}), 0)
def by_forking():
    import os
    if os.fork() == 0:
        os.execvp("touch", ["touch", made])
    os.wait()
def by_multiprocessing():
    import multiprocessing
    import os
    process = multiprocessing.get_context("fork").Process(target=os.mkdir, args=(made,))
    process.start()
    process.join()
def by_asyncio():
    import asyncio
    async def main():
        process = await asyncio.create_subprocess_shell(command)
        await process.wait()
    asyncio.run(main())
def by_terminal():
    import pty
    pty.spawn(["touch", made])
def by_library():
    import ctypes
    ctypes.CDLL(None).system(command.encode())
def by_foreign_functions():
    import cffi
    foreign = cffi.FFI()
    foreign.cdef("int system(char *);")
    foreign.dlopen(None).system(command.encode())
def by_extension():
    import _ctypes
    _ctypes.dlopen("libc.so.6", 1)

ways = [
    by_shell, by_pipe, by_subprocess, by_module, by_spawning, by_posix_spawn, by_forking, by_multiprocessing, by_asyncio,
    by_terminal, by_library, by_foreign_functions, by_extension,
]
for way in ways:
    try:
        way()
    except Exception:
        pass
"tried"
