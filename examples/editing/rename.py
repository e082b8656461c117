"""Renames a function in every module of a project, and runs the result before anybody has to trust it."""

import re
import sys
from pathlib import Path

OLD, NEW = "gross", "with_vat"
PROJECT = Path("/work/project")

for module in sorted(PROJECT.glob("*.py")):
    text = module.read_text()
    module.write_text(re.sub(rf"\b{OLD}\b", NEW, text))

# The modules are the changed ones: this session sees its own edits, and nobody else does.
sys.path.insert(0, str(PROJECT))
sys.dont_write_bytecode = True
from receipt import receipt

print(receipt([("paper", 420), ("ink", 1299)]))
