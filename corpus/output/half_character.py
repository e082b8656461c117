#: row: 48 half a character is printed escaped
#: ended: completed
#: stdout: \ud800\n
#: twin: JavaScript prints U+FFFD for it, as its encoder must
print("\ud800")
