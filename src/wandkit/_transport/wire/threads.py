"""Blocking connections: one exchange at a time on each, kept open and shared by all threads of a client."""

from __future__ import annotations

import os
import select
import socket
import struct
from collections.abc import Iterator, Mapping
from time import monotonic
from typing import TYPE_CHECKING, Any

from wandkit._core.failure import Reply, WireError
from wandkit._transport.backend import IDLE_S, Network, httpx_failure, socket_failure
from wandkit._transport.exchange import READ_SIZE, Exchange, Head, Inflate, Origin, Request

if TYPE_CHECKING:
    import ssl

__all__ = ["Answering", "Wire"]

_WAIT_FOR_ALL: int = getattr(socket, "MSG_WAITALL", 0) if os.name == "posix" else 0


class Wire:
    """Sends requests and receives answers. Threads may share it; it survives a fork and a pickle."""

    _tls: ssl.SSLContext | None

    def __init__(self, network: Network) -> None:
        self._network = network
        self._forget()

    def exchange(self, request: Request, *, timeout: float) -> Reply:
        """Return the whole answer, `timeout` seconds from now at the latest.

        Raises:
            WireError: There is no whole answer.
        """
        with self._open(request, _Timer(timeout, monotonic() + timeout), None) as answering:
            return Reply(answering.status, answering.headers, answering.read())

    def open(self, request: Request, *, timeout: float, pieces: Iterator[bytes] | None = None) -> Answering:
        """Return an answer of which the head is there; no step may take longer than `timeout` seconds.

        Raises:
            WireError: There is no answer.
        """
        return self._open(request, _Timer(timeout, None), pieces)

    def close(self) -> None:
        """Close the idle connections and what was handed in, as httpx does; those in use close when done."""
        idle, others = self._idle, self._httpx
        self._forget()
        for connections in idle.values():
            for connection in connections:
                connection.close()
        handed_in = [self._network.transport] if self._network.transport is not None else []
        for transport in (*others.values(), *handed_in):
            transport.close()

    def _open(self, request: Request, timer: _Timer, pieces: Iterator[bytes] | None) -> Answering:
        if self._pid != os.getpid():
            self._forget()
        if request.origin not in self._proxies:
            self._proxies[request.origin] = self._network.proxy_for(request.origin)
        proxy = self._proxies[request.origin]
        if proxy is not None or self._network.transport is not None:
            return self._open_by_httpx(request, timer, pieces, proxy)
        connection = self._reusable(request.origin, look=not request.idempotent)
        if connection is not None:
            try:
                return self._begin(connection, request, timer, pieces)
            except WireError as error:
                stale = error.kind == "broken" and not connection.received and pieces is None
                if not (stale and request.idempotent):
                    raise
        connection = _Connection(request.origin, self._connect(request.origin, timer))
        return self._begin(connection, request, timer, pieces)

    def _begin(
        self, connection: _Connection, request: Request, timer: _Timer, pieces: Iterator[bytes] | None
    ) -> Answering:
        try:
            connection.send(request, pieces, timer)
            head = connection.head(timer)
        except BaseException:
            connection.close()
            raise
        return Answering(head, _OwnBody(self, connection, timer), inflate=request.inflate)

    def _reusable(self, origin: Origin, *, look: bool) -> _Connection | None:
        """Return an idle connection that has not been closed yet, as far as one knows without a `look`."""
        idle = self._idle.get(origin, [])
        while idle:
            try:
                connection = idle.pop()
            except IndexError:
                return None
            if connection.is_fresh(look=look):
                return connection
            connection.close()
        return None

    def give_back(self, connection: _Connection) -> None:
        """Take back a connection whose answer was read to the end."""
        if self._pid == os.getpid() and connection.exchange.recycle():
            connection.used_at, connection.received = monotonic(), False
            self._idle.setdefault(connection.origin, []).append(connection)
        else:
            connection.close()

    def _connect(self, origin: Origin, timer: _Timer) -> socket.socket:
        context = None
        if origin.scheme == "https":
            context = self._tls = self._tls or self._network.tls_context()
        try:
            opened = socket.create_connection((origin.host, origin.port), timer.left())
        except OSError as error:
            raise socket_failure(error, sent=False) from None
        try:
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if context is None:
                return opened
            opened.settimeout(timer.left())
            return context.wrap_socket(opened, server_hostname=origin.host)
        except OSError as error:
            opened.close()
            raise socket_failure(error, sent=False) from None

    def _open_by_httpx(
        self, request: Request, timer: _Timer, pieces: Iterator[bytes] | None, proxy: str | None
    ) -> Answering:
        import httpx

        transport = self._network.transport or self._httpx.get(proxy)
        if transport is None:
            transport = self._httpx.setdefault(
                proxy, httpx.HTTPTransport(**self._network.httpx_options(proxy))
            )
        headers = [(name.encode(), value.encode()) for name, value in request.headers.items()]
        if request.length is not None:
            headers.append((b"Content-Length", b"%d" % request.length))
        sending = httpx.Request(
            request.method,
            request.url,
            headers=headers,
            content=pieces if pieces is not None else request.body,
            extensions={"timeout": httpx.Timeout(timer.left()).as_dict()},
        )
        try:
            response = transport.handle_request(sending)
        except httpx.HTTPError as error:
            raise httpx_failure(error, proxy) from None
        head = Head(response.status_code, {name.lower(): value for name, value in response.headers.items()})
        return Answering(head, _HttpxBody(response), inflate=request.inflate)

    def _forget(self) -> None:
        """Start without connections, as after a fork: those of the parent are the parent's."""
        self._pid = os.getpid()
        self._idle: dict[Origin, list[_Connection]] = {}
        self._httpx: dict[str | None, Any] = {}
        self._proxies: dict[Origin, str | None] = {}
        self._tls = None

    def __del__(self) -> None:
        """Close the idle connections of a client that nobody has closed."""
        for connections in getattr(self, "_idle", {}).values():
            for connection in connections:
                connection.close()

    def __getstate__(self) -> dict[str, Any]:
        """Pickle how hosts are reached, not the connections."""
        return {"_network": self._network}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Come back without connections."""
        self._network = state["_network"]
        self._forget()


class Answering:
    """An answer on its way: its head is there, its body is read once. Close it, or read it to the end."""

    def __init__(self, head: Head, body: _OwnBody | _HttpxBody, *, inflate: bool) -> None:
        self.status: int = head.status
        self.headers: Mapping[str, str] = head.headers
        self._body = body
        self._inflate = Inflate(head.headers if inflate else {})

    def pieces(self) -> Iterator[bytes]:
        """Yield the body in pieces, gzip undone unless the request asked for it as it is.

        Raises:
            WireError: It breaks off.
        """
        for piece in self._body:
            data = self._inflate.feed(piece)
            if data:
                yield data
        rest = self._inflate.end()
        if rest:
            yield rest

    def read(self) -> bytes:
        """Return the (rest of the) body.

        Raises:
            WireError: It breaks off.
        """
        whole = self._body.rest()
        if whole is None:
            return b"".join(self.pieces())
        return self._inflate.feed(whole) + self._inflate.end()

    def close(self) -> None:
        """Let go of the connection; an unread body is given up."""
        self._body.close()

    def __enter__(self) -> Answering:
        """Return the answer; leaving closes it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()


class _OwnBody:
    """A body that arrives on a connection of ours, which goes back to the wire at its end."""

    def __init__(self, wire: Wire, connection: _Connection, timer: _Timer) -> None:
        self._wire = wire
        self._connection: _Connection | None = connection
        self._timer = timer

    def __iter__(self) -> Iterator[bytes]:
        connection = self._connection
        if connection is None:
            return
        try:
            while True:
                event = connection.event(self._timer)
                if isinstance(event, bytes):
                    yield event
                elif event is True:
                    break
        except WireError:
            self.close()
            raise
        self._connection = None
        self._wire.give_back(connection)

    def rest(self) -> bytes | None:
        """Return the whole body at once where that is cheaper than in pieces; else None."""
        connection = self._connection
        if connection is None or (passed := connection.exchange.pass_body()) is None:
            return None
        begun, left = passed
        try:
            whole = b"".join([begun, *connection.receive_all(left, self._timer)])
        except WireError:
            self.close()
            raise
        self._connection = None
        self._wire.give_back(connection)
        return whole

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


class _HttpxBody:
    """A body that an httpx transport brings."""

    def __init__(self, response: Any) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        import httpx

        try:
            yield from self._response.stream
        except httpx.HTTPError as error:
            raise httpx_failure(error) from None

    def rest(self) -> None:
        """It comes in pieces."""

    def close(self) -> None:
        self._response.close()


class _Timer:
    """How long the next step may take: `step` seconds, or what is left until `ends`."""

    __slots__ = ("_ends", "_step")

    def __init__(self, step: float, ends: float | None) -> None:
        self._step = step
        self._ends = ends

    def left(self) -> float:
        if self._ends is None:
            return self._step
        left = self._ends - monotonic()
        if left <= 0:
            raise TimeoutError("the time limit passed")
        return left


class _Connection:
    """One socket and its HTTP state."""

    __slots__ = ("_socket", "exchange", "origin", "received", "used_at")

    def __init__(self, origin: Origin, opened: socket.socket) -> None:
        self.origin: Origin = origin
        self.exchange: Exchange = Exchange()
        self.used_at: float = monotonic()
        self.received: bool = False
        self._socket = opened

    def is_fresh(self, *, look: bool) -> bool:
        """Tell whether the server has kept it open; a readable idle connection was closed.

        What is sent again anyhow needs no look, which would let other threads cut in.
        """
        if monotonic() - self.used_at > IDLE_S:
            return False
        if not look:
            return True
        try:
            if hasattr(select, "poll"):
                poll = select.poll()
                poll.register(self._socket, select.POLLIN)
                return not poll.poll(0)
            return not select.select([self._socket], [], [], 0)[0]
        except (OSError, ValueError):
            return False

    def send(self, request: Request, pieces: Iterator[bytes] | None, timer: _Timer) -> None:
        """Send the request; where the server stops reading, its early answer is still to be read."""
        data = self.exchange.start(request)
        try:
            self._send(data, timer)
            if pieces is not None:
                for piece in pieces:
                    self._send(self.exchange.piece(piece), timer)
                self._send(self.exchange.finish(), timer)
        except (BrokenPipeError, ConnectionResetError):
            return
        except OSError as error:
            raise socket_failure(error, sent=True) from None

    def _send(self, data: bytes, timer: _Timer) -> None:
        if data:
            self._socket.settimeout(timer.left())
            self._socket.sendall(data)

    def head(self, timer: _Timer) -> Head:
        while True:
            event = self.event(timer)
            if isinstance(event, Head):
                return event

    def event(self, timer: _Timer) -> Head | bytes | bool:
        """Return what comes next in the answer, True at its end."""
        while True:
            event = self.exchange.next()
            if event is not False:
                return event
            try:
                self._socket.settimeout(timer.left())
                data = self._socket.recv(READ_SIZE)
            except OSError as error:
                raise socket_failure(error, sent=True) from None
            self.received = self.received or bool(data)
            self.exchange.receive(data)

    def receive_all(self, left: int, timer: _Timer) -> Iterator[bytes]:
        """Yield the next `left` bytes, in as few pieces as can be.

        For each piece that a socket hands over, its thread waits until another one lets go of the
        interpreter; so the system is asked to wait for all of it.
        """
        plain = _WAIT_FOR_ALL and not hasattr(self._socket, "context")
        try:
            while left:
                if plain:
                    wait_s = timer.left()
                    self._socket.settimeout(None)
                    limit = struct.pack("@ll", int(wait_s), int(wait_s % 1 * 1_000_000) or 1)
                    self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
                    data = self._socket.recv(left, _WAIT_FOR_ALL)
                else:
                    self._socket.settimeout(timer.left())
                    data = self._socket.recv(min(left, READ_SIZE))
                if not data:
                    raise WireError("broken", "the server closed the connection in the middle", sent=True)
                left -= len(data)
                yield data
        except BlockingIOError:
            raise WireError("timeout", "no answer in time", sent=True) from None
        except OSError as error:
            raise socket_failure(error, sent=True) from None

    def close(self) -> None:
        self._socket.close()
