#: ended: completed
#: package: sympy
#: package: mpmath
#: within_ms: 300000
#: limits: {"time_ms": 300000, "cpu_ms": 300000, "memory_bytes": 536870912}
import sympy
from sympy import Eq, Matrix, diff, expand, factor, integrate, limit, oo, sin, solve, symbols

x, y = symbols("x y")
print(expand((x + y) ** 4))
print(factor(x**4 - 5 * x**2 + 4))
print(diff(sin(x) * x**2, x), "|", integrate(x * sympy.exp(-x), x))
print(limit(sin(x) / x, x, 0), limit((1 + 1 / x) ** x, x, oo))
print(solve([Eq(x + y, 10), Eq(x * y, 21)], [x, y]))
print(Matrix([[1, 2], [3, 4]]).inv(), Matrix([[2, 0], [0, 3]]).eigenvals())
print(sympy.factorint(2**32 + 1), sympy.prime(100), sympy.pi.evalf(40))
