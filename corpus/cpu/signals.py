#: twin: no signals of any kind exist in JavaScript
#: row: 18 no signal reaches the host, and no timer sends one
#: ended: completed
import signal
try:
    signal.alarm(1)
    print("alarm set")
except (AttributeError, OSError, NotImplementedError) as error:
    print("no alarm")
try:
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    print("timer set")
except (AttributeError, OSError) as error:
    print("no timer")
caught = []
signal.signal(signal.SIGTERM, lambda number, frame: caught.append(number))
signal.raise_signal(signal.SIGTERM)
print(caught == [signal.SIGTERM])
import os
for name in "kill", "killpg", "fork", "execv", "posix_spawn":
    print(name, hasattr(os, name))
