#: ended: completed
import bisect
import itertools
import math
import random
import statistics

random.seed(12345)
walk = list(itertools.accumulate(random.choice((-1, 1)) for _ in range(2000)))
print(walk[-1], min(walk), max(walk), sum(a == 0 for a in walk))
sample = [random.gauss(10, 2) for _ in range(2000)]
print(f"{statistics.fmean(sample):.6f} {statistics.stdev(sample):.6f} {statistics.quantiles(sample, n=4)[1]:.6f}")
edges = [6, 8, 10, 12, 14]
counts = [0] * (len(edges) + 1)
for value in sample:
    counts[bisect.bisect(edges, value)] += 1
print(counts)
fit = statistics.linear_regression(range(len(walk)), walk)
print(f"{fit.slope:.9f} {fit.intercept:.9f} {math.dist((0, 0), (3, 4))}")
print(random.sample(range(100), 5), random.choices("abc", weights=[5, 2, 1], k=8), round(random.betavariate(2, 3), 9))

def solve(queens, rows=()):
    if len(rows) == queens:
        return 1
    row = len(rows)
    return sum(solve(queens, rows + (column,)) for column in range(queens) if all(column != c and abs(column - c) != row - r for r, c in enumerate(rows)))
print(solve(6))
