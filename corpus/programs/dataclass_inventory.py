#: ended: completed
import copy
import dataclasses
import enum
import functools
import json
import pickle
import typing

class Kind(enum.StrEnum):
    BOOK = enum.auto()
    TOY = enum.auto()

@dataclasses.dataclass(order=True, frozen=True, slots=True)
class Item:
    name: str
    kind: Kind
    price: float = 0.0
    tags: tuple[str, ...] = dataclasses.field(default=(), compare=False)

@functools.singledispatch
def show(value) -> str:
    return repr(value)

@show.register
def _(value: Item) -> str:
    return f"{value.name} ({value.kind}): {value.price:.2f}"

@show.register
def _(value: list) -> str:
    return "; ".join(map(show, value))

items = [Item("Ulysses", Kind.BOOK, 12.5, ("old",)), Item("Kite", Kind.TOY, 8), Item("Atlas", Kind.BOOK, 40)]
print(show(sorted(items)))
print(json.dumps([dataclasses.asdict(item) for item in items]))
again = pickle.loads(pickle.dumps(items))
print(again == items, copy.deepcopy(items) == items, dataclasses.replace(items[0], price=1))
try:
    items[0].price = 3
except dataclasses.FrozenInstanceError as error:
    print(type(error).__name__, error)
print(typing.get_type_hints(Item)["tags"])
