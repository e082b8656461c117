#: ended: completed
import asyncio
import contextlib

async def produce(queue, name, count):
    for number in range(count):
        await asyncio.sleep(0.001 * (number + len(name)))
        await queue.put((name, number))

async def consume(queue, seen):
    while True:
        seen.append(await queue.get())
        queue.task_done()

@contextlib.asynccontextmanager
async def consumer(queue, seen):
    task = asyncio.create_task(consume(queue, seen))
    try:
        yield task
    finally:
        task.cancel()

async def main():
    queue, seen = asyncio.Queue(maxsize=2), []
    async with consumer(queue, seen):
        async with asyncio.TaskGroup() as group:
            for name, count in ("a", 3), ("bbb", 2):
                group.create_task(produce(queue, name, count))
        await queue.join()
    print(sorted(seen))
    try:
        async with asyncio.timeout(0.01):
            await asyncio.sleep(60)
    except TimeoutError:
        print("timed out")
    print(await asyncio.gather(*(asyncio.to_thread(pow, n, 2) for n in range(5))))
    results = await asyncio.gather(asyncio.sleep(0, "fine"), asyncio.wait_for(asyncio.Event().wait(), 0.01), return_exceptions=True)
    print(results[0], type(results[1]).__name__)

asyncio.run(main())
