#: row: 11 an event loop in which nothing can happen any more says so at once
#: ended: raised
#: error: RuntimeError
#: within_ms: 5000
import asyncio
await asyncio.get_running_loop().create_future()
