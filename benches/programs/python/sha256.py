# Integers and bits: SHA-256 written out.
def constants(count, root):
    primes, n = [], 2
    while len(primes) < count:
        if all(n % p for p in primes):
            primes.append(n)
        n += 1
    return [int((p ** (1 / root) % 1) * 4294967296) for p in primes]


def turn(x, n):
    return (x >> n | x << 32 - n) & 0xFFFFFFFF


def block(state, chunk, k):
    w = [int.from_bytes(chunk[i : i + 4], "big") for i in range(0, 64, 4)]
    for i in range(16, 64):
        x, y = w[i - 15], w[i - 2]
        s0 = turn(x, 7) ^ turn(x, 18) ^ x >> 3
        s1 = turn(y, 17) ^ turn(y, 19) ^ y >> 10
        w.append(w[i - 16] + s0 + w[i - 7] + s1 & 0xFFFFFFFF)
    a, b, c, d, e, f, g, h = state
    for i in range(64):
        t1 = h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + (e & f ^ ~e & g) + k[i] + w[i]
        t2 = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + (a & b ^ a & c ^ b & c)
        a, b, c, d, e, f, g, h = t1 + t2 & 0xFFFFFFFF, a, b, c, d + t1 & 0xFFFFFFFF, e, f, g
    return [x + y & 0xFFFFFFFF for x, y in zip(state, (a, b, c, d, e, f, g, h))]


def main():
    data = bytes(i * 7 % 256 for i in range(16000))
    length = len(data) * 8
    data += b"\x80" + bytes((55 - len(data)) % 64) + length.to_bytes(8, "big")
    k, state = constants(64, 3), constants(8, 2)
    for at in range(0, len(data), 64):
        state = block(state, data[at : at + 64], k)
    print("".join("%08x" % word for word in state))


main()
