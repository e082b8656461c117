#: row: 30 a picture that says it is huge: its packed rows are unpacked no further than the memory goes
#: ended: completed
#: value: 'MemoryError'
#: twin: JavaScript has nothing that unpacks
import struct
import zlib

def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

rows = zlib.compressobj(1)
packed = b"".join(rows.compress(bytes(1_000_000)) for _ in range(200)) + rows.flush()
header = chunk(b"IHDR", struct.pack(">IIBBBBB", 100_000, 2_000, 8, 0, 0, 0, 0))
picture = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
at = picture.index(b"IDAT") + 4
length = struct.unpack(">I", picture[at - 8:at - 4])[0]
try:
    found = len(zlib.decompress(picture[at:at + length]))
except MemoryError as error:
    found = type(error).__name__
found
