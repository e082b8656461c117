"""PyPI's pydantic-monty: an interpreter of a subset of Python, written in Rust, in worker processes."""

import importlib.metadata

import pydantic_monty
from serving import serve, told


def run(code, time_ms, memory_bytes, output_bytes):
    limits = {"max_feed_duration_secs": time_ms / 1000, "max_memory": memory_bytes}
    printed = pydantic_monty.CollectString(max_bytes=output_bytes)
    # Its limit does not count waiting; a pool of its own has one for that, too.
    pool = pydantic_monty.Monty(request_timeout=time_ms / 1000)
    try:
        with pool, pool.checkout(limits=limits) as session:
            value = session.feed_run(code, print_callback=printed)
            answer = {"ended": "completed", "value": None if value is None else repr(value)}
    except pydantic_monty.MontyCrashedError as error:
        answer = {"ended": "time_limit" if error.timed_out else "crashed", "error": told(error)}
    except pydantic_monty.MontyError as error:
        kinds = {TimeoutError: "time_limit", MemoryError: "memory_limit"}
        answer = {"ended": kinds.get(type(error.exception()), "raised"), "error": told(error)}
    return answer | {"stdout": printed.output}


serve("pydantic-monty " + importlib.metadata.version("pydantic-monty"), "python", run)
