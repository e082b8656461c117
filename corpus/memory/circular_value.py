#: row: 38 a value that holds itself has no JSON
#: ended: completed
#: json: nothing
#: value: [[...]]
value = []
value.append(value)
value
