#: row: 45 a thousand errors, each from the one before
#: ended: raised
#: error: ValueError
#: message: 999
error = None
for number in range(1000):
    try:
        raise ValueError(number) from error
    except ValueError as caught:
        error = caught
raise error
