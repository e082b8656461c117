"""An event loop for asyncio without sockets: it is its own selector, and waits by sleeping."""

import asyncio
import time
from asyncio import base_events, events


class SandboxLoop(base_events.BaseEventLoop):
    """Runs what is ready and sleeps until the next timer."""

    def __init__(self):
        super().__init__()
        self._selector = self

    def select(self, timeout):
        """Waits for the next timer. Nothing else can wake the loop."""
        if timeout is None:
            raise RuntimeError("deadlock: every task waits, and nothing is left that could wake one")
        if timeout > 0:
            time.sleep(timeout)
        return ()

    def close(self):
        super().close()

    def run_in_executor(self, executor, func, *args):
        """There are no threads: the call is made here and now."""
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:
            future.set_exception(error)
        return future

    def call_soon_threadsafe(self, callback, *args, context=None):
        return self.call_soon(callback, *args, context=context)

    def _process_events(self, event_list):
        pass

    def _write_to_self(self):
        pass


class SandboxPolicy(events.BaseDefaultEventLoopPolicy):
    _loop_factory = SandboxLoop


asyncio.SelectorEventLoop = asyncio.EventLoop = SandboxLoop
asyncio.DefaultEventLoopPolicy = SandboxPolicy
asyncio.set_event_loop_policy(SandboxPolicy())
