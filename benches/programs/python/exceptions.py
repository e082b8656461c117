# Exceptions: raised, caught, chained and cleaned up after.
class Odd(ValueError):
    pass


def check(n):
    if n % 2:
        raise Odd(n)
    return n


def guarded(n, log):
    try:
        return check(n)
    except Odd as error:
        try:
            raise KeyError(n) from error
        except LookupError:
            return -1
    finally:
        log[0] += 1


def main():
    log, total = [0], 0
    for i in range(120000):
        total += guarded(i, log)
    print(total, log[0])


main()
