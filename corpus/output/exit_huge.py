#: row: 46 an exit status beyond all numbers is a number all the same
#: ended: exited
#: exit: -1
import sys
sys.exit(2**200 - 1)
