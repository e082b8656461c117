"""What stays between the runs of a session: the namespace, the event loop, the random state."""

import json

import tools
from public import module

NAMESPACE = module("__main__").__dict__

_sys = module("sys")
_environment = module("os").environ
_random = module("random")._inst
_seed = module("_random").Random.seed
_loop = module("asyncio").new_event_loop()
_loop.can_suspend = True
_suspended = None  # the task of a run that waits for its caller
_context = module("contextvars").copy_context()


def reseed(seed):
    """Makes an instance of the image differ from all others."""
    _seed(_random, int.from_bytes(seed))
    _random.gauss_next = None


def prepare(name, arguments, environment, inputs):
    """Lays out what a run finds when it begins."""
    _sys.argv = [name, *arguments]
    if environment:
        _environment.clear()
        for item in environment:
            key, _, value = item.partition("=")
            _environment[key] = value
    for item in inputs:
        key, _, text = item.partition("\0")
        NAMESPACE[key] = json.loads(text)


class Suspended(BaseException):
    """The run waits for answers of its caller."""


def wait(coroutine):
    """Runs a coroutine on the session's loop, in the session's one context."""
    return _go_on(_loop.create_task(coroutine, context=_context))


def resume():
    """Goes on with the run that waited."""
    return _go_on(_suspended)


def _go_on(task):
    global _suspended
    _suspended = None
    task.add_done_callback(_stop)
    try:
        _loop.run_forever()
    finally:
        task.remove_done_callback(_stop)
    if not task.done():
        _suspended = task
        raise Suspended
    return task.result()


def _stop(task):
    _loop.stop()


def install_tools(described):
    """Makes the session's tools known to its code."""
    tools.install(described, NAMESPACE)
