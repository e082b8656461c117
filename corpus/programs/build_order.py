#: ended: completed
import graphlib
import heapq
import itertools

NEEDS = {"app": {"web", "store"}, "web": {"http", "text"}, "store": {"text", "disk"}, "http": {"net"}, "text": set(), "disk": set(), "net": set()}
sorter = graphlib.TopologicalSorter(NEEDS)
sorter.prepare()
while sorter.is_active():
    ready = sorted(sorter.get_ready())
    print(ready)
    sorter.done(*ready)
try:
    list(graphlib.TopologicalSorter({"a": {"b"}, "b": {"a"}}).static_order())
except graphlib.CycleError as error:
    print("cycle", sorted(set(error.args[1])))

GRID = ["S.#.....", "..#.###.", ".....#..", "####.#.#", "......E."]
cells = {(row, column): mark for row, line in enumerate(GRID) for column, mark in enumerate(line) if mark != "#"}
start = next(at for at, mark in cells.items() if mark == "S")
goal = next(at for at, mark in cells.items() if mark == "E")
queue, before, count = [(0, 0, start)], {start: None}, itertools.count(1)
while queue:
    cost, _, at = heapq.heappop(queue)
    if at == goal:
        break
    for step in ((0, 1), (1, 0), (0, -1), (-1, 0)):
        near = at[0] + step[0], at[1] + step[1]
        if near in cells and near not in before:
            before[near] = at
            heapq.heappush(queue, (cost + 1, next(count), near))
path = []
while at:
    path.append(at)
    at = before[at]
print(cost, path[::-1])
