#: row: 113 clocks advance in steps of a tenth of a millisecond
#: ended: completed
#: value: [0, 0, 0, 0]
import time
readings = [[], [], [], []]
for _ in range(2000):
    readings[0].append(time.time_ns())
    readings[1].append(time.monotonic_ns())
    readings[2].append(time.perf_counter_ns())
    readings[3].append(time.process_time_ns())
[sum(reading % 100_000 for reading in list) for list in readings]
