#: row: 2 the same as a tower of powers
#: ended: time_limit
#: error: TimeLimit
#: limits: {"time_ms": 200}
#: twin: JavaScript refuses such an integer at once, see big_power.js
9 ** 9 ** 7
