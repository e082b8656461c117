# Large integers: digits of pi, a factorial and a power.
def pi(digits):
    q, r, t, k, n, l, out = 1, 0, 1, 1, 3, 3, []
    while len(out) < digits:
        if 4 * q + r - t < n * t:
            out.append(n)
            q, r, n = 10 * q, 10 * (r - n * t), 10 * (3 * q + r) // t - 10 * n
        else:
            q, r, t, k, n, l = q * k, (2 * q + r) * l, t * l, k + 1, (q * (7 * k + 2) + r * l) // (t * l), l + 2
    return "".join(str(n) for n in out)


def main():
    factorial = 1
    for i in range(2, 2500):
        factorial *= i
    print(pi(900)[-10:], factorial % (10**9 + 7), pow(3, 10**400, 2**521 - 1) % 10**9)


main()
