#: row: 87 names, built-ins and modules that are left replaced: the next session must not see any of it
#: ended: completed
import builtins
import sys

def broken(*arguments, **options):
    raise RuntimeError("left behind")

for module in list(sys.modules.values()):
    try:
        module.belljar_was_here = True
    except Exception:
        pass
builtins.belljar_was_here = True
for name in "__import__", "compile", "exec", "eval", "open", "repr", "str", "int", "len", "isinstance", "getattr", "print":
    setattr(builtins, name, broken)
sys.stdout = sys.stderr = sys.excepthook = sys.displayhook = broken
sys.modules.clear()
sys.meta_path.clear()
