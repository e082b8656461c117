#: row: 38, 31 a value that is nested a hundred thousand deep
#: ended: completed
#: json: nothing
#: value: <list object; its repr raised RecursionError>
value = []
for _ in range(100_000):
    value = [value]
value
