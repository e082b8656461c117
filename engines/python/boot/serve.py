"""Serves requests. The shim calls `begin`, runs the code that it gets from it with no frame of ours below, and then calls `finish`
or `fail`. Part of the private world (`private.py`)."""

import checks
import completions
import errors
import host
import reports
import session
import values

RUN, COMPLETE, CHECK, RESUME = 1, 2, 3, 4
VALUE = "<value>"  # where the compiler leaves it


def begin(verb, flags, seed, name, code, arguments, environment, inputs, tools, cursor, value_bytes, value_depth):
    """Answers the request, or returns the code to run."""
    if seed:
        session.reseed(seed)
    if tools:
        session.install_tools(tools)
    source = code.decode() if code else ""
    if verb == COMPLETE:
        completions.report(source, cursor)
    elif verb == CHECK:
        checks.report(source)
    elif verb == RESUME:
        values.limit(value_bytes, value_depth)
        _resume()
    elif verb == RUN:
        values.limit(value_bytes, value_depth)
        errors.source_lines = bool(flags & 2)
        return _compile(name or "<code>", source, arguments, environment, inputs)
    return None


def _compile(name, source, arguments, environment, inputs):
    session.prepare(name, arguments, environment, inputs)
    errors.remember(name, source)
    try:
        code = host.compile(source, name)
    except BaseException as error:
        fail(error)
        return None
    errors.remember(name, source, code)
    return code


def _resume():
    try:
        session.resume()
    except BaseException as error:
        fail(error)
    else:
        finish(session.NAMESPACE.pop(VALUE, None))


def wait(coroutine):
    """Runs code that awaits."""
    return session.wait(coroutine)


def finish(value):
    """The code ran to its end."""
    if value is not None:
        values.report(value)


def fail(error):
    """The code raised an error."""
    host.release_reserve()
    try:
        if isinstance(error, session.Suspended):
            reports.send(reports.SUSPENDED, b"")
        elif isinstance(error, SystemExit):
            errors.report_exit(error)
        else:
            errors.report(error)
    finally:
        host.hold_reserve()


ROUNDS = 20  # the interpreter rewrites its code as it learns, and stops when it has learned
REHEARSALS = """
def f(x): return 1 / x
f(0)
---
1 +
---
raise ValueError("x") from KeyError(1)
---
exit(0)
---
[*range(3), "a", 1.5, {"b": None}]
---
import asyncio
await asyncio.sleep(0)
"""


def warm():
    """Takes the ways once that every session takes, so that what they make lazily is part of the image."""
    reports.send = lambda field, data: None  # nobody is there to be told
    before = dict(session.NAMESPACE)
    for source in REHEARSALS.split("---") * ROUNDS:
        _rehearse(source.encode())
    session.NAMESPACE.clear()
    session.NAMESPACE.update(before)
    errors.forget()
    reports.send = host.report


def _rehearse(source):
    begin(COMPLETE, 0, None, "", source, (), (), (), None, len(source), 0, 0)
    begin(CHECK, 0, None, "", source, (), (), (), None, 0, 0, 0)
    code = begin(RUN, 2, None, "<rehearsal>", source, (), (), (), None, 0, 1024, 4)
    if code is None:
        return
    try:
        done = eval(code, session.NAMESPACE)
        if done is not None:
            wait(done)
    except BaseException as error:
        fail(error)
    else:
        finish(session.NAMESPACE.pop(VALUE, None))
