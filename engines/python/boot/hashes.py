"""The two functions of `hashlib` that come with OpenSSL elsewhere: PBKDF2 and scrypt."""

import hashlib
import hmac
import sys


def pbkdf2_hmac(hash_name, password, salt, iterations, dklen=None):
    """Password based key derivation function 2 (PKCS #5 v2.0) with HMAC as pseudorandom function."""
    if not isinstance(hash_name, str):
        raise TypeError(f"argument 'hash_name' must be str, not {type(hash_name).__name__}")
    if iterations < 1:
        raise ValueError("iteration value must be greater than 0.")
    start = hmac.new(password, digestmod=hash_name)
    dklen = start.digest_size if dklen is None else dklen
    if dklen < 1:
        raise ValueError("key length must be greater than 0.")
    inner, outer = start._inner.copy, start._outer.copy
    key = b""
    for block in range(1, -(-dklen // start.digest_size) + 1):
        message = bytes(salt) + block.to_bytes(4)
        mixed = 0
        for _ in range(iterations):
            first, second = inner(), outer()
            first.update(message)
            second.update(first.digest())
            message = second.digest()
            mixed ^= int.from_bytes(message)
        key += mixed.to_bytes(start.digest_size)
    return key[:dklen]


def scrypt(password, *, salt=None, n=None, r=None, p=None, maxmem=0, dklen=64):
    """scrypt password-based key derivation function."""
    if salt is None:
        raise TypeError("salt is required")
    if n is None or n < 2 or n & (n - 1):
        raise ValueError("n is required and must be a power of 2")
    if r is None or r < 1 or p is None or p < 1:
        raise TypeError("r and p are required unsigned ints")
    if not 0 <= maxmem <= 2**31 - 1:
        raise ValueError(f"maxmem must be positive and smaller than {2**31 - 1}")
    if dklen < 1 or dklen > 2**31 - 1:
        raise ValueError(f"dklen must be greater than 0 and smaller than {2**31 - 1}")
    if 128 * r * (n + p + 2) > (maxmem or 32 * 1024 * 1024):
        raise ValueError("Invalid parameter combination for n, r, p, maxmem.")
    blocks = bytearray(pbkdf2_hmac("sha256", password, salt, 1, p * 128 * r))
    host.scrypt_mix(blocks, n, r)
    return pbkdf2_hmac("sha256", password, blocks, 1, dklen)


for _function in (pbkdf2_hmac, scrypt):
    _function.__module__ = "hashlib"
    setattr(hashlib, _function.__name__, _function)
hashlib.__all__ += ("pbkdf2_hmac",)
