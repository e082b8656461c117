"""Every module of the standard library can be imported, or says why not. Passes when it completes."""

import importlib
import sys

# What belongs to other systems, or to the interpreter's own tests and tools.
ELSEWHERE = {
    "_android_support", "_aix_support", "_apple_support", "_ios_support", "_osx_support", "_overlapped", "_scproxy", "_winapi", "_wmi",
    "msvcrt", "nt", "winreg", "winsound", "_msi", "_pyrepl", "nturl2path", "_interpchannels", "_interpqueues", "_interpreters",
    "_ctypes", "_dbm", "_gdbm", "_posixshmem", "_curses_panel", "_uuid", "ossaudiodev", "spwd", "antigravity", "this",
}

failures = []
for name in sorted(sys.stdlib_module_names - ELSEWHERE):
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        if ":" not in str(error):
            failures.append(f"{name}: {error}")
    except Exception as error:
        failures.append(f"{name}: {type(error).__name__}: {error}")
assert not failures, "\n".join(failures)

import importlib.resources
import inspect
import json
import pkgutil

assert json.__file__.endswith("json/__init__.py")
assert inspect.getsource(json.loads).startswith("def loads(")
assert {module.name for module in pkgutil.iter_modules(json.__path__)} == {"decoder", "encoder", "scanner", "tool"}
assert importlib.resources.files("json").joinpath("tool.py").is_file()
