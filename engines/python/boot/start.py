"""Brings the language up, in order, while the image is built. `host` is what only C can do (`shim/boot.c`)."""

import gc
import sys

ModuleType = type(sys)  # nothing can be imported yet


def boot(name, **known):
    """Runs another boot file in a namespace of its own, in which it finds the host and what else it must know."""
    module = ModuleType(name)
    module.__dict__.update(known, host=host)
    exec(host.code(host.library[f"belljar-boot/{name}.py"]), module.__dict__)
    return module


importer = boot("importer")         # the standard library can be imported
boot("environment")       # what the interpreter thinks of the machine it runs on
belljar = boot("guest")             # the module `belljar` that guest code may import
sys.modules["belljar"] = belljar.module
exchange = boot("exchange")         # HTTP, which the host speaks
connection = boot("connection", exchange=exchange)
boot("sockets", exchange=exchange, connection=connection)
boot("tls", connection=connection)
loop = boot("loop", exchange=exchange, connection=connection)  # asyncio without sockets
tools = boot("tools", exchange=exchange)  # functions of the host's
boot("absent")            # what a sandbox lacks says so
boot("hashes")            # hashlib whole
boot("preload")           # common modules are part of the image
serve = boot("private", tools=tools, loop=loop).load("serve")  # from here on, nothing that guest code can reach is used
imports = boot("packages").modules  # the shim imports them, and then calls `settle`
host.prepare_stop(belljar.TimeLimit)


def settle():
    """Freezes what is there now."""
    serve.warm()
    importer.forget_missing()
    gc.collect()
    gc.freeze()
