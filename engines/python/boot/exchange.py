"""Exchanges over HTTP, which the host makes: asking for them, and taking their answers (`engines/abi.md`)."""

import errno
import socket
import struct

HTTP = 2
METHOD, URL, HEADER, BODY = 1, 2, 3, 4
ERROR, HEAD, PIECE = 1, 2, 3

watchers = {}  # what to call when an operation has something to take


def _name_error(text):
    return socket.gaierror(socket.EAI_NONAME, text)


def _trust_error(text):
    import ssl
    return ssl.SSLCertVerificationError(1, text)


_ERRORS = {
    1: lambda text: PermissionError(errno.EACCES, text),
    2: lambda text: OSError(errno.EINVAL, text),
    3: lambda text: OSError(errno.EDQUOT, text),
    4: _name_error,
    5: lambda text: ConnectionRefusedError(errno.ECONNREFUSED, text),
    6: _trust_error,
    7: lambda text: TimeoutError(errno.ETIMEDOUT, text),
    8: lambda text: ConnectionResetError(errno.ECONNRESET, text),
}


def begin(url, method=None, headers=(), body=b""):
    """Begins an exchange; without a method, asks whether the host is granted."""
    fields = [(URL, url.encode())]
    if method is not None:
        fields += [(METHOD, method), *((HEADER, name + b"\0" + value) for name, value in headers), (BODY, body)]
    number = host.begin(HTTP, b"".join(struct.pack("<II", tag, len(data)) + data for tag, data in fields))
    if not number:
        raise OSError(errno.EMFILE, "too many requests over the network are open in this sandbox; read or close some of them")
    return number


def take(number):
    """The next field of an answer as (tag, data); None when there is none yet, () at the end. Raises what the answer says is wrong."""
    field = host.take(number)
    if field and field[0] == ERROR:
        why, = struct.unpack_from("<I", field[1])
        raise _ERRORS.get(why, _ERRORS[8])(field[1][4:].decode("utf-8", "replace"))
    return field


def wait(number, seconds):
    """Waits for an operation, or any if it is 0, at most so long if that is not None. Returns which has something to take, or 0."""
    return host.wait(number, -1 if seconds is None else max(0, min(int(seconds * 1e9), 2**63 - 1)))


def drop(number):
    """Gives an operation up."""
    watchers.pop(number, None)
    host.drop(number)


def wake(number):
    """Calls who waits for this operation."""
    watcher = watchers.pop(number, None)
    if watcher is not None:
        watcher()


def origin(tls, name, port):
    """The beginning of a URL."""
    shown = f"[{name}]" if ":" in name else name
    return f"{'https' if tls else 'http'}://{shown}:{port}"


def check(name, port):
    """Raises an error unless the host is granted. Nothing is looked up, and nothing sent."""
    number = begin(origin(port == 443, name, port) + "/")
    try:
        # In a worker the answer comes from another process.
        while take(number) is None:
            wait(number, None)
    finally:
        drop(number)
