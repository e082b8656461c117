"""`socket` without sockets: connections lead to the host, which speaks HTTP with those that were granted (`connection.py`)."""

import errno
import socket as sockets

LOOK_UP = "names are not looked up in this sandbox; the host does that when a request is sent"
ONLY_CLIENTS = "only connections to granted hosts can be made in this sandbox, see --allow-net"
SERVICES = {"http": 80, "https": 443}
_base = sockets.socket


class socket(_base):
    """A connection with a host that was granted."""

    def __init__(self, family=-1, type=-1, proto=-1, fileno=None):
        self._family = sockets.AF_INET if family in (-1, 0) else family
        self._type = sockets.SOCK_STREAM if type in (-1, 0) else type
        self._proto = 0 if proto == -1 else proto
        self._timeout = sockets.getdefaulttimeout()
        self._io_refs, self._closed = 0, False
        self._connection, self._rest, self._late = None, b"", False
        if fileno is not None:
            raise OSError(errno.EBADF, ONLY_CLIENTS)

    family = property(lambda self: sockets.AddressFamily(self._family) if self._family in _families else self._family)
    type = property(lambda self: sockets.SocketKind(self._type) if self._type in _kinds else self._type)
    proto = property(lambda self: self._proto)
    timeout = property(lambda self: self._timeout)

    def connect(self, address):
        if self._type != sockets.SOCK_STREAM or self._family not in (sockets.AF_INET, sockets.AF_INET6):
            raise PermissionError(errno.EACCES, ONLY_CLIENTS)
        name, port = _place(address)
        self._connection = connection.Connection(name, port)

    def connect_ex(self, address):
        try:
            self.connect(address)
        except OSError as error:
            return error.errno or errno.EACCES
        return 0

    def send(self, data, flags=0):
        data = bytes(data)
        line = self._open()
        line.feed(data)
        if line.number:
            # Whoever cannot be reached would not have been connected to: that is said now, where clients expect it.
            if not exchange.wait(line.number, self._timeout):
                self._late = True
            else:
                self._rest = line.take() or b""
        return len(data)

    def sendall(self, data, flags=0):
        self.send(memoryview(data).cast("B"), flags)

    def sendto(self, *arguments):
        raise PermissionError(errno.EACCES, ONLY_CLIENTS)

    sendmsg = recvfrom = recvfrom_into = recvmsg = sendto

    def recv(self, size, flags=0):
        if size < 0:
            raise ValueError("negative buffersize in recv")
        if not self._rest:
            self._rest = self._receive()
        data = self._rest[:size]
        if not flags & sockets.MSG_PEEK:
            self._rest = self._rest[size:]
        return data

    def recv_into(self, buffer, size=0, flags=0):
        view = memoryview(buffer).cast("B")
        data = self.recv(size or len(view), flags)
        view[:len(data)] = data
        return len(data)

    def _receive(self):
        line = self._open()
        while (data := line.take()) is None:
            late, self._late = self._late, False
            if self._timeout == 0:
                raise BlockingIOError(errno.EAGAIN, "there is nothing to read yet")
            if late or not line.number or not exchange.wait(line.number, self._timeout):
                raise TimeoutError("timed out" if line.number else "nothing will come: no request was sent")
        return data

    def _open(self):
        if self._connection is None:
            raise OSError(errno.ENOTCONN, "the socket is not connected")
        return self._connection

    def settimeout(self, seconds):
        if seconds is not None and seconds < 0:
            raise ValueError("Timeout value out of range")
        self._timeout = None if seconds is None else float(seconds)

    def gettimeout(self):
        return self._timeout

    def setblocking(self, flag):
        self._timeout = None if flag else 0.0

    def getblocking(self):
        return self._timeout != 0

    def setsockopt(self, *arguments):
        pass

    def getsockopt(self, level, option, size=0):
        return bytes(size) if size else 0

    def getpeername(self):
        line = self._open()
        return line.name, line.port

    def getsockname(self):
        return "0.0.0.0", 0

    def shutdown(self, how):
        self._open()

    def fileno(self):
        return -1

    def detach(self):
        self._closed, self._connection = True, None
        return -1

    def dup(self):
        raise OSError(errno.ENOTSUP, ONLY_CLIENTS)

    def _real_close(self, *ignored):
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _refuse(self, *arguments):
        raise PermissionError(errno.EACCES, ONLY_CLIENTS)

    bind = listen = accept = _accept = _refuse

    def __repr__(self):
        place = "" if self._connection is None else f", to {self._connection.name}:{self._connection.port}"
        return f"<socket of the sandbox{place}>"


socket.__module__ = "socket"
_families = set(sockets.AddressFamily)
_kinds = set(sockets.SocketKind)


def _place(address):
    name, port = address[:2]
    name = name.decode("ascii") if isinstance(name, (bytes, bytearray)) else name
    return name.encode("idna").decode() if not name.isascii() else name, int(port)


def getaddrinfo(host, port, family=0, type=0, proto=0, flags=0):
    """A name stands for itself: the host looks it up when a request is sent. One that is not granted is refused."""
    if host is None or port is None:
        raise sockets.gaierror(sockets.EAI_NONAME, LOOK_UP)
    name, port = _place((host, SERVICES.get(port, port)))
    exchange.check(name, port)
    return [(sockets.AF_INET, sockets.SOCK_STREAM, sockets.IPPROTO_TCP, "", (name, port))]


def _look_up(*arguments):
    raise sockets.gaierror(sockets.EAI_FAIL, LOOK_UP)


def _refuse(*arguments, **named):
    raise PermissionError(errno.EACCES, ONLY_CLIENTS)


for _name, _number in {"SO_REUSEADDR": 2, "SO_SNDBUF": 7, "SO_RCVBUF": 8, "SO_KEEPALIVE": 9}.items():
    if not hasattr(sockets, _name):
        setattr(sockets, _name, _number)  # options are taken and change nothing
sockets.socket = sockets.SocketType = socket
sockets.getaddrinfo = getaddrinfo
sockets.gethostbyname = sockets.gethostbyname_ex = sockets.gethostbyaddr = sockets.getnameinfo = _look_up
sockets.create_server = sockets.socketpair = sockets.fromfd = _refuse
sockets.getfqdn = lambda name="": name or sockets.gethostname()
