#: ended: raised
#: error: RuntimeError
#: message: deadlock
#: stdout: RuntimeError\nRuntimeError\nFalse\n
#: session: kept
#: twin: JavaScript has nothing that could wait for a thread
import queue
import threading

lock = threading.Lock()
lock.acquire()
for wait in lock.acquire, queue.SimpleQueue().get:
    try:
        wait()
    except RuntimeError as error:
        print(type(error).__name__)
print(lock.acquire(timeout=0.01))
queue.Queue().get()
