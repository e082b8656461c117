#: twin: integers are not hashed in JavaScript; its strings collide in colliding_strings.js
#: row: 9 keys that all have the hash 0: each insertion looks at all before it
#: ended: time_limit
#: error: TimeLimit
#: limits: {"time_ms": 1000}
#: stdout: True\n
import sys
modulus = sys.hash_info.modulus
keys = [n * modulus for n in range(60_000)]
print(all(hash(key) == 0 for key in keys))
table = dict.fromkeys(keys)
table = dict.fromkeys(reversed(keys))
table = {key: 0 for _ in range(1000) for key in keys}
