"""Tells an error as the interpreter itself would, but with the user's frames only, and within bounds."""

import collections
import linecache
import sys
import traceback

import host
import reports
from public import module

MESSAGE_CHARACTERS = 4 * 1024
TRACEBACK_CHARACTERS = 16 * 1024
LINE_CHARACTERS = 500
CHAIN = 8           # causes and contexts that are shown, and exceptions of a group
RUNS_REMEMBERED = 64

source_lines = True
_public_cache = module("linecache").cache
_stderr = module("sys").stderr.buffer
_hidden = (sys._stdlib_dir + "/", "<frozen ", "<belljar>")
_runs = collections.deque(maxlen=RUNS_REMEMBERED)  # (code objects, source lines), newest last


def remember(name, source, cells=()):
    """Keeps the source of a run, for the tracebacks of it and of what it defines."""
    lines = source.splitlines(keepends=True)
    entry = len(source), None, lines, name
    linecache.cache[name] = _public_cache[name] = entry
    if cells:
        _runs.append((cells, lines))


def report(error):
    """Reports an uncaught error."""
    reports.text(reports.ERROR_TYPE, reports.type_name(error))
    reports.text(reports.ERROR_MESSAGE, reports.cut(_message(error), MESSAGE_CHARACTERS))
    if _from_memory(error):
        host.report(reports.MEMORY_ERROR, b"")
    try:
        told = traceback.TracebackException(type(error), error, error.__traceback__, compact=True)
        _shorten(told)
        _place(told)
        shown = "".join(told.format(colorize=False))
    except BaseException:
        shown = f"{reports.type_name(error)}\n"
    reports.text(reports.ERROR_TRACEBACK, reports.cut(shown, TRACEBACK_CHARACTERS))


def rehearse(source):
    """Takes the way from source to a told error, without reporting anything."""
    try:
        for cell in host.compile(source, "<rehearsal>"):
            eval(cell, {})
    except Exception as error:
        told = traceback.TracebackException(type(error), error, error.__traceback__, compact=True)
        _shorten(told)
        "".join(told.format(colorize=False))


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
        error = error.__cause__ or error.__context__
    return isinstance(error, MemoryError)


def _shorten(told):
    """Drops frames that are not the user's, and what is too far down the chain."""
    waiting, known = [(told, 0)], {}
    while waiting:
        one, depth = waiting.pop()
        if one.stack is not None:
            one.stack[:] = [_with_lines(frame, known) for frame in one.stack if not frame.filename.startswith(_hidden)]
        if depth == CHAIN:
            one.__cause__ = one.__context__ = None
        if one.exceptions:
            one.exceptions = one.exceptions[:CHAIN]
        for other in (one.__cause__, one.__context__, *(one.exceptions or ())):
            if other is not None:
                waiting.append((other, depth + 1))


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
    for cells, lines in reversed(_runs):
        if any(_holds(cell, code) for cell in cells):
            return lines
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
