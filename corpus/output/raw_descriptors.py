#: row: 44 what is written to descriptors goes the same way, under the same limit, and no other descriptor is open
#: ended: completed
#: limits: {"output_bytes": 1000}
#: stderr: to the second
#: cut: 9014
#: twin: JavaScript has no descriptors, see raw_streams.js
import os
os.write(2, b"to the second\n")
for descriptor in range(3, 30):
    try:
        os.write(descriptor, b"x")
        print(descriptor, "is open")
    except OSError as error:
        assert error.errno in (8, 9, 28), error
os.write(1, b"y" * 10_000)
None
