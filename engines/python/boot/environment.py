"""What the interpreter thinks of the machine it runs on: a user in a working folder."""

import _sitebuiltins
import builtins
import os
import sys

WORK = "/work"
USER = "user"


class Quitter(_sitebuiltins.Quitter):
    """Ends the run. The interpreter's own closes standard input, which the next run needs."""

    def __call__(self, code=None):
        raise SystemExit(code)


def abort():
    """Ends the run as a shell would report it; the engine itself is well."""
    os._exit(134)


os.abort = abort
os.environ.update(HOME=WORK, LANG="C.UTF-8", LOGNAME=USER, PATH="/usr/bin:/bin", TMPDIR="/tmp", USER=USER)
builtins.exit = Quitter("exit", "Ctrl-D")
builtins.quit = Quitter("quit", "Ctrl-D")
builtins.help = _sitebuiltins._Helper()
builtins.copyright = _sitebuiltins._Printer("copyright", sys.copyright)
