"""Tools: functions of the host's that code may call, in the module `tools`."""

import asyncio
import inspect
import json
import struct
import sys
from types import ModuleType

TOOL = 1
NAME, ARGUMENTS = 1, 2
ERROR, RESULT = 1, 2
TYPES = {"string": str, "integer": int, "number": float, "boolean": bool, "null": None, "array": list, "object": dict}

module = ModuleType("tools", "Functions of the host that code may call. `help(tools)` shows what each takes and gives.")
waiting = []  # who waits until another call is over, since too many are open


class ToolError(RuntimeError):
    """A tool was not allowed to be called, or could not do what it was asked to."""


class Tool:
    """A function of the host's. `call_async` is the same to be awaited, so that several calls go on at once."""

    def __init__(self, name, about, awaited, parameters, returns):
        self.__name__ = self.__qualname__ = name
        self.__doc__ = about or None
        self.__module__ = "tools"
        self.__signature__ = _signature(parameters, returns)
        self.schema = {"parameters": parameters, "returns": returns}
        self._awaited = awaited

    def __call__(self, /, *args, **kwargs):
        arguments = self._arguments(args, kwargs)
        return self._answer(arguments) if self._awaited else self._wait(arguments)

    def call_async(self, /, *args, **kwargs):
        return self._answer(self._arguments(args, kwargs))

    def __repr__(self):
        return f"<tool {self.__name__}{self.__signature__}>"

    def _arguments(self, args, kwargs):
        """The arguments as JSON, bound as those of any function."""
        try:
            bound = self.__signature__.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{self.__name__}() {error}") from None
        arguments = {}
        for name, value in bound.arguments.items():
            if self.__signature__.parameters[name].kind is inspect.Parameter.VAR_KEYWORD:
                arguments.update(value)
            else:
                arguments[name] = value
        try:
            return json.dumps(arguments, allow_nan=False, separators=(",", ":")).encode()
        except (TypeError, ValueError) as error:
            raise type(error)(f"an argument of {self.__name__} cannot be sent: {error}") from None

    def _begin(self, arguments):
        fields = ((NAME, self.__name__.encode()), (ARGUMENTS, arguments))
        return host.begin(TOOL, b"".join(struct.pack("<II", tag, len(data)) + data for tag, data in fields))

    def _wait(self, arguments):
        """Calls it and waits."""
        number = self._begin(arguments)
        if not number:
            raise ToolError("too many calls of tools and requests over the network are open in this sandbox; await some of them first")
        try:
            while (field := host.take(number)) is None:
                host.wait(number, -1)
            return _result(field)
        finally:
            exchange.drop(number)

    async def _answer(self, arguments):
        """Calls it, and lets others go on meanwhile."""
        while not (number := self._begin(arguments)):
            turn = asyncio.get_running_loop().create_future()
            waiting.append(turn)
            await turn
        try:
            while (field := host.take(number)) is None:
                ready = asyncio.get_running_loop().create_future()
                exchange.watchers[number] = lambda: ready.done() or ready.set_result(None)
                await ready
            return _result(field)
        finally:
            exchange.drop(number)
            while waiting:
                turn = waiting.pop(0)
                if not turn.done():
                    turn.set_result(None)
                    break


def _result(field):
    if not field:
        raise ToolError("the call was lost: what was open is given up when a session is copied, restored or rolled back")
    tag, data = field
    if tag == ERROR:
        raise ToolError(data[4:].decode("utf-8", "replace"))
    return json.loads(data)


def _signature(parameters, returns):
    """What a tool takes, for `help` and `inspect`, and to bind arguments by."""
    required = parameters.get("required", ())
    properties = parameters.get("properties", {})
    names = sorted((name for name in properties if name.isidentifier()), key=lambda name: name not in required)
    kind = inspect.Parameter
    listed = [
        kind(name, kind.POSITIONAL_OR_KEYWORD, default=kind.empty if name in required else ..., annotation=_type(properties[name]))
        for name in names
    ]
    if parameters.get("additionalProperties", True) is not False:
        listed.append(kind("arguments", kind.VAR_KEYWORD))
    return inspect.Signature(listed, return_annotation=_type(returns or {}))


def _type(schema):
    name = schema.get("type") if isinstance(schema, dict) else None
    return TYPES.get(name, inspect.Parameter.empty) if isinstance(name, str) else inspect.Parameter.empty


def install(described, space):
    """Makes the tools of the session known: as the module `tools`, and under that name in `space`."""
    for tool in json.loads(described):
        setattr(module, tool["name"], Tool(**tool))
    module.__all__ = [name for name, tool in vars(module).items() if isinstance(tool, Tool)]
    sys.modules["tools"] = space["tools"] = module


ToolError.__module__ = "tools"
module.ToolError = ToolError
