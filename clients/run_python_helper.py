"""PyPI's mcp-run-python: its Python helper, which starts `deno`, finds a program of this name that is Belljar, and shakes no hands."""

import os
import pathlib
import shlex
import tempfile

from checks import ENVIRONMENT, PROGRAM, check, run

# What the helper starts: `deno run FLAGS src/main.ts MODE OPTIONS`, once with the mode `noop` to install packages.
DENO = """#!/bin/sh
{variables}
while [ "$1" != src/main.ts ]; do shift; done
shift
[ "$1" = noop ] && exit 0
exec {program} mcp "$@"
"""


MODEL = """
from pydantic import BaseModel, EmailStr

class Model(BaseModel):
    a: int
    b: EmailStr

Model(a=1, b="x@example.com")
"""


REQUEST = """
import httpx

async with httpx.AsyncClient() as client:
    await client.get("http://localhost")
"""


def put_in_place(folder):
    """Makes a `deno` that is found first."""
    # The helper's own client starts it with a few variables of its choice; the others say where the images are, and how the network is reached.
    variables = "\n".join(f"export {name}={shlex.quote(value)}" for name, value in ENVIRONMENT.items() if name.isidentifier())
    deno = pathlib.Path(folder, "deno")
    deno.write_text(DENO.format(variables=variables, program=shlex.quote(PROGRAM)), encoding="utf-8")
    deno.chmod(0o755)
    os.environ["PATH"] = f"{folder}:{os.environ['PATH']}"


async def main():
    from mcp_run_python import code_sandbox

    lines = []
    with tempfile.TemporaryDirectory() as folder:
        put_in_place(folder)
        async with code_sandbox(log_handler=lambda level, line: lines.append((level, line))) as sandbox:
            found = await sandbox.eval("print('a')\nprint(n)\n{'twice': n * 2}", {"n": 21})
            check("code gives output and value", found, good(["a", "21"], {"twice": 42}))
            check("its output is logged", lines, [("info", "a"), ("info", "21")])
            check("a list comes back", await sandbox.eval("[1, 'b']"), good([], [1, "b"]))
            check("no value is none", await sandbox.eval("x = 3"), good([], None))
            failed = await sandbox.eval("print('before')\nunknown")
            traceback = (
                'Traceback (most recent call last):\n  File "main.py", line 2, in <module>\n    unknown\n'
                "NameError: name 'unknown' is not defined\n"
            )
            expected = {"status": "run-error", "output": ["before"], "error": traceback}
            check("an error is a result", failed, expected)
            check("each call has variables of its own", (await sandbox.eval("x"))["status"], "run-error")
        async with code_sandbox(dependencies=["pydantic", "email-validator"]) as sandbox:
            check("a model comes back as an object", await sandbox.eval(MODEL), good([], {"a": 1, "b": "x@example.com"}))
            absent = await sandbox.eval("import httpx")
            check("packages are those of one server", absent["status"], "run-error")
        async with code_sandbox(allow_networking=False) as sandbox:
            check("it starts without network, too", await sandbox.eval("await_ = 1\nawait_"), good([], 1))
        async with code_sandbox(dependencies=["httpx"], allow_networking=False) as sandbox:
            refused = (await sandbox.eval(REQUEST))["error"].splitlines()[-1]
            check("a host that is not granted is named", refused.startswith("httpx.ConnectError: "), True)
            check("... with its port", "localhost:80" in refused, True)


def good(output, value):
    return {"status": "success", "output": output, "return_value": value}


run(main())
