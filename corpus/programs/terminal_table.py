#: ended: completed
#: package: rich
#: package: markdown-it-py
#: package: mdurl
#: package: pygments
#: limits: {"time_ms": 120000, "cpu_ms": 120000, "memory_bytes": 268435456}
import io
from rich.console import Console
from rich.markdown import Markdown
from rich.table import Table
from rich.tree import Tree

console = Console(file=io.StringIO(), width=48, force_terminal=False, color_system=None, legacy_windows=False)
table = Table(title="Stock")
table.add_column("Item")
table.add_column("Units", justify="right")
for row in ("tea", 10), ("coffee, ground", 4):
    table.add_row(row[0], str(row[1]))
console.print(table)
tree = Tree("root")
tree.add("left").add("leaf")
tree.add("right")
console.print(tree)
console.print(Markdown("# Title\n\n* one\n* two"))
print("\n".join(line.rstrip() for line in console.file.getvalue().splitlines()))
