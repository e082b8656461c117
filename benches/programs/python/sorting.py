# Sorting: numbers, tuples and strings, with and without a key.
def main():
    state, numbers = 7, []
    for _ in range(40000):
        state = (state * 1103515245 + 12345) % 2147483648
        numbers.append(state)
    ordered = sorted(numbers)
    pairs = sorted((n % 1000, n) for n in numbers)
    texts = sorted(str(n) for n in numbers)
    by_tail = sorted(numbers, key=lambda n: n % 777, reverse=True)
    print(ordered[20000], pairs[20000][1], texts[20000], by_tail[20000])


main()
