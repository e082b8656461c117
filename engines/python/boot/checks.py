"""Is the code complete, so that a prompt can run it, does it want more lines, or is it wrong?"""

import codeop

import reports

COMPLETE, INCOMPLETE, WRONG = 1, 2, 3
TOP_LEVEL_AWAIT = 0x2000


def report(source):
    """Reports which."""
    reports.number(reports.CHECK, _check(source))


def _check(source):
    compiler = codeop.Compile()
    compiler.flags |= TOP_LEVEL_AWAIT
    try:
        code = codeop._maybe_compile(compiler, source, "<input>", "exec")
    except (SyntaxError, ValueError, OverflowError):
        return WRONG
    if code is None or _in_block(source):
        return INCOMPLETE
    return COMPLETE


def _in_block(source):
    """An indented last line may go on; an empty line ends it, as in the interpreter's own prompt."""
    last = source.rpartition("\n")[2] if not source.endswith("\n") else source[:-1].rpartition("\n")[2]
    return last[:1].isspace() and bool(last.strip())
