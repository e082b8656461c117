"""An event loop for asyncio without sockets: it is its own selector, and waits for timers and for what the host does."""

import asyncio
import socket
from asyncio import base_events, events, transports


class SandboxLoop(base_events.BaseEventLoop):
    """Runs what is ready, and waits until there is more."""

    can_suspend = False  # the session's own loop can: nothing of ours lies below it

    def __init__(self):
        super().__init__()
        self._selector = self

    def select(self, timeout):
        """Waits for the next timer, or for an operation of the host's. Nothing else can wake the loop."""
        if timeout == 0 and not exchange.watchers:
            return ()
        number = exchange.wait(0, timeout)
        exchange.wake(number)
        if timeout is None and not number:
            self._nothing_comes()
        return ()

    def _nothing_comes(self):
        """Nothing is left that could wake a task, unless the caller of the run answers tools."""
        lost = [number for number in exchange.watchers if exchange.wait(number, 0)]
        for number in lost:
            exchange.wake(number)
        if lost:
            return
        if not exchange.watchers:
            raise RuntimeError("deadlock: every task waits, and nothing is left that could wake one")
        if not self.can_suspend:
            raise RuntimeError("this tool is answered by the caller of the run: await it at the top level, without asyncio.run")
        self.stop()

    def close(self):
        super().close()

    def run_in_executor(self, executor, func, *args):
        """There are no threads: the call is made here and now."""
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:
            future.set_exception(error)
        return future

    def call_soon_threadsafe(self, callback, *args, context=None):
        return self.call_soon(callback, *args, context=context)

    async def create_connection(self, protocol_factory, host=None, port=None, *, ssl=None, sock=None, server_hostname=None, **ignored):
        """A connection with a host that was granted."""
        if sock is None:
            sock = socket.socket()
            sock.connect((host, port))
        protocol = protocol_factory()
        transport = Transport(self, protocol, sock)
        if ssl:
            await self.start_tls(transport, protocol, ssl, server_hostname=server_hostname or host)
        protocol.connection_made(transport)
        transport.pump()
        return transport, protocol

    async def start_tls(self, transport, protocol, sslcontext, *, server_side=False, server_hostname=None, **ignored):
        """From here on the host encrypts."""
        import ssl
        context = sslcontext if isinstance(sslcontext, ssl.SSLContext) else ssl.create_default_context()
        transport.encrypt(context, server_hostname)
        transport.set_protocol(protocol)
        return transport

    def _process_events(self, event_list):
        pass

    def _write_to_self(self):
        pass


class Transport(transports.Transport):
    """A connection's end for an event loop."""

    def __init__(self, loop, protocol, sock):
        super().__init__({"socket": sock, "peername": sock.getpeername(), "sockname": sock.getsockname()})
        self._loop, self._protocol, self._line = loop, protocol, sock._connection
        self._paused = self._closing = self._ended = False

    def encrypt(self, context, name):
        sock = context.wrap_socket(self._extra["socket"], server_hostname=name)
        self._extra.update(socket=sock, ssl_object=sock, sslcontext=context)

    def write(self, data):
        if self._closing:
            return
        try:
            self._line.feed(data)
        except Exception as error:
            self._lose(error)
        else:
            self.pump()

    def pump(self):
        """Hands over the next piece of the answer, if there is one and it is wanted."""
        if self._paused or self._closing or self._ended or not self._line.number:
            return
        try:
            data = self._line.take()
        except Exception as error:
            self._lose(error)
            return
        if data is None:
            exchange.watchers[self._line.number] = self._later
        elif data:
            self._protocol.data_received(data)
            self._later()
        else:
            self._ended = True
            if not self._protocol.eof_received():
                self._lose(None)

    def _later(self):
        if not self._loop.is_closed():
            self._loop.call_soon(self.pump)

    def _lose(self, error):
        if not self._closing:
            self._closing = True
            self._line.close()
            self._loop.call_soon(self._protocol.connection_lost, error)

    def close(self):
        self._lose(None)

    abort = close

    def pause_reading(self):
        self._paused = True

    def resume_reading(self):
        self._paused = False
        self._later()

    def is_reading(self):
        return not (self._paused or self._closing)

    def is_closing(self):
        return self._closing

    def get_protocol(self):
        return self._protocol

    def set_protocol(self, protocol):
        self._protocol = protocol

    def set_write_buffer_limits(self, high=None, low=None):
        pass

    def get_write_buffer_size(self):
        return 0

    def can_write_eof(self):
        return False


class SandboxPolicy(events.BaseDefaultEventLoopPolicy):
    _loop_factory = SandboxLoop


asyncio.SelectorEventLoop = asyncio.EventLoop = SandboxLoop
asyncio.DefaultEventLoopPolicy = SandboxPolicy
asyncio.set_event_loop_policy(SandboxPolicy())
