"""PyPI's pydantic-monty: an interpreter of a subset of Python, written in Rust, in worker processes."""

import importlib.metadata

import pydantic_monty
from serving import serve, told

POOL = pydantic_monty.Monty().__enter__()


def run(code, time_ms, memory_bytes, output_bytes):
    limits = {"max_feed_duration_secs": time_ms / 1000, "max_memory": memory_bytes}
    printed = pydantic_monty.CollectString(max_bytes=output_bytes)
    try:
        with POOL.checkout(limits=limits) as session:
            value = session.feed_run(code, print_callback=printed)
            answer = {"ended": "completed", "value": None if value is None else repr(value)}
    except pydantic_monty.MontyCrashedError as error:
        answer = {"ended": "crashed", "error": told(error)}
    except pydantic_monty.MontyError as error:
        kinds = {TimeoutError: "time_limit", MemoryError: "memory_limit"}
        answer = {"ended": kinds.get(type(error.exception()), "raised"), "error": told(error)}
    return answer | {"stdout": printed.output}


serve("pydantic-monty " + importlib.metadata.version("pydantic-monty"), "python", run)
