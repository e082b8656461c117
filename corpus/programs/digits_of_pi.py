#: ended: completed
from decimal import Decimal, getcontext, localcontext
from fractions import Fraction
import math

def pi():
    with localcontext() as context:
        context.prec += 2
        three = Decimal(3)
        last, t, s, n, na, d, da = 0, three, 3, 1, 0, 0, 24
        while s != last:
            last = s
            n, na = n + na, na + 8
            d, da = d + da, da + 32
            t = (t * n) / d
            s += t
    return +s

getcontext().prec = 60
print(pi())
print(Fraction(math.pi).limit_denominator(1000), math.comb(60, 30), math.isqrt(2 * 10**40))
print(sum(Fraction(1, n * n) for n in range(1, 20)))
print(Decimal(2).sqrt(), Decimal("1e-20").ln())
