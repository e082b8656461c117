#: row: 21 callbacks that call themselves again, without end
#: ended: time_limit
#: error: TimeLimit
#: limits: {"time_ms": 200}
#: stdout: before\n
import asyncio
print("before")
def again():
    asyncio.get_running_loop().call_soon(again)
async def main():
    again()
    await asyncio.get_running_loop().create_future()
await main()
