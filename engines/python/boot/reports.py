"""Fields of the result (`engines/abi.md`), cut to a size that somebody can read."""

import host

VALUE_JSON, VALUE_REPR, VALUE_TYPE = 1, 2, 3
ERROR_TYPE, ERROR_MESSAGE, ERROR_TRACEBACK, ERROR_LINE, ERROR_COLUMN = 4, 5, 6, 7, 14
EXIT_CODE, COMPLETION, COMPLETION_START, CHECK, MEMORY_ERROR, SUSPENDED = 8, 10, 11, 12, 13, 15

send = host.report
_type_name = type.__dict__["__name__"].__get__


def text(field, value):
    send(field, value.encode("utf-8", "backslashreplace"))


def number(field, value):
    send(field, (value & 0xFFFFFFFF).to_bytes(4, "little"))


def type_name(value):
    """The name of a value's class, whatever its metaclass says."""
    return _type_name(type(value))


def cut(value, limit):
    """The text, or if it is longer than `limit` characters its head and tail with a mark between them."""
    if len(value) <= limit:
        return value
    tail = limit // 4
    head = limit - tail
    return f"{value[:head]}\n... {len(value) - limit} characters cut ...\n{value[-tail:] if tail else ''}"
