#: row: 24 calls of the host are counted
#: ended: fuel_limit
#: error: HostCallLimit
#: limits: {"host_calls": 1000}
#: session: closed
import time
while True:
    time.time()
