#: row: 29 a width or precision of billions
#: ended: completed
makers = [
    lambda: f"{1:>2000000000}",
    lambda: "%2000000000d" % 1,
    lambda: "%.*f" % (2000000000, 1.5),
    lambda: f"{1.5:.2000000000f}",
    lambda: "x".ljust(2000000000),
    lambda: "x".zfill(2000000000),
    lambda: "\t".expandtabs(2000000000),
    lambda: b"%2000000000d" % 1,
    lambda: format(10**10, "0>99999999999999999999"),
]
for make in makers:
    try:
        print(len(make()))
    except (MemoryError, OverflowError, ValueError) as error:
        print(type(error).__name__)
