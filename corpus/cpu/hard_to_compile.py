#: row: 19 programs that are nested deeper, or longer, than a compiler can follow
#: ended: completed
#: stdout: done\n
#: limits: {"time_ms": 60000, "cpu_ms": 60000}
programs = [
    "(" * 100_000 + ")" * 100_000,
    "[" * 5_000 + "]" * 5_000,
    "-" * 100_000 + "1",
    "not " * 50_000 + "1",
    "+".join(["1"] * 20_000),
    "x" + ".a" * 50_000,
    "x" + "()" * 50_000,
    "lambda: " * 20_000 + "1",
    "f'" + "{1}" * 20_000 + "'",
    "".join("\n" + " " * depth + "if 1:" for depth in range(200)),
    "".join("\n" + " " * depth + "try:" for depth in range(90)),
]
for text in programs:
    try:
        compile(text, "bomb", "exec")
    except (SyntaxError, RecursionError, MemoryError, OverflowError):
        pass
print("done")
