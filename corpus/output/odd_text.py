#: row: 48 bytes that are no text, half characters, zeros and odd line ends
#: ended: completed
#: stdout: a\xff\xfeb\n
import sys
sys.stdout.buffer.write(b"a\xff\xfeb\n")
sys.stdout.flush()
print("\0|\u2028|\u2029|\x85")
print("\ud800".encode("utf-8", "surrogatepass").hex())
