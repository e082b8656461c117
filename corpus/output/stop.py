#: row: 42 where the limits say so, the run ends when it has printed too much
#: ended: output_limit
#: error: OutputLimit
#: limits: {"output_bytes": 1000, "on_output_limit": "stop"}
#: stdout: line\nline\n
#: session: closed
while True:
    print("line")
