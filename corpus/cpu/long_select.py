#: row: 11 waiting for nothing at all through the event loop and through poll
#: ended: time_limit
#: error: TimeLimit
#: limits: {"time_ms": 100}
#: stdout: before\n
#: session: kept
#: twin: JavaScript waits through timers alone, see long_sleep.js
import asyncio
print("before")
await asyncio.sleep(10**8)
