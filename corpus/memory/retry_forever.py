#: row: 28 code that catches the lack of memory and tries again, forever
#: ended: time_limit
#: error: TimeLimit
#: limits: {"time_ms": 1000}
#: stdout: again\n
tries = 0
while True:
    try:
        items = []
        while True:
            items.append(bytes(1_000_000))
    except MemoryError:
        tries += 1
        if tries == 2:
            del items
            print("again")
