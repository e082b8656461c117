#: row: 36 waiting for many things at once
#: ended: completed
#: value: 'refused'
#: twin: JavaScript has no descriptors
import select
try:
    select.select(range(5000), [], [], 0)
    found = "waited"
except (OSError, ValueError):
    found = "refused"
found
