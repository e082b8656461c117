"""What the interpreter thinks of the machine it runs on: one user, in a working folder, without a terminal."""

import _sitebuiltins
import builtins
import errno
import os
import socket
import sys

WORK = "/work"
USER = "user"
USER_ID = 1000

_mask = 0o022


class Quitter(_sitebuiltins.Quitter):
    """Ends the run. The interpreter's own closes standard input, which the next run needs."""

    def __call__(self, code=None):
        raise SystemExit(code)


def abort():
    """Ends the run as a shell would report it; the engine itself is well."""
    os._exit(134)


def umask(mask, /):
    """Set the current numeric umask and return the previous umask."""
    global _mask
    _mask, before = mask & 0o777, _mask
    return before


def get_terminal_size(fd=1, /):
    """There is no terminal; `shutil.get_terminal_size` falls back to 80 columns."""
    raise OSError(errno.ENOTTY, os.strerror(errno.ENOTTY))


def _always(value):
    return lambda: value


os.environ.update(HOME=WORK, LANG="C.UTF-8", LOGNAME=USER, PATH="/usr/bin:/bin", TMPDIR="/tmp", USER=USER)
try:
    os.chdir(WORK)
except FileNotFoundError:
    pass  # a host without a working folder

os.abort = abort
os.umask = umask
os.get_terminal_size = get_terminal_size
os.getuid = os.geteuid = os.getgid = os.getegid = _always(USER_ID)
os.getppid = _always(1)
os.getlogin = _always(USER)
socket.gethostname = _always("sandbox")
sys.executable = sys._base_executable = ""  # there is none that could be started
sys.thread_info = sys.thread_info.__replace__(name="pthread-stubs")

builtins.exit = Quitter("exit", "Ctrl-D")
builtins.quit = Quitter("quit", "Ctrl-D")
builtins.help = _sitebuiltins._Helper()
builtins.copyright = _sitebuiltins._Printer("copyright", sys.copyright)
