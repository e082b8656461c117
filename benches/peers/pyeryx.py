"""PyPI's pyeryx: CPython as WebAssembly components on wasmtime."""

import importlib.metadata

import eryx
from serving import TimedOut, serve


class Session:
    def __init__(self, deadline_ms):
        self.session = eryx.Session(execution_timeout_ms=deadline_ms)

    def run(self, code):
        try:
            return self.session.execute(code).stdout.decode()
        except eryx.TimeoutError as error:
            raise TimedOut from error

    def close(self):
        self.session = None


serve(importlib.metadata.version("pyeryx"), Session, ["fresh", "step", "cpu", "idle", "stop"])
