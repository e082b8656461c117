#: row: 21 timers that set timers, without end
#: ended: time_limit
#: error: TimeLimit
#: limits: {"time_ms": 200}
import asyncio
async def again():
    while True:
        await asyncio.sleep(0)
await asyncio.gather(*[again() for _ in range(100)])
