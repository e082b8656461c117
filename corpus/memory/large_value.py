#: row: 38 a value that is too large has no JSON, and its repr is cut
#: ended: completed
#: limits: {"value_bytes": 100}
#: json: nothing
list(range(100_000))
