"""Native CPython: code in a namespace of its own. No sandbox: what the language costs by itself."""

import contextlib
import io
import platform

from serving import serve


class Session:
    def __init__(self, deadline_ms):
        self.names = {"__name__": "__main__"}

    def run(self, code):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, "main.py", "exec"), self.names)
        return printed.getvalue()

    def close(self):
        pass


serve(platform.python_version(), Session, ["step", "cpu", "http"])
