#: row: 115 what tells one machine from another is the same on all
#: ended: completed
import datetime
import locale
import os
import platform
import socket
import sys
import time

print(dict(os.environ), sys.argv)
print(time.timezone, time.tzname[0], datetime.datetime.now().astimezone().utcoffset())
print(os.cpu_count(), sys.byteorder, sys.platform)
print(repr(platform.node()), platform.machine())
for name in "getlogin", "getloadavg", "uname", "getuid", "sysconf":
    try:
        print(name, getattr(os, name)(*(["SC_NPROCESSORS_ONLN"] if name == "sysconf" else [])))
    except (AttributeError, OSError, ValueError, KeyError):
        print(name, "absent")
