"""The protocol of attacks/README.md, for sandboxes that are Python packages."""

import json
import os
import sys


def serve(name, language, run):
    """Answers asks until standard input ends.

    `run(code, time_ms, memory_bytes, output_bytes)` runs code in a sandbox of its own and gives an answer: a dictionary with `ended`, and
    with `stdout`, `stderr`, `value` and `error` where there are any.
    """
    out = os.fdopen(os.dup(1), "w")
    # What a sandbox prints past us is no answer.
    os.dup2(2, 1)
    for line in sys.stdin:
        ask = json.loads(line)
        if ask["language"] != language:
            answer = {"ended": "unsupported"}
        else:
            try:
                answer = run(ask["code"], **ask["limits"])
            except Exception as error:
                # The sandbox failed in a way that is none of its answers.
                answer = {"ended": "crashed", "error": told(error)}
        answer = {key: whole(text) for key, text in answer.items() if text is not None}
        print(json.dumps({"id": ask["id"], "sandbox": name} | answer), file=out, flush=True)


def whole(text):
    """Text without halves of characters, which JSON cannot carry."""
    return text.encode(errors="backslashreplace").decode()


def told(error):
    """An error of the sandbox as text."""
    return f"{type(error).__name__}: {error}"
