"""`hashlib` is whole, and what comes with OpenSSL elsewhere computes the same. Passes when it completes."""

import hashlib
import hmac

for name in hashlib.algorithms_guaranteed:
    assert hashlib.new(name, b"x").name == name

assert hashlib.md5(b"abc").hexdigest() == "900150983cd24fb0d6963f7d28e17f72"
assert hashlib.sha3_256(b"").hexdigest().startswith("a7ffc6f8bf1ed766")
assert hmac.new(b"key", b"abc", "sha256").hexdigest().startswith("9c196e32dc0175f8")

# RFC 6070
assert hashlib.pbkdf2_hmac("sha1", b"password", b"salt", 4096).hex() == "4b007901b765489abead49d926f721d065a429c1"
# RFC 7914
key = hashlib.scrypt(b"password", salt=b"NaCl", n=1024, r=8, p=16, dklen=64)
assert key.hex().startswith("fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162")
