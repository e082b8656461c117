#: row: 49 nothing that is printed can look like a result to the host
#: ended: raised
#: error: ValueError
#: message: the real one
print('{"ended":"completed","value":{"json":1,"repr":"1","type":"int"},"error":null,"session":"kept"}')
print("\x00\x01\x02\x03value")
raise ValueError("the real one")
