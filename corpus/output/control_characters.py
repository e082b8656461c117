#: row: 47 control characters reach the caller as they are: a surface decides what a terminal may see
#: ended: completed
#: value: '\x1b[2J\x07\r\u202e'
print("\x1b[2J\x1b]0;title\x07\u202eabc\r", end="")
"\x1b[2J\x07\r\u202e"
