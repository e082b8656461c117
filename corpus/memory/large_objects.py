#: row: 26 what is larger than the memory is refused, and the code goes on
#: ended: completed
#: session: kept
#: stdout: text MemoryError\nlonger OverflowError\nitems MemoryError\noctets OverflowError\njoined MemoryError\nnumbers MemoryError\ntable MemoryError\npacked MemoryError\ninteger MemoryError\nbuffer MemoryError\n499500\n
def text(): return "a" * 10**9
def longer(): return "a" * 10**10
def items(): return [0] * 10**9
def octets(): return bytearray(3 * 10**9)
def joined(): return "x" * 50_000_000 + "\u0100" * 50_000_000
def numbers(): return list(range(10**9))
def table(): return dict.fromkeys(range(10**8))
def packed():
    import array
    return array.array("d", [0]) * 10**9
def integer(): return 1 << 10**10
def buffer():
    import io
    return io.BytesIO(bytes(10**8)).getvalue() + bytes(10**8)
for make in text, longer, items, octets, joined, numbers, table, packed, integer, buffer:
    try:
        make()
        print(make.__name__, "was made")
    except (MemoryError, OverflowError) as error:
        print(make.__name__, type(error).__name__)
print(sum(range(1000)))
