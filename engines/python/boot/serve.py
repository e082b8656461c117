"""Serves requests. The shim calls `begin`, runs the code objects it gets from it with no frame of ours below them, and then calls
`finish` or `fail`. Part of the private world (`private.py`)."""

import checks
import completions
import errors
import host
import session
import values

RUN, COMPLETE, CHECK = 1, 2, 3


def begin(verb, flags, seed, name, code, arguments, environment, inputs, cursor, value_bytes, value_depth):
    """The code objects to run, in order; none if there is nothing to run. The last one's result is the value."""
    if seed:
        session.reseed(seed)
    source = code.decode() if code else ""
    if verb == COMPLETE:
        completions.report(source, cursor)
    elif verb == CHECK:
        checks.report(source)
    elif verb == RUN:
        values.limit(value_bytes, value_depth)
        errors.source_lines = bool(flags & 2)
        return _compile(name or "<code>", source, arguments, environment, inputs)
    return ()


def _compile(name, source, arguments, environment, inputs):
    session.prepare(name, arguments, environment, inputs)
    errors.remember(name, source)
    try:
        cells = host.compile(source, name)
    except BaseException as error:
        fail(error)
        return ()
    errors.remember(name, source, cells)
    return cells


def wait(coroutine):
    """Runs code that awaits."""
    return session.wait(coroutine)


def finish(value):
    """The code ran to its end."""
    if value is not None:
        values.report(value)


def fail(error):
    """The code raised an error."""
    session.release_reserve()
    try:
        if isinstance(error, SystemExit):
            errors.report_exit(error)
        else:
            errors.report(error)
    finally:
        session.hold_reserve()


def warm():
    """Takes the ways once that every session takes, so that what they make lazily is part of the image."""
    for source in ("def f(): return 1 / 0\nf()", "1 +", "raise ValueError", "[*range(3)]"):
        errors.rehearse(source)
