#: row: 48 half a character in an error's text
#: ended: raised
#: error: ValueError
#: message: \ud800
raise ValueError("\ud800\0\u2028")
