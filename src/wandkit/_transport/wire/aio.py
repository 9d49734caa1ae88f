"""Connections on asyncio: one exchange at a time on each, kept open for the tasks of one event loop."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Coroutine
from time import monotonic
from typing import TYPE_CHECKING, Any

from wandkit._core.failure import Reply, WireError
from wandkit._transport.backend import IDLE_S, Network, httpx_failure, socket_failure
from wandkit._transport.exchange import READ_SIZE, Exchange, Head, Inflate, Origin, Request

if TYPE_CHECKING:
    import ssl

__all__ = ["Answering", "Wire"]

_BUFFER = 1024 * 1024


class Wire:
    """Sends requests and receives answers. It serves the running loop, and starts afresh on another one."""

    _tls: ssl.SSLContext | None
    _loop: asyncio.AbstractEventLoop | None

    def __init__(self, network: Network) -> None:
        self._network = network
        self._forget()

    async def exchange(self, request: Request, *, timeout: float) -> Reply:
        """Return the whole answer, `timeout` seconds from now at the latest.

        Raises:
            WireError: There is no whole answer.
        """
        async with await self._open(request, _Timer(timeout, monotonic() + timeout), None) as answering:
            return Reply(answering.status, answering.headers, await answering.read())

    async def open(
        self, request: Request, *, timeout: float, pieces: AsyncIterator[bytes] | None = None
    ) -> Answering:
        """Return an answer of which the head is there; no step may take longer than `timeout` seconds.

        Raises:
            WireError: There is no answer.
        """
        return await self._open(request, _Timer(timeout, None), pieces)

    async def aclose(self) -> None:
        """Close the idle connections and what was handed in, as httpx does; those in use close when done."""
        idle, others = self._idle, self._httpx
        self._forget()
        for connections in idle.values():
            for connection in connections:
                connection.close()
        handed_in = [self._network.transport] if self._network.transport is not None else []
        for transport in (*others.values(), *handed_in):
            await transport.aclose()
        await asyncio.sleep(0)

    async def _open(self, request: Request, timer: _Timer, pieces: AsyncIterator[bytes] | None) -> Answering:
        loop = asyncio.get_running_loop()
        if self._pid != os.getpid() or self._loop is not loop:
            self._forget()
            self._loop = loop
        if request.origin not in self._proxies:
            self._proxies[request.origin] = self._network.proxy_for(request.origin)
        proxy = self._proxies[request.origin]
        if proxy is not None or self._network.transport is not None:
            return await self._open_by_httpx(request, timer, pieces, proxy)
        connection = self._reusable(request.origin)
        if connection is not None:
            try:
                return await self._begin(connection, request, timer, pieces)
            except WireError as error:
                stale = error.kind == "broken" and not connection.received and pieces is None
                if not (stale and request.idempotent):
                    raise
        connection = await self._connect(request.origin, timer)
        return await self._begin(connection, request, timer, pieces)

    async def _begin(
        self, connection: _Connection, request: Request, timer: _Timer, pieces: AsyncIterator[bytes] | None
    ) -> Answering:
        try:
            await connection.send(request, pieces, timer)
            head = await connection.head(timer)
        except BaseException:
            connection.close()
            raise
        return Answering(head, _OwnBody(self, connection, timer), inflate=request.inflate)

    def _reusable(self, origin: Origin) -> _Connection | None:
        idle = self._idle.get(origin, [])
        while idle:
            connection = idle.pop()
            if connection.is_fresh():
                return connection
            connection.close()
        return None

    def give_back(self, connection: _Connection) -> None:
        """Take back a connection whose answer was read to the end."""
        if self._loop is asyncio.get_running_loop() and connection.exchange.recycle():
            connection.used_at, connection.received = monotonic(), False
            self._idle.setdefault(connection.origin, []).append(connection)
        else:
            connection.close()

    async def _connect(self, origin: Origin, timer: _Timer) -> _Connection:
        tls: dict[str, Any] = {}
        if origin.scheme == "https":
            self._tls = self._tls or self._network.tls_context()
            tls = {"ssl": self._tls, "server_hostname": origin.host}
        opening = asyncio.open_connection(origin.host, origin.port, limit=_BUFFER, **tls)
        try:
            reader, writer = await asyncio.wait_for(opening, timer.left())
        except asyncio.TimeoutError:
            raise WireError("timeout", "no connection in time", sent=False) from None
        except OSError as error:
            raise socket_failure(error, sent=False) from None
        return _Connection(origin, reader, writer)

    async def _open_by_httpx(
        self, request: Request, timer: _Timer, pieces: AsyncIterator[bytes] | None, proxy: str | None
    ) -> Answering:
        import httpx

        transport = self._network.transport or self._httpx.get(proxy)
        if transport is None:
            transport = self._httpx.setdefault(
                proxy, httpx.AsyncHTTPTransport(**self._network.httpx_options(proxy))
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
            response = await transport.handle_async_request(sending)
        except httpx.HTTPError as error:
            raise httpx_failure(error, proxy) from None
        head = Head(response.status_code, {name.lower(): value for name, value in response.headers.items()})
        return Answering(head, _HttpxBody(response), inflate=request.inflate)

    def _forget(self) -> None:
        """Start without connections, as on another loop or after a fork: those of before are not ours."""
        self._pid = os.getpid()
        self._loop = None
        self._idle: dict[Origin, list[_Connection]] = {}
        self._httpx: dict[str | None, Any] = {}
        self._proxies: dict[Origin, str | None] = {}
        self._tls = None

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
        self.status = head.status
        self.headers = head.headers
        self._body = body
        self._inflate = Inflate(head.headers if inflate else {})

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield the body in pieces, gzip undone unless the request asked for it as it is.

        Raises:
            WireError: It breaks off.
        """
        async for piece in self._body:
            data = self._inflate.feed(piece)
            if data:
                yield data
        rest = self._inflate.end()
        if rest:
            yield rest

    async def read(self) -> bytes:
        """Return the (rest of the) body.

        Raises:
            WireError: It breaks off.
        """
        whole = await self._body.rest()
        if whole is None:
            return b"".join([piece async for piece in self.pieces()])
        return self._inflate.feed(whole) + self._inflate.end()

    async def aclose(self) -> None:
        """Let go of the connection; an unread body is given up."""
        await self._body.aclose()

    async def __aenter__(self) -> Answering:
        """Return the answer; leaving closes it."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close it."""
        await self.aclose()


class _OwnBody:
    """A body that arrives on a connection of ours, which goes back to the wire at its end."""

    def __init__(self, wire: Wire, connection: _Connection, timer: _Timer) -> None:
        self._wire = wire
        self._connection: _Connection | None = connection
        self._timer = timer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        connection = self._connection
        if connection is None:
            return
        try:
            while True:
                event = await connection.event(self._timer)
                if isinstance(event, bytes):
                    yield event
                elif event is True:
                    break
        except (WireError, asyncio.CancelledError):
            await self.aclose()
            raise
        self._connection = None
        self._wire.give_back(connection)

    async def rest(self) -> bytes | None:
        """Return the whole body at once where that is cheaper than in pieces; else None."""
        connection = self._connection
        if connection is None or (passed := connection.exchange.pass_body()) is None:
            return None
        begun, left = passed
        try:
            rest = await connection.receive_all(left, self._timer)
        except (WireError, asyncio.CancelledError):
            await self.aclose()
            raise
        self._connection = None
        self._wire.give_back(connection)
        return begun + rest

    async def aclose(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


class _HttpxBody:
    """A body that an httpx transport brings."""

    def __init__(self, response: Any) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        import httpx

        try:
            async for piece in self._response.stream:
                yield piece
        except httpx.HTTPError as error:
            raise httpx_failure(error) from None

    async def rest(self) -> None:
        """It comes in pieces."""

    async def aclose(self) -> None:
        await self._response.aclose()


class _Timer:
    """How long the next step may take: `step` seconds, or what is left until `ends`."""

    __slots__ = ("_ends", "_step")

    def __init__(self, step: float, ends: float | None) -> None:
        self._step = step
        self._ends = ends

    def left(self) -> float:
        return self._step if self._ends is None else max(0.0, self._ends - monotonic())


class _Connection:
    """One stream and its HTTP state."""

    __slots__ = ("_reader", "_too_late", "_writer", "exchange", "origin", "received", "used_at")

    def __init__(self, origin: Origin, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.origin = origin
        self.exchange = Exchange()
        self.used_at = monotonic()
        self.received = False
        self._reader = reader
        self._writer = writer
        self._too_late = False

    def is_fresh(self) -> bool:
        """Tell whether the server has kept it open."""
        idle_s = monotonic() - self.used_at
        return idle_s <= IDLE_S and not (self._reader.at_eof() or self._writer.transport.is_closing())

    async def send(self, request: Request, pieces: AsyncIterator[bytes] | None, timer: _Timer) -> None:
        """Send the request; where the server stops reading, its early answer is still to be read."""
        data = self.exchange.start(request)
        try:
            await self._send(data, timer)
            if pieces is not None:
                async for piece in pieces:
                    await self._send(self.exchange.piece(piece), timer)
                await self._send(self.exchange.finish(), timer)
        except (BrokenPipeError, ConnectionResetError):
            if self._too_late:
                raise WireError("timeout", "the request could not be sent in time", sent=True) from None
        except OSError as error:
            raise socket_failure(error, sent=True) from None

    async def _send(self, data: bytes, timer: _Timer) -> None:
        if not data:
            return
        self._writer.write(data)
        alarm = asyncio.get_running_loop().call_later(timer.left(), self._expire)
        try:
            await self._writer.drain()
        finally:
            alarm.cancel()

    async def head(self, timer: _Timer) -> Head:
        while True:
            event = await self.event(timer)
            if isinstance(event, Head):
                return event

    async def event(self, timer: _Timer) -> Head | bytes | bool:
        """Return what comes next in the answer, True at its end."""
        while True:
            event = self.exchange.next()
            if event is not False:
                return event
            data = await self._received(self._reader.read(READ_SIZE), timer)
            self.received = self.received or bool(data)
            self.exchange.receive(data)

    async def receive_all(self, size: int, timer: _Timer) -> bytes:
        """Return the next `size` bytes."""
        try:
            return await self._received(self._reader.readexactly(size), timer)
        except asyncio.IncompleteReadError:
            if self._too_late:
                raise WireError("timeout", "no answer in time", sent=True) from None
            raise WireError("broken", "the server closed the connection in the middle", sent=True) from None

    async def _received(self, reading: Coroutine[Any, Any, bytes], timer: _Timer) -> bytes:
        # Cheaper than `wait_for`, which makes a task for each read.
        alarm = asyncio.get_running_loop().call_later(timer.left(), self._expire)
        try:
            data = await reading
        except OSError as error:
            if self._too_late:
                raise WireError("timeout", "no answer in time", sent=True) from None
            raise socket_failure(error, sent=True) from None
        finally:
            alarm.cancel()
        if self._too_late:
            raise WireError("timeout", "no answer in time", sent=True)
        return data

    def _expire(self) -> None:
        self._too_late = True
        self._writer.transport.abort()

    def close(self) -> None:
        try:
            self._writer.transport.abort()
        except RuntimeError:
            return  # Its loop is closed, and the socket with it.
