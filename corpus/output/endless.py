#: row: 42 output without end is cut in the middle, and the run goes on until its time is over
#: ended: time_limit
#: limits: {"time_ms": 500, "output_bytes": 1000}
#: stdout: line\nline\nline\n
while True:
    print("line")
