"""HTTP/1.1 without I/O: requests to bytes, and bytes to answers. Both faces of the wire share it.

The parsing is h11's, the library beneath httpx. Connections are not httpx's: see
docs/decisions/http-stack.md for what that buys.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import quote, urljoin, urlsplit

import h11

from wandkit._core.failure import WireError
from wandkit.errors import ArgumentError

__all__ = ["READ_SIZE", "Exchange", "Head", "Inflate", "Origin", "Request", "redirect_target", "resolve"]

READ_SIZE = 256 * 1024
_LONGEST_HEAD = 256 * 1024
_WORTH_PASSING = 64 * 1024
_LARGEST_PASSED = 256 * 1024 * 1024
_URL_SAFE = "!#$%&'()*+,/:;=?@[]~"
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Origin(NamedTuple):
    """A scheme, host and port: what a connection belongs to, and what credentials are bound to."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        """Return the origin as in a URL, without its default port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + (
            f":{self.port}" if self.port != _DEFAULT_PORTS[self.scheme] else ""
        )

    @property
    def authority(self) -> str:
        """What the Host header says."""
        return str(self).split("://", 1)[1]

    @property
    def is_loopback(self) -> bool:
        """Whether the host is this machine."""
        return self.host in ("localhost", "::1") or self.host.startswith("127.")


@dataclass(frozen=True, slots=True)
class Request:
    """One request: where to, and what to say.

    The body is `body`, or comes apart from it in pieces, `length` bytes in all.
    """

    method: str
    origin: Origin
    target: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)
    length: int | None = None
    idempotent: bool = False

    @property
    def inflate(self) -> bool:
        """Whether a compressed body is to be undone: a file is stored as it was sent."""
        return self.headers.get("Accept-Encoding") != "identity"

    @property
    def url(self) -> str:
        """The whole address."""
        return f"{self.origin}{self.target}"


def resolve(url: str) -> tuple[Origin, str]:
    """Split a URL into its origin and its request target, percent-escapes kept as they are.

    Raises:
        ArgumentError: It is no http or https URL.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)
        host = (
            (parts.hostname or "").encode("idna").decode()
            if not (parts.hostname or "").isascii()
            else parts.hostname
        )
    except ValueError:
        parts, port, host = urlsplit(""), 0, None
    if parts.scheme not in _DEFAULT_PORTS or not host:
        raise ArgumentError(f"Not an http or https address: {url.split('?', 1)[0]!r}.")
    target = quote(parts.path or "/", safe=_URL_SAFE) + (
        f"?{quote(parts.query, safe=_URL_SAFE)}" if parts.query else ""
    )
    return Origin(parts.scheme, host, port), target


def redirect_target(url: str, location: str) -> str:
    """Return the absolute address that a `Location` header names."""
    return urljoin(url, location)


class Head(NamedTuple):
    """The start of an answer: status, and headers with lower-case names (repeated ones joined by commas)."""

    status: int
    headers: Mapping[str, str]


class Exchange:
    """The HTTP state of one connection: what to send, and what the received bytes mean."""

    def __init__(self) -> None:
        self._renew()

    def _renew(self) -> None:
        self._h11 = h11.Connection(h11.CLIENT, max_incomplete_event_size=_LONGEST_HEAD)
        self._body: int | None = None
        self._is_past_body = False

    def start(self, request: Request) -> bytes:
        """Return the bytes that begin `request`: its head, and its body where that is at hand."""
        given = {"Host": request.origin.authority, **request.headers}
        headers = [(name.encode(), value.encode()) for name, value in given.items()]
        length = len(request.body) if request.length is None else request.length
        if length or request.method not in ("GET", "HEAD", "DELETE"):
            headers.append((b"Content-Length", b"%d" % length))
        try:
            head = self._h11.send(h11.Request(method=request.method, target=request.target, headers=headers))
            if request.length is not None:
                return head or b""
            body = self._h11.send(h11.Data(data=request.body)) if request.body else b""
            return (head or b"") + (body or b"") + self.finish()
        except h11.LocalProtocolError as error:
            raise ArgumentError(f"The request cannot be written as HTTP: {error}.") from None

    def piece(self, data: bytes) -> bytes:
        """Return the bytes that send a piece of the body.

        Raises:
            WireError: It is more than was announced.
        """
        try:
            return self._h11.send(h11.Data(data=data)) or b""
        except h11.LocalProtocolError as error:
            raise WireError("length", str(error), sent=True) from None

    def finish(self) -> bytes:
        """Return the bytes that end the body.

        Raises:
            WireError: The pieces did not add up to the announced length.
        """
        try:
            return self._h11.send(h11.EndOfMessage()) or b""
        except h11.LocalProtocolError as error:
            raise WireError("length", str(error), sent=True) from None

    def receive(self, data: bytes) -> None:
        """Take bytes that came in; `b""` means that the server closed."""
        self._h11.receive_data(data)

    def next(self) -> Head | bytes | bool:
        """Return the head of the answer, a piece of its body, True at its end, or False to ask for more.

        Raises:
            WireError: The server broke off, or does not speak HTTP/1.1.
        """
        while True:
            try:
                event = self._h11.next_event()
            except h11.RemoteProtocolError as error:
                if self._h11.trailing_data[1] or "closed" in str(error).lower():
                    raise WireError("broken", "the server closed the connection", sent=True) from None
                raise WireError("protocol", str(error), sent=True) from None
            if event is h11.NEED_DATA:
                return False
            if isinstance(event, h11.Data):
                return bytes(event.data)
            if isinstance(event, h11.Response):
                head = Head(event.status_code, _folded(event.headers))
                self._body = _plain_length(event, head) if self._h11.our_state is h11.DONE else None
                return head
            if isinstance(event, h11.EndOfMessage):
                return True
            if isinstance(event, h11.ConnectionClosed) or event is h11.PAUSED:
                raise WireError("broken", "the server closed the connection without an answer", sent=True)

    def pass_body(self) -> tuple[bytes, int] | None:
        """Hand a large body of known length over to the caller, who reads it off the connection in one go.

        Call it when the head has come. Nothing but `recycle` may be called after the body.

        Returns:
            What has come of the body, and how many bytes are to come; None where `next` gives the body.
        """
        if self._body is None:
            return None
        begun = self._h11.trailing_data[0]
        left = self._body - len(begun)
        if left < _WORTH_PASSING:
            return None
        self._is_past_body = True
        return begun, left

    def recycle(self) -> bool:
        """Make ready for the next request; return False where the connection cannot be used again."""
        if self._is_past_body:
            self._renew()
            return True
        try:
            self._h11.start_next_cycle()
        except h11.LocalProtocolError:
            return False
        return True


def _plain_length(response: h11.Response, head: Head) -> int | None:
    """Return the length of a body that may be read around h11: not too long to be held, and no last one."""
    headers = head.headers
    length = headers.get("content-length", "")
    if response.http_version != b"1.1" or head.status in (204, 304) or "transfer-encoding" in headers:
        return None
    if "close" in headers.get("connection", "").lower() or not length.isdecimal():
        return None
    return int(length) if int(length) <= _LARGEST_PASSED else None


def _folded(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return raw headers as a mapping."""
    folded: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("ascii"), raw_value.decode("latin-1")
        folded[name] = f"{folded[name]}, {value}" if name in folded else value
    return folded


class Inflate:
    """Undoes `Content-Encoding: gzip`; other content passes."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        encoding = headers.get("content-encoding", "").strip().lower()
        self._inflater = zlib.decompressobj(31) if encoding in ("gzip", "x-gzip") else None

    def feed(self, data: bytes) -> bytes:
        """Return what `data` holds.

        Raises:
            WireError: It is no gzip.
        """
        if self._inflater is None:
            return data
        try:
            return self._inflater.decompress(data)
        except zlib.error as error:
            raise WireError("broken", f"the compressed body is damaged ({error})", sent=True) from None

    def end(self) -> bytes:
        """Return the rest.

        Raises:
            WireError: The gzip stream is cut short.
        """
        if self._inflater is None:
            return b""
        rest = self._inflater.flush()
        if not self._inflater.eof:
            raise WireError("broken", "the compressed body is cut short", sent=True)
        return rest
