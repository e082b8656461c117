#: row: 38 a value that is nested too deep has no JSON
#: ended: completed
#: limits: {"value_depth": 10}
#: json: nothing
value = []
for _ in range(20):
    value = [value]
value
