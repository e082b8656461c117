"""The far end of a connection: takes the bytes that a client of HTTP/1.1 sends, and gives those of an answer.

There are no connections in the sandbox: each request becomes an exchange that the host makes. So libraries that speak HTTP over a
socket do so here without knowing, and everything else is told that it cannot be spoken. One request is answered, and then the
connection is closed.
"""

import errno
import gc

TLS_MARK = b"\x16belljar "  # and the name, and a line end: from here on the host encrypts, for this name
HEAD_BYTES = 256 * 1024
MANY = 12  # when so many are open, some may be such that nobody reads any more
ONLY_HTTP = "only HTTP/1.1 can be spoken over the network of this sandbox"

_open = 0


class Connection:
    """A connection with one host. Its methods never wait."""

    number = 0  # of the exchange, once the request is whole
    _closed = False

    def __init__(self, name, port):
        exchange.check(name, port)
        self.name, self.port = name, port
        self.tls = False
        self._sent = bytearray()
        self._request = None    # method, URL, headers and how the body ends, once the head is whole
        self._body = bytearray()
        self._error = None      # told again to everyone who asks
        self._ended = False

    def start_tls(self, name):
        """The host encrypts, and makes sure that the other side is who the name says."""
        if name is not None and name.rstrip(".").lower() != self.name.rstrip(".").lower():
            raise OSError(errno.EINVAL, f"the connection is with {self.name}, and cannot be encrypted for {name}")
        self.tls = True

    def feed(self, data):
        """Takes what the client sends. When the request is whole, the exchange begins."""
        if self._error is not None:
            raise self._error
        if self.number or self._ended:
            raise BrokenPipeError(errno.EPIPE, "the connection is used up: one request is answered over each")
        self._sent += data
        try:
            self._proceed()
        except OSError as error:
            self._error = error
            raise

    def take(self):
        """The next bytes of the answer; None when there are none yet, and b"" at its end."""
        if self._error is not None:
            raise self._error
        if self._ended or not self.number:
            return b"" if self._ended else None
        try:
            field = exchange.take(self.number)
        except OSError as error:
            self._error = error
            raise
        if field is None:
            return None
        if not field:
            self._ended = True
            return b""
        tag, data = field
        return _head(data) if tag == exchange.HEAD else data or self.take()

    def close(self):
        """Gives up what was not read."""
        global _open
        self._ended = True
        if self.number and not self._closed:
            self._closed = True
            _open -= 1
            exchange.drop(self.number)

    __del__ = close

    def _proceed(self):
        if self._request is None and not self._read_head():
            return
        method, target, headers, length = self._request
        if not (self._read_chunks() if length is None else self._read_body(length)):
            return
        global _open
        if _open >= MANY:
            gc.collect()
        url = exchange.origin(self.tls, self.name, self.port) + target
        self.number = exchange.begin(url, method, headers, bytes(self._body))
        _open += 1
        self._body.clear()

    def _read_head(self):
        """The request line and the headers. False: more must come."""
        if self._sent.startswith(TLS_MARK):
            mark, end, rest = self._sent.partition(b"\n")
            if not end:
                return False
            self.start_tls(mark[len(TLS_MARK):].decode("ascii", "replace") or None)
            self._sent = rest
        line = self._sent.lstrip(b"\r\n").partition(b" ")
        if self._sent and not (line[0].isalpha() and line[0].isascii() and len(line[0]) <= 16):
            raise OSError(errno.EPROTONOSUPPORT, ONLY_HTTP)
        head, end, rest = self._sent.partition(b"\r\n\r\n")
        if not end:
            if len(self._sent) > HEAD_BYTES:
                raise OSError(errno.EMSGSIZE, f"the head of a request has at most {HEAD_BYTES} bytes")
            return False
        first, *lines = head.lstrip(b"\r\n").split(b"\r\n")
        try:
            method, target, version = first.split(b" ")
            headers = [_header(line) for line in lines]
            length = _length(headers)
        except ValueError as error:
            raise OSError(errno.EPROTO, f"the request cannot be understood: {error}") from None
        if not version.startswith(b"HTTP/1.") or not target.startswith(b"/"):
            raise OSError(errno.EPROTONOSUPPORT, ONLY_HTTP + ", with the host itself")
        self._sent = rest
        self._request = method, target.decode("latin-1"), headers, length
        return True

    def _read_body(self, length):
        taken = self._sent[:length - len(self._body)]
        self._body += taken
        del self._sent[:len(taken)]
        return len(self._body) == length

    def _read_chunks(self):
        while True:
            size, end, rest = self._sent.partition(b"\r\n")
            if not end:
                return False
            try:
                length = int(size.partition(b";")[0], 16)
            except ValueError:
                raise OSError(errno.EPROTO, "the request has a chunk without a size") from None
            if len(rest) < length + 2:
                return False
            self._body += rest[:length]
            self._sent = rest[length + 2:]
            if length == 0:
                return True


def _header(line):
    name, colon, value = line.partition(b":")
    if not colon:
        raise ValueError(f"the header {bytes(line[:40])!r} has no colon")
    return bytes(name), bytes(value.strip())


def _length(headers):
    """Bytes of the body; None when it comes in chunks."""
    known = {name.lower(): value for name, value in headers}
    if b"chunked" in known.get(b"transfer-encoding", b"").lower():
        return None
    return int(known.get(b"content-length", b"0"))


def _head(data):
    """The head of an answer as it would come over a connection."""
    from http.client import responses
    status = int.from_bytes(data[:4], "little")
    parts = data[4:].split(b"\0")
    lines = [f"HTTP/1.1 {status} {responses.get(status, '')}".encode()]
    lines += [name + b": " + value for name, value in zip(parts[::2], parts[1::2])]
    return b"\r\n".join([*lines, b"connection: close", b"", b""])
