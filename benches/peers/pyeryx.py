"""PyPI's pyeryx: CPython as WebAssembly components on wasmtime."""

import importlib.metadata

import eryx
from serving import TimedOut, serve


class Session:
    def __init__(self, deadline_ms, callbacks=None):
        self.session = eryx.Session(execution_timeout_ms=deadline_ms, callbacks=callbacks)

    def run(self, code):
        try:
            return self.session.execute(code).stdout.decode()
        except eryx.TimeoutError as error:
            raise TimedOut from error

    def snapshot(self):
        return self.session.snapshot_state()

    def restore(self, state):
        self.session.restore_state(state)

    def close(self):
        self.session = None


def with_add(deadline_ms):
    return Session(deadline_ms, [{"name": "add", "fn": lambda a, b: a + b}])


OFFERS = ["fresh", "step", "cpu", "idle", "stop", "snapshot", "restore", "tool"]
serve(importlib.metadata.version("pyeryx"), Session, OFFERS, (with_add, "print(await add(a=1, b=2))"))
