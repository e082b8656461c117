#: row: 45 an error with a text of ten million characters
#: ended: raised
#: error: ValueError
#: message: characters cut
#: limits: {"memory_bytes": 268435456}
raise ValueError("x" * 10_000_000)
