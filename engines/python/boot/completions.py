"""Completes a name or an attribute in the session's namespace, without running properties."""

import keyword
import re

import reports
import session
from public import module

CANDIDATES = 200
_builtins = module("builtins").__dict__
_tail = re.compile(r"((?:[^\W\d]\w*\.)*)(\w*)$")
_missing = object()


def report(source, cursor):
    """Reports what the word before the cursor could become."""
    before = source.encode()[:cursor].decode("utf-8", "ignore")
    path, word = _tail.search(before).groups()
    names = _attributes(path) if path else _names()
    if not word.startswith("_"):
        names = {name for name in names if not name.startswith("_")}
    found = sorted(name for name in names if name.startswith(word))
    reports.number(reports.COMPLETION_START, len(before.encode()) - len(word.encode()))
    for name in found[:CANDIDATES]:
        reports.text(reports.COMPLETION, name)


def _names():
    return {name for name in (*session.NAMESPACE, *_builtins, *keyword.kwlist) if type(name) is str}


def _attributes(path):
    first, *rest = path.rstrip(".").split(".")
    value = session.NAMESPACE.get(first, _builtins.get(first, _missing))
    for name in rest:
        value = _look_up(value, name)
    if value is _missing:
        return set()
    return {name for space in _spaces(value) for name in list(space) if type(name) is str}


def _look_up(value, name):
    """An attribute that is there already; what would have to be computed is missing."""
    for space in _spaces(value):
        if name in space:
            found = space[name]
            return _missing if hasattr(type(found), "__get__") and not callable(found) else found
    return _missing


def _spaces(value):
    """The dictionaries in which attributes of a value are looked up."""
    if value is _missing:
        return
    try:
        yield object.__getattribute__(value, "__dict__")
    except AttributeError:
        pass
    kinds = [type(value)] if not isinstance(value, type) else [value, type(value)]
    for kind in kinds:
        for base in type.__dict__["__mro__"].__get__(kind):
            yield type.__dict__["__dict__"].__get__(base)
