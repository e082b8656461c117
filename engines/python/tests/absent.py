"""What a sandbox does not have fails with an error that says why. Passes when it completes."""

import asyncio
import concurrent.futures
import os
import signal
import socket
import subprocess
import threading
import urllib.request


def refuses(kind, text, call, *arguments):
    try:
        call(*arguments)
    except kind as error:
        assert text in str(error), f"{error!r} does not say {text!r}"
    else:
        raise AssertionError(f"{call} was not refused")


refuses(RuntimeError, "threads are not available", threading.Thread(target=print).start)
refuses(OSError, "processes are not available", subprocess.run, ["true"])
refuses(OSError, "processes are not available", os.popen, "true")
refuses(AttributeError, "processes are not available", lambda: os.fork)
refuses(AttributeError, "signals are not available", lambda: signal.alarm)
refuses(OSError, "localhost:80 is not granted; run with --allow-net localhost", socket.create_connection, ("localhost", 80))
refuses(OSError, "is not granted", urllib.request.urlopen, "http://localhost/")
for module in ("ctypes", "tkinter", "pip", "ensurepip", "_ssl", "curses", "fcntl"):
    refuses(ImportError, "sandbox", __import__, module)
assert not hasattr(os, "fork")

with concurrent.futures.ThreadPoolExecutor(max_workers=4) as pool:
    assert list(pool.map(abs, [-1, -2])) == [1, 2]
    refuses(ZeroDivisionError, "division", pool.submit(lambda: 1 / 0).result)
assert asyncio.run(asyncio.to_thread(abs, -3)) == 3
