"""A second world of modules for the engine's own use, which guest code cannot name and so not patch.

Python modules are run again from the library's code, with builtins of their own; of C modules the contents are copied.
"""

import builtins
import importlib
import sys
from types import ModuleType

modules = {}
private_builtins = dict(builtins.__dict__)


def load(name):
    """The private module of this dotted name."""
    if name in modules:
        return modules[name]
    if "." in name:
        load(name.rpartition(".")[0])
    module = ModuleType(name)
    code, module.__package__ = _code(name)
    modules[name] = module
    if code is None:
        module.__dict__.update(importlib.import_module(name).__dict__)
    else:
        module.__builtins__ = private_builtins
        exec(code, module.__dict__)
    if "." in name:
        parent, _, child = name.rpartition(".")
        setattr(modules[parent], child, modules[name])
    return modules[name]


def _code(name):
    """The code and package of a module; no code if it is written in C."""
    path = name.replace(".", "/")
    for file, package in (
        (f"belljar-boot/{path}.py", ""),
        (f"{path}/__init__.py", name),
        (f"{path}.py", name.rpartition(".")[0]),
    ):
        if file in host.library:
            return host.code(host.library[file]), package
    return None, ""


def private_import(name, globals=None, locals=None, fromlist=(), level=0):
    """`__import__` of the private world."""
    if level:
        package = globals["__package__"]
        for _ in range(level - 1):
            package = package.rpartition(".")[0]
        name = f"{package}.{name}" if name else package
    module = load(name)
    if not fromlist:
        return load(name.partition(".")[0])
    for item in fromlist:
        if item != "*" and not hasattr(module, item):
            load(f"{name}.{item}")
    return module


private_builtins["__import__"] = private_import
modules["host"] = host
modules["tools"], modules["loop"] = tools, loop
modules["public"] = ModuleType("public")
modules["public"].module = importlib.import_module  # what guest code sees, for those who must know it
modules["sys"] = ModuleType("sys")
modules["sys"].__dict__.update(sys.__dict__)
modules["sys"].modules = modules
