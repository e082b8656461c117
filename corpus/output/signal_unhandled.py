#: row: 46 a signal that nobody handles is a normal end, with the status that a shell would show
#: ended: exited
#: exit: 143
#: session: closed
#: stdout: True\n
#: twin: no signals of any kind exist in JavaScript
import signal
print(signal.getsignal(signal.SIGTERM) == signal.SIG_DFL)
signal.raise_signal(signal.SIGTERM)
