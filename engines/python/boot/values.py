"""The value of a run as JSON, as text and by its type's name. The forms are listed in `engines/values.md`."""

from binascii import b2a_base64

import reports
from json.encoder import encode_basestring
from public import module

EXACT_INTEGER = 2**53
_mro = type.__dict__["__mro__"].__get__
_bytes_max = 64 * 1024
_depth_max = 16


class Unfit(Exception):
    """The value has no JSON form, or none within the limits."""


def limit(bytes_max, depth_max):
    """Sets the limits of the request at hand."""
    global _bytes_max, _depth_max
    _bytes_max, _depth_max = bytes_max, depth_max


def report(value):
    """Reports a value. Its own methods may do anything, including nothing useful."""
    reports.text(reports.VALUE_TYPE, reports.type_name(value))
    try:
        reports.send(reports.VALUE_JSON, _Writer().write(value))
    except (Unfit, UnicodeEncodeError, RecursionError, MemoryError):
        pass
    except Exception:  # a patched or half-made object
        pass
    reports.text(reports.VALUE_REPR, reports.cut(_repr(value), _bytes_max))


def _repr(value):
    try:
        return repr(value)
    except Exception as error:
        return f"<{reports.type_name(value)} object; its repr raised {reports.type_name(error)}>"


class _Writer:
    """Writes one value, counting what it writes."""

    def __init__(self):
        self.parts = []
        self.left = _bytes_max

    def write(self, value):
        self.value(value, _depth_max)
        data = "".join(self.parts).encode()
        if len(data) > _bytes_max:
            raise Unfit
        return data

    def put(self, text):
        self.left -= len(text)
        if self.left < 0:
            raise Unfit
        self.parts.append(text)

    def value(self, value, depth):
        kind = type(value)
        form = FORMS.get(kind) or _form(kind)
        form(self, value, depth - 1)

    def string(self, value, depth=0):
        if len(value) > self.left:
            raise Unfit
        self.put(encode_basestring(value))

    def tagged(self, tag, **texts):
        self.put(f'{{"$type":"{tag}"')
        for name, text in texts.items():
            self.put(f',"{name}":')
            self.string(text)
        self.put("}")

    def enter(self, depth):
        if depth < 0:
            raise Unfit

    def items(self, values, depth):
        self.enter(depth)
        self.put("[")
        for place, item in enumerate(values):
            if place:
                self.put(",")
            self.value(item, depth)
        self.put("]")

    def pairs(self, pairs, depth):
        self.enter(depth)
        self.put("[")
        for place, pair in enumerate(pairs):
            self.put(",[" if place else "[")
            self.value(pair[0], depth)
            self.put(",")
            self.value(pair[1], depth)
            self.put("]")
        self.put("]")

    def fields(self, pairs, depth):
        self.enter(depth)
        self.put("{")
        for place, (name, item) in enumerate(pairs):
            if place:
                self.put(",")
            self.string(name)
            self.put(":")
            self.value(item, depth)
        self.put("}")


def _form(kind):
    """The form of a class that is not itself in the table: that of its nearest base."""
    members = type.__dict__["__dict__"].__get__(kind)
    if "__dataclass_fields__" in members:
        return _dataclass
    # Models of pydantic, of version 2 and of version 1.
    if "__pydantic_fields__" in members or "__fields__" in members and "__validators__" in members:
        return _model
    for base in _mro(kind):
        form = FORMS.get(base)
        if form is _tuple and "_fields" in members:
            return _namedtuple
        if form is not None:
            return form
    raise Unfit


def _none(writer, value, depth):
    writer.put("null")


def _bool(writer, value, depth):
    writer.put("true" if value else "false")


def _int(writer, value, depth):
    value = int.__int__(value)
    if -EXACT_INTEGER <= value <= EXACT_INTEGER:
        writer.put(int.__repr__(value))
    elif value.bit_length() > 4 * writer.left:
        raise Unfit
    else:
        writer.tagged("int", value=int.__repr__(value))


def _float(writer, value, depth):
    text = float.__repr__(value)
    special = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}.get(text)
    if special:
        writer.tagged("number", value=special)
    else:
        writer.put(text)


def _str(writer, value, depth):
    writer.string(str.__str__(value))


def _list(writer, value, depth):
    writer.items(list.__iter__(value), depth)


def _dict(writer, value, depth):
    pairs = dict.items(value)
    if all(type(key) is str for key in dict.keys(value)) and not dict.__contains__(value, "$type"):
        return writer.fields(pairs, depth)
    writer.put('{"$type":"dict","entries":')
    writer.pairs(pairs, depth)
    writer.put("}")


def _values(tag, iterate):
    def form(writer, value, depth):
        writer.put(f'{{"$type":"{tag}","values":')
        writer.items(iterate(value), depth)
        writer.put("}")
    return form


def _bytes(tag):
    def form(writer, value, depth):
        if len(value) * 4 // 3 > writer.left:
            raise Unfit
        writer.tagged(tag, base64=b2a_base64(value, newline=False).decode())
    return form


def _text(tag, convert):
    return lambda writer, value, depth: writer.tagged(tag, value=convert(value))


def _complex(writer, value, depth):
    writer.put('{"$type":"complex","real":')
    _float(writer, value.real, depth)
    writer.put(',"imag":')
    _float(writer, value.imag, depth)
    writer.put("}")


def _timedelta(writer, value, depth):
    writer.put(f'{{"$type":"timedelta","days":{value.days},"seconds":{value.seconds},"microseconds":{value.microseconds}}}')


def _enum(writer, value, depth):
    writer.put('{"$type":"enum","name":')
    writer.string(f"{reports.type_name(value)}.{value._name_}")
    writer.put(',"value":')
    writer.value(value._value_, depth)
    writer.put("}")


def _record(writer, tag, value, names, depth):
    writer.put(f'{{"$type":"{tag}","name":')
    writer.string(reports.type_name(value))
    writer.put(',"fields":')
    writer.fields([(name, getattr(value, name)) for name in names], depth)
    writer.put("}")


def _dataclass(writer, value, depth):
    _record(writer, "dataclass", value, type(value).__dataclass_fields__, depth)


def _model(writer, value, depth):
    kind = type(value)
    names = kind.__pydantic_fields__ if hasattr(kind, "__pydantic_fields__") else kind.__fields__
    _record(writer, "model", value, names, depth)


def _namedtuple(writer, value, depth):
    _record(writer, "namedtuple", value, type(value)._fields, depth)


_tuple = _values("tuple", tuple.__iter__)
_datetime = module("datetime")
_deque = module("collections").deque

FORMS = {
    type(None): _none,
    bool: _bool,
    int: _int,
    float: _float,
    str: _str,
    list: _list,
    dict: _dict,
    tuple: _tuple,
    set: _values("set", set.__iter__),
    frozenset: _values("frozenset", frozenset.__iter__),
    _deque: _values("deque", _deque.__iter__),
    bytes: _bytes("bytes"),
    bytearray: _bytes("bytearray"),
    complex: _complex,
    _datetime.datetime: _text("datetime", _datetime.datetime.isoformat),
    _datetime.date: _text("date", _datetime.date.isoformat),
    _datetime.time: _text("time", _datetime.time.isoformat),
    _datetime.timedelta: _timedelta,
    module("decimal").Decimal: _text("Decimal", module("decimal").Decimal.__str__),
    module("fractions").Fraction: _text("Fraction", module("fractions").Fraction.__str__),
    module("uuid").UUID: _text("UUID", module("uuid").UUID.__str__),
    module("pathlib").PurePath: _text("Path", module("pathlib").PurePath.__str__),
    module("enum").Enum: _enum,
}
