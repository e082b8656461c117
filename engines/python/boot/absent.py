"""What a sandbox does not have says so when it is asked for, and names another way where there is one."""

import concurrent.futures
import concurrent.futures.thread
import errno
import os
import signal
import subprocess
import sys
import threading
import time

THREADS = "threads are not available in this sandbox; call the function directly, use asyncio, or a ThreadPoolExecutor, which runs its work at once"
PROCESSES = "other processes are not available in this sandbox"
TERMINAL = "there is no terminal in this sandbox"
NATIVE = "native code cannot be loaded in this sandbox"
SCREEN = "there is no screen in this sandbox"
PACKAGES = "packages cannot be installed from inside this sandbox"

MODULES = {
    "_ctypes": NATIVE,
    "_curses": TERMINAL,
    "_hashlib": "this sandbox has no OpenSSL; hashlib works without it",
    "_multiprocessing": PROCESSES,
    "_posixsubprocess": PROCESSES,
    "_ssl": "this sandbox has no OpenSSL; its host encrypts",
    "_tkinter": SCREEN,
    "ensurepip": PACKAGES,
    "fcntl": "file locks and controls are not available in this sandbox",
    "grp": "there are no groups in this sandbox",
    "idlelib": SCREEN,
    "mmap": "files cannot be mapped into memory in this sandbox",
    "pip": PACKAGES,
    "pwd": "there are no accounts in this sandbox",
    "readline": TERMINAL,
    "resource": "limits are set from outside this sandbox",
    "syslog": "there is no system log in this sandbox",
    "termios": TERMINAL,
    "tkinter": SCREEN,
    "turtledemo": SCREEN,
}


class Explain:
    """The last finder: nothing has found the module, and this says why."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name in MODULES:
            raise ModuleNotFoundError(f"No module named {name!r}: {MODULES[name]}", name=name)


def _refusing(error, *arguments):
    def refuse(*args, **kwargs):
        raise error(*arguments)
    return refuse


def _explaining(module, names, reason):
    """`module.name` stays absent, and the error says why."""
    def __getattr__(name):
        text = f"module {module.__name__!r} has no attribute {name!r}"
        raise AttributeError(f"{text}: {reason}" if name in names else text, name=name, obj=module)
    __getattr__.__module__ = module.__name__
    module.__getattr__ = __getattr__


class InlineExecutor(concurrent.futures.Executor):
    """`ThreadPoolExecutor` without threads: work is done when it is submitted."""

    def __init__(self, max_workers=None, thread_name_prefix="", initializer=None, initargs=()):
        if max_workers is not None and max_workers <= 0:
            raise ValueError("max_workers must be greater than 0")
        self._shutdown = False
        self._initializer, self._initargs = initializer, initargs

    def submit(self, fn, /, *args, **kwargs):
        if self._shutdown:
            raise RuntimeError("cannot schedule new futures after shutdown")
        if self._initializer is not None:
            initializer, self._initializer = self._initializer, None
            initializer(*self._initargs)
        future = concurrent.futures.Future()
        future.set_running_or_notify_cancel()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future

    def shutdown(self, wait=True, *, cancel_futures=False):
        self._shutdown = True


sys.meta_path.append(Explain)

InlineExecutor.__name__ = InlineExecutor.__qualname__ = "ThreadPoolExecutor"
InlineExecutor.__module__ = "concurrent.futures.thread"
concurrent.futures.ThreadPoolExecutor = concurrent.futures.thread.ThreadPoolExecutor = InlineExecutor
concurrent.futures.ProcessPoolExecutor = _refusing(OSError, errno.ENOTSUP, PROCESSES)

threading.Thread.start = _refusing(RuntimeError, THREADS)
threading._start_joinable_thread = threading._start_new_thread = _refusing(RuntimeError, THREADS)
subprocess.Popen.__init__ = _refusing(OSError, errno.ENOTSUP, PROCESSES)
_explaining(os, {"fork", "forkpty", "system", "kill", "killpg", "execv", "execve", "spawnl", "spawnv", "pipe", "setsid", "wait", "waitpid"}, PROCESSES)
_explaining(signal, {"alarm", "setitimer", "pthread_kill", "pause", "sigwait"}, "signals are not available in this sandbox; it has limits that are set from outside")
_explaining(time, {"tzset"}, "the sandbox is in UTC; use zoneinfo for other time zones")
