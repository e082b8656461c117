#: ended: completed
#: limits: {"memory_bytes": 201326592}
import base64
import bz2
import hashlib
import hmac
import io
import lzma
import os
import pathlib
import tarfile
import tempfile
import zipfile
import zlib

with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    (folder / "sub").mkdir()
    (folder / "a.txt").write_text("alpha\n" * 100)
    (folder / "sub" / "b.bin").write_bytes(bytes(range(256)))
    archive = folder / "all.tar.xz"
    with tarfile.open(archive, "w:xz") as tar:
        for path in sorted(folder.rglob("*")):
            if path != archive:
                tar.add(path, path.relative_to(folder))
    with tarfile.open(archive) as tar:
        print(sorted(tar.getnames()))
        print(hashlib.sha256(tar.extractfile("sub/b.bin").read()).hexdigest())
    with zipfile.ZipFile(folder / "all.zip", "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.write(folder / "a.txt", "a.txt")
        zipped.writestr("made.txt", "made here")
    with zipfile.ZipFile(folder / "all.zip") as zipped:
        print(zipped.testzip(), [(info.filename, info.file_size) for info in zipped.infolist()])
print(os.path.exists(name))
text = b"the quick brown fox " * 50
for squeeze, expand in ((zlib.compress, zlib.decompress), (bz2.compress, bz2.decompress), (lzma.compress, lzma.decompress)):
    print(squeeze.__module__.strip("_"), expand(squeeze(text)) == text, len(squeeze(text)) < 150)
print(hmac.new(b"key", text, "sha512").hexdigest()[:32], base64.b85encode(text[:9]).decode())
print(hashlib.blake2b(text, digest_size=8).hexdigest(), hashlib.sha3_256(text).hexdigest()[:16], hashlib.md5(text).hexdigest())
print(hashlib.pbkdf2_hmac("sha256", b"password", b"salt", 1000).hex()[:32])
