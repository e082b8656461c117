#: row: 12 code that catches the stop and goes on is trapped when the grace is over
#: ended: time_limit
#: error: TimeLimit
#: limits: {"time_ms": 100}
#: session: closed
while True:
    try:
        while True:
            pass
    except BaseException:
        pass
