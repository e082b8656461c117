#: ended: completed
#: package: tabulate
#: package: more-itertools
#: package: toolz
#: package: sortedcontainers
#: package: attrs
#: limits: {"time_ms": 60000, "cpu_ms": 60000}
import attrs
from more_itertools import chunked, sliding_window, split_when
from sortedcontainers import SortedDict, SortedList
from tabulate import tabulate
from toolz import groupby, valmap

@attrs.define(order=True)
class Reading:
    hour: int = attrs.field(validator=attrs.validators.ge(0))
    value: float = attrs.field(converter=float)

readings = [Reading(hour, value) for hour, value in enumerate([3, "1.5", 9, 2, 7, 7, 0])]
print(tabulate([attrs.asdict(reading) for reading in readings[:3]], headers="keys", tablefmt="github", floatfmt=".2f"))
print(list(chunked(range(7), 3)), list(sliding_window("abcd", 2)), list(split_when([1, 2, 5, 6], lambda a, b: b - a > 1)))
print(valmap(len, groupby(lambda reading: reading.value > 2, readings)))
ordered = SortedList(reading.value for reading in readings)
ordered.add(4.5)
print(ordered, ordered.bisect(4), SortedDict(b=1, a=2).peekitem(0))
try:
    Reading(-1, 0)
except ValueError as error:
    print(error.args[0][:30])
