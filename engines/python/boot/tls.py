"""The module `ssl`: the host encrypts, and decides whom to trust. What a program sets here is kept and changes nothing."""

import enum
import errno
import socket
import sys
from types import ModuleType

module = ModuleType("ssl", "TLS, as the host of this sandbox does it. Certificates are always checked, against the host's own roots.")
TRUST = "the host of this sandbox decides whom to trust; a certificate is added there, with --tls-ca"


class SSLError(OSError):
    library = reason = None

    def __str__(self):
        return self.strerror if isinstance(self.strerror, str) else super().__str__()


class SSLZeroReturnError(SSLError): pass
class SSLWantReadError(SSLError): pass
class SSLWantWriteError(SSLError): pass
class SSLSyscallError(SSLError): pass
class SSLEOFError(SSLError): pass


class SSLCertVerificationError(SSLError, ValueError):
    verify_code = 1

    @property
    def verify_message(self):
        return str(self)


class TLSVersion(enum.IntEnum):
    MINIMUM_SUPPORTED, SSLv3, TLSv1, TLSv1_1, TLSv1_2, TLSv1_3, MAXIMUM_SUPPORTED = -2, 768, 769, 770, 771, 772, -1


class VerifyMode(enum.IntEnum):
    CERT_NONE, CERT_OPTIONAL, CERT_REQUIRED = range(3)


class VerifyFlags(enum.IntFlag):
    VERIFY_DEFAULT, VERIFY_CRL_CHECK_LEAF, VERIFY_CRL_CHECK_CHAIN = 0, 4, 12
    VERIFY_X509_STRICT, VERIFY_X509_TRUSTED_FIRST, VERIFY_ALLOW_PROXY_CERTS, VERIFY_X509_PARTIAL_CHAIN = 0x20, 0x8000, 0x40, 0x80000


class Options(enum.IntFlag):
    OP_ALL, OP_NO_SSLv2, OP_NO_SSLv3, OP_NO_TLSv1, OP_NO_TLSv1_1 = 0x80000050, 0, 0x2000000, 0x4000000, 0x10000000
    OP_NO_TLSv1_2, OP_NO_TLSv1_3, OP_CIPHER_SERVER_PREFERENCE, OP_SINGLE_DH_USE, OP_SINGLE_ECDH_USE = 0x8000000, 0x20000000, 0x400000, 0, 0
    OP_NO_COMPRESSION, OP_NO_TICKET, OP_NO_RENEGOTIATION, OP_IGNORE_UNEXPECTED_EOF = 0x20000, 0x4000, 0x40000000, 0x80
    OP_ENABLE_MIDDLEBOX_COMPAT, OP_LEGACY_SERVER_CONNECT, OP_ENABLE_KTLS = 0x100000, 4, 8


class _SSLMethod(enum.IntEnum):
    PROTOCOL_TLS, PROTOCOL_SSLv23, PROTOCOL_TLSv1, PROTOCOL_TLSv1_1, PROTOCOL_TLSv1_2, PROTOCOL_TLS_CLIENT, PROTOCOL_TLS_SERVER = 2, 2, 3, 4, 5, 16, 17


class SSLErrorNumber(enum.IntEnum):
    SSL_ERROR_NONE, SSL_ERROR_SSL, SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE, SSL_ERROR_WANT_X509_LOOKUP = range(5)
    SSL_ERROR_SYSCALL, SSL_ERROR_ZERO_RETURN, SSL_ERROR_WANT_CONNECT, SSL_ERROR_EOF = range(5, 9)


class Purpose(enum.Enum):
    SERVER_AUTH, CLIENT_AUTH = "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"


class MemoryBIO:
    """Bytes that one side writes and the other reads."""

    def __init__(self):
        self._bytes, self._ended = bytearray(), False

    pending = property(lambda self: len(self._bytes))
    eof = property(lambda self: self._ended and not self._bytes)

    def read(self, size=-1):
        data = bytes(self._bytes if size < 0 else self._bytes[:size])
        del self._bytes[:len(data)]
        return data

    def write(self, data):
        self._bytes += data
        return len(memoryview(data))

    def write_eof(self):
        self._ended = True


class _Session:
    """What a program may ask about encryption that is the host's."""

    server_side, session, session_reused = False, None, False

    def _begin(self, context, server_side, server_hostname):
        if server_side:
            raise OSError(errno.ENOTSUP, "servers are not available in this sandbox")
        if context.check_hostname and not server_hostname:
            raise ValueError("check_hostname requires server_hostname")
        if isinstance(server_hostname, (bytes, bytearray)):
            server_hostname = server_hostname.decode("ascii")
        self.context, self.server_hostname = context, server_hostname

    def getpeercert(self, binary_form=False):
        return None if binary_form else {}

    def cipher(self):
        return "TLS", "TLSv1.3", 256

    def version(self):
        return "TLSv1.3"

    def selected_alpn_protocol(self):
        return "http/1.1"

    def _nothing(self, *arguments):
        return None

    compression = shared_ciphers = selected_npn_protocol = get_channel_binding = verify_client_post_handshake = _nothing


class SSLObject(_Session):
    """Encryption between two buffers: here they pass on what they get, behind a mark that says for whom to encrypt."""

    def __init__(self, context, incoming, outgoing, server_side, server_hostname):
        self._begin(context, server_side, server_hostname)
        self._incoming, self._outgoing, self._marked = incoming, outgoing, False

    def do_handshake(self):
        if not self._marked:
            self._marked = True
            self._outgoing.write(connection.TLS_MARK + (self.server_hostname or "").encode("ascii", "replace") + b"\n")

    def read(self, size=1024, buffer=None):
        data = self._incoming.read(size)
        if not data and not self._incoming.eof and size:
            raise SSLWantReadError(SSLErrorNumber.SSL_ERROR_WANT_READ, "nothing has come yet")
        if buffer is None:
            return data
        buffer[:len(data)] = data
        return len(data)

    def write(self, data):
        self.do_handshake()
        return self._outgoing.write(data)

    def unwrap(self):
        pass

    def pending(self):
        return self._incoming.pending


class SSLSocket(_Session, socket.socket):
    """A connection that the host encrypts."""

    def __init__(self, *arguments, **named):
        raise TypeError("SSLSocket does not have a public constructor; use SSLContext.wrap_socket")

    @classmethod
    def _create(cls, sock, context, server_side, server_hostname):
        self = cls.__new__(cls)
        self._begin(context, server_side, server_hostname)
        socket.socket.__init__(self, sock._family, sock._type, sock._proto)
        self._timeout, self._connection, self._sslobj = sock._timeout, sock._connection, self
        sock.detach()
        self.do_handshake()
        return self

    def connect(self, address):
        super().connect(address)
        self.do_handshake()

    def do_handshake(self, block=False):
        if self._connection is not None:
            self._connection.start_tls(self.server_hostname)

    def read(self, size=1024, buffer=None):
        return self.recv(size) if buffer is None else self.recv_into(buffer, size)

    def write(self, data):
        return self.send(data)

    def pending(self):
        return len(self._rest)

    def unwrap(self):
        return self


class SSLContext:
    """What a program wants of encryption. Names and certificates are checked whatever it says."""

    sslsocket_class, sslobject_class = SSLSocket, SSLObject
    keylog_filename, hostname_checks_common_name, post_handshake_auth = None, False, None
    security_level, num_tickets, sni_callback = 2, 2, None

    def __init__(self, protocol=None):
        self.protocol = _SSLMethod.PROTOCOL_TLS_CLIENT if protocol is None else protocol
        client = self.protocol == _SSLMethod.PROTOCOL_TLS_CLIENT
        self.check_hostname, self.verify_mode = client, VerifyMode.CERT_REQUIRED if client else VerifyMode.CERT_NONE
        self.options, self.verify_flags = Options.OP_ALL, VerifyFlags.VERIFY_X509_TRUSTED_FIRST
        self.minimum_version, self.maximum_version = TLSVersion.TLSv1_2, TLSVersion.MAXIMUM_SUPPORTED

    def wrap_socket(self, sock, server_side=False, do_handshake_on_connect=True, suppress_ragged_eofs=True, server_hostname=None, session=None):
        return self.sslsocket_class._create(sock, self, server_side, server_hostname)

    def wrap_bio(self, incoming, outgoing, server_side=False, server_hostname=None, session=None):
        return self.sslobject_class(self, incoming, outgoing, server_side, server_hostname)

    def load_cert_chain(self, certfile, keyfile=None, password=None):
        raise SSLError(1, "certificates of clients are not available in this sandbox")

    def _kept(self, *arguments, **named):
        pass

    load_verify_locations = load_default_certs = set_default_verify_paths = set_alpn_protocols = set_npn_protocols = _kept
    set_ciphers = set_ecdh_curve = load_dh_params = set_servername_callback = _kept

    def get_ca_certs(self, binary_form=False):
        return []

    def get_ciphers(self):
        return []

    def cert_store_stats(self):
        return {"x509": 0, "crl": 0, "x509_ca": 0}

    def session_stats(self):
        return {}


def create_default_context(purpose=Purpose.SERVER_AUTH, *, cafile=None, capath=None, cadata=None):
    """A context; certificates given here are not added to the host's."""
    return SSLContext(_SSLMethod.PROTOCOL_TLS_CLIENT)


def _create_unverified_context(protocol=None, **ignored):
    context = SSLContext(protocol)
    context.check_hostname, context.verify_mode = False, VerifyMode.CERT_NONE
    return context


def get_server_certificate(*arguments, **named):
    raise SSLError(1, "certificates of servers are not shown in this sandbox: " + TRUST)


def get_default_verify_paths():
    import collections
    names = "cafile capath openssl_cafile_env openssl_cafile openssl_capath_env openssl_capath"
    return collections.namedtuple("DefaultVerifyPaths", names)(None, None, "SSL_CERT_FILE", "", "SSL_CERT_DIR", "")


def _offer():
    public = {name: value for name, value in globals().items() if isinstance(value, type) and value.__module__ == __name__}
    public |= {function.__name__: function for function in (create_default_context, _create_unverified_context, get_server_certificate, get_default_verify_paths)}
    for kind in (VerifyMode, VerifyFlags, Options, _SSLMethod, SSLErrorNumber):
        public |= kind.__members__
    public |= {f"HAS_{name}": True for name in ("SNI", "ALPN", "ECDH", "NEVER_CHECK_COMMON_NAME", "TLSv1_2", "TLSv1_3")}
    public |= {f"HAS_{name}": False for name in ("NPN", "SSLv2", "SSLv3", "TLSv1", "TLSv1_1", "PSK")}
    public |= dict(
        CertificateError=SSLCertVerificationError, SSLSession=type(None), socket_error=OSError, CHANNEL_BINDING_TYPES=[],
        _create_default_https_context=create_default_context, _create_stdlib_context=_create_unverified_context,
        # Libraries want to see OpenSSL; this is what they may expect of the host.
        OPENSSL_VERSION="OpenSSL 3.0.0 (in its place: the host of this sandbox)", OPENSSL_VERSION_INFO=(3, 0, 0, 0, 0),
        OPENSSL_VERSION_NUMBER=0x30000000, AF_INET=socket.AF_INET, SOCK_STREAM=socket.SOCK_STREAM,
    )
    for name, value in public.items():
        if callable(value) and not isinstance(value, type(None)) and getattr(value, "__module__", None) == __name__:
            value.__module__ = "ssl"
        setattr(module, name, value)
    module.SSLSocket = SSLSocket


_offer()
sys.modules["ssl"] = module
