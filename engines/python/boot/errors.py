"""Tells an error as the interpreter itself would, but with the user's frames only, and within bounds."""

import collections
import linecache
import sys
import traceback
import types

import reports
from public import module

MESSAGE_CHARACTERS = 4 * 1024
TRACEBACK_CHARACTERS = 16 * 1024
LINE_CHARACTERS = 500
FRAMES = 1200  # of one traceback that are looked at; the usual recursion limit fits
CHAIN = 8  # causes and contexts that are shown, and exceptions of a group
RUNS_REMEMBERED = 64

source_lines = True
_public_cache = module("linecache").cache
_stderr = module("sys").stderr.buffer
_hidden = (sys._stdlib_dir + "/", "<frozen ", "<belljar>")
_runs = collections.deque(maxlen=RUNS_REMEMBERED)  # newest last
Run = collections.namedtuple("Run", "name code lines")


def remember(name, source, code=None):
    """Keeps the source of a run, for the tracebacks of it and of what it defines."""
    lines = source.splitlines(keepends=True)
    entry = len(source), None, lines, name
    linecache.cache[name] = _public_cache[name] = entry
    if code is not None:
        _runs.append(Run(name, code, lines))


def forget():
    """Forgets the sources of all runs."""
    for name in {run.name for run in _runs}:
        linecache.cache.pop(name, None)
        _public_cache.pop(name, None)
    _runs.clear()


def report(error):
    """Reports an uncaught error."""
    reports.text(reports.ERROR_TYPE, reports.type_name(error))
    reports.text(reports.ERROR_MESSAGE, reports.cut(_message(error), MESSAGE_CHARACTERS))
    if _from_memory(error):
        reports.send(reports.MEMORY_ERROR, b"")
    try:
        told, mark = _tell(error)
        _place(told)
        shown = mark + "".join(told.format(colorize=False))
    except BaseException:
        shown = f"{reports.type_name(error)}\n"
    reports.text(reports.ERROR_TRACEBACK, reports.cut(shown, TRACEBACK_CHARACTERS))


def report_exit(error):
    """Reports `sys.exit`, as the interpreter takes it: a number, nothing, or a message."""
    code = error.code
    if code is None:
        code = 0
    elif not isinstance(code, int):
        try:
            _stderr.write(str(code).encode("utf-8", "backslashreplace") + b"\n")
        except Exception:
            pass
        code = 1
    reports.number(reports.EXIT_CODE, code)


def _message(error):
    try:
        if isinstance(error, SyntaxError):
            return str(error.msg)
        return str(error)
    except BaseException:
        return reports.type_name(error)


def _from_memory(error):
    """Is it a lack of memory, or did it come from one?"""
    for _ in range(CHAIN):
        if error is None or isinstance(error, MemoryError):
            break
        # With no memory left at all the interpreter can lose the very error that says so.
        if isinstance(error, SystemError) and error.args == ("error return without exception set",):
            return True
        error = error.__cause__ or error.__context__
    return isinstance(error, MemoryError)


def _tell(error):
    """What the interpreter would print of an error and those it came from, as far down as `CHAIN`; and what to say about the rest."""
    top = _tell_one(error)
    seen, waiting, mark = {id(error)}, [(top, error, 0)], ""
    while waiting:
        told, error, depth = waiting.pop()
        told.__cause__ = told.__context__ = told.exceptions = None
        others = {"__cause__": error.__cause__}
        if error.__cause__ is None and not error.__suppress_context__:
            others["__context__"] = error.__context__
        for name, other in others.items():
            if other is None or id(other) in seen:
                continue
            if depth == CHAIN:
                mark = "... earlier exceptions are not shown ...\n\n"
                continue
            seen.add(id(other))
            setattr(told, name, _tell_one(other))
            waiting.append((getattr(told, name), other, depth + 1))
        if isinstance(error, BaseExceptionGroup):
            members = error.exceptions
            told.exceptions = [_tell_one(member) for member in members[:CHAIN]]
            waiting.extend((one, member, depth + 1) for one, member in zip(told.exceptions, members))
            if len(members) > CHAIN:
                told.exceptions.append(_tell_one(Exception(f"... and {len(members) - CHAIN} more exceptions")))
                told.exceptions[-1].__cause__ = told.exceptions[-1].__context__ = told.exceptions[-1].exceptions = None
    return top, mark


def _tell_one(error):
    """The same for one error by itself."""
    # With a set of errors "seen", the class leaves causes and contexts to its caller.
    told = traceback.TracebackException(type(error), error, _bounded(error.__traceback__), _seen=set())
    known = {}
    told.stack[:] = [_with_lines(frame, known) for frame in told.stack if not frame.filename.startswith(_hidden)]
    return told


def _bounded(top):
    """The traceback, or if it is very long its first and last frames."""
    frames, at = [], top
    while at is not None:
        frames.append(at)
        at = at.tb_next
    if len(frames) <= FRAMES:
        return top
    shown = None
    for at in reversed(frames[:FRAMES // 10] + frames[-FRAMES // 10 * 9:]):
        shown = types.TracebackType(shown, at.tb_frame, at.tb_lasti, at.tb_lineno)
    return shown


def _with_lines(frame, known):
    """Gives a frame the lines of the run that its code came from: names of runs may repeat in a session."""
    if frame._code not in known:
        known[frame._code] = _lines_of(frame._code)
    lines = known[frame._code]
    if lines is not None:
        frame._lines = "".join(line.rstrip("\n") + "\n" for line in lines[frame.lineno - 1:frame.end_lineno])
    if frame.line and len(frame.line) > LINE_CHARACTERS:
        frame._lines = frame.line[:LINE_CHARACTERS] + " ...\n"
        frame.colno = frame.end_colno = None
    return frame


def _lines_of(code):
    """The source lines of the run that made this code object, if a run did."""
    for run in reversed(_runs):
        if _holds(run.code, code):
            return run.lines
    return None


def _holds(code, wanted):
    """Is `wanted` this code object or inside of it?"""
    if code is wanted:
        return True
    if code.co_filename != wanted.co_filename:
        return False
    return any(_holds(const, wanted) for const in code.co_consts if type(const) is type(wanted))


def _place(told):
    """Reports where the error is: the innermost line of the user's."""
    line = column = None
    if getattr(told, "lineno", None) is not None:  # a syntax error says so itself
        line, column = int(told.lineno), told.offset
    elif told.stack:
        line, column = told.stack[-1].lineno, told.stack[-1].colno
        column = None if column is None else column + 1
    if line:
        reports.number(reports.ERROR_LINE, line)
    if column:
        reports.number(reports.ERROR_COLUMN, int(column))
