#: row: 27 a list that doubles until there is no room
#: ended: memory_limit
#: error: MemoryError
#: line: 7
items = [0]
while True:
    items += items
