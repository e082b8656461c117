"""PyPI's pyeryx: CPython as WebAssembly components on wasmtime."""

import importlib.metadata

import eryx
from serving import serve, told


def run(code, time_ms, memory_bytes, output_bytes):
    limits = eryx.ResourceLimits(execution_timeout_ms=time_ms, max_memory_bytes=memory_bytes)
    out, err = [], []
    answer = {"ended": "completed"}
    try:
        eryx.Sandbox(resource_limits=limits, on_stdout=out.append, on_stderr=err.append).execute(code)
    except eryx.TimeoutError as error:
        answer = {"ended": "time_limit", "error": told(error)}
    except eryx.ResourceLimitError as error:
        answer = {"ended": "memory_limit", "error": told(error)}
    except eryx.EryxError as error:
        answer = {"ended": "raised", "error": told(error)}
    text = lambda pieces: b"".join(pieces).decode(errors="backslashreplace")
    return answer | {"stdout": text(out), "stderr": text(err)}


serve("pyeryx " + importlib.metadata.version("pyeryx"), "python", run)
