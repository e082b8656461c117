#: row: 48 half a character in a value is shown escaped
#: ended: completed
#: value: '\ud800'
#: json: nothing
"\ud800"
