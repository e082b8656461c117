# Nested lists of floats: a product of two matrices.
def main():
    n = 90
    a = [[(i * 31 + j * 17) % 101 / 8 for j in range(n)] for i in range(n)]
    b = [[(i * 13 + j * 29) % 103 / 4 for j in range(n)] for i in range(n)]
    c = [[0.0] * n for _ in range(n)]
    for i in range(n):
        row, out = a[i], c[i]
        for j in range(n):
            total = 0.0
            for k in range(n):
                total += row[k] * b[k][j]
            out[j] = total
    print(sum(sum(row) for row in c))


main()
