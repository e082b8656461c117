# Generators: pipelines, and one that delegates to itself.
def numbers(n):
    for i in range(n):
        yield i


def walk(depth):
    if depth:
        yield from walk(depth - 1)
        yield depth
        yield from walk(depth - 1)


def main():
    squares = (n * n for n in numbers(150000) if n % 3)
    pairs = ((s, s % 7) for s in squares)
    print(sum(s for s, rest in pairs if rest == 2), sum(walk(13)))


main()
