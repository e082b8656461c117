"""asyncio runs on a loop without sockets. Passes when it completes."""

import asyncio
import time


async def numbers():
    for number in range(3):
        await asyncio.sleep(0)
        yield number


async def main():
    begun = time.monotonic()
    assert await asyncio.gather(asyncio.sleep(0.02, 1), asyncio.sleep(0.02, 2)) == [1, 2]
    assert time.monotonic() - begun < 1
    async with asyncio.TaskGroup() as group:
        task = group.create_task(asyncio.sleep(0.01, 3))
    assert task.result() == 3
    try:
        async with asyncio.timeout(0.01):
            await asyncio.sleep(60)
        raise AssertionError("no timeout")
    except TimeoutError:
        pass
    queue, event, lock = asyncio.Queue(), asyncio.Event(), asyncio.Lock()
    queue.put_nowait(4)
    event.set()
    async with lock:
        await event.wait()
        assert await queue.get() == 4
    assert [number async for number in numbers()] == [0, 1, 2]
    assert await asyncio.wait_for(asyncio.to_thread(abs, -5), 1) == 5


asyncio.run(main())
with asyncio.Runner() as runner:
    assert runner.run(asyncio.sleep(0, 6)) == 6
try:
    asyncio.run(asyncio.Event().wait())
except RuntimeError as error:
    assert "deadlock" in str(error)
else:
    raise AssertionError("waited for nothing")
