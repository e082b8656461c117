#: row: 113 no threads: there is no second clock to count with
#: ended: completed
import threading
import _thread
try:
    threading.Thread(target=print).start()
except RuntimeError as error:
    print(type(error).__name__)
try:
    _thread.start_new_thread(print, ())
except RuntimeError as error:
    print(type(error).__name__)
