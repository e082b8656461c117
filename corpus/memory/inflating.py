#: row: 30 small packed data that unpacks to more than the memory
#: ended: completed
#: limits: {"time_ms": 60000, "cpu_ms": 60000}
#: twin: JavaScript has nothing that unpacks
import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib

def repeated(compressor, count):
    block = bytes(1_000_000)
    return b"".join(compressor.compress(block) for _ in range(count)) + compressor.flush()

bombs = {
    "zlib": repeated(zlib.compressobj(1), 300),
    "gzip": repeated(zlib.compressobj(1, wbits=31), 300),
    "lzma": repeated(lzma.LZMACompressor(preset=0), 300),
}
archive = io.BytesIO()
with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
    with file.open("zeros", "w") as member:
        for _ in range(300):
            member.write(bytes(1_000_000))
tar = io.BytesIO(bombs["gzip"])
unpack = {
    "zlib": lambda: zlib.decompress(bombs["zlib"]),
    "gzip": lambda: gzip.decompress(bombs["gzip"]),
    "lzma": lambda: lzma.decompress(bombs["lzma"]),
    "zip": lambda: zipfile.ZipFile(archive).read("zeros"),
    "capped": lambda: zlib.decompressobj().decompress(bombs["zlib"], 1000),
    "bz2": lambda: bz2.decompress(bz2.compress(bytes(10_000_000)) * 30),
}
for name, work in unpack.items():
    try:
        print(name, len(work()))
    except MemoryError:
        print(name, "MemoryError")
