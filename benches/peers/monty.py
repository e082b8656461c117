"""PyPI's pydantic-monty: an interpreter of a subset of Python, written in Rust, in a pool of worker processes."""

import importlib.metadata

import pydantic_monty
from serving import TimedOut, serve

# A process for each session; by default there are as many as processors, and more sessions wait.
POOL = pydantic_monty.Monty(max_processes=256).__enter__()


class Session:
    def __init__(self, deadline_ms):
        limits = {} if deadline_ms is None else {"max_feed_duration_secs": deadline_ms / 1000}
        self.checkout = POOL.checkout(limits=limits)
        self.session = self.checkout.__enter__()

    def run(self, code):
        printed = pydantic_monty.CollectString()
        try:
            self.session.feed_run(code, print_callback=printed)
        except pydantic_monty.MontyRuntimeError as error:
            if "TimeoutError" in str(error):
                raise TimedOut from error
            raise
        return printed.output

    def close(self):
        self.checkout.__exit__(None, None, None)


serve(importlib.metadata.version("pydantic-monty"), Session, ["fresh", "step", "cpu", "idle", "stop"])
