"""What a test may see and break on a running server: recorded requests, and faults on the way in or out.

`Instrument` wraps the real application. A request that no fault matches passes through untouched; one that
does is delayed, answered otherwise, cut short or dropped, before or after the application has done its work.
"""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wandkit.server.shapes import is_object

__all__ = ["Fault", "Instrument", "RecordedRequest"]

_NAME = re.compile(r"\b(?:query|mutation)\s+(\w+)")
_KEPT_BYTES = 4 << 20


@dataclass
class RecordedRequest:
    """One request that the server got, and how it was answered.

    Attributes:
        operation: The GraphQL operation's name; for other requests the last part of the path, as
            `file_stream`.
        body: The request body of GraphQL and file-stream posts; empty for uploads.
        status: The status of the answer; 0 where the connection was dropped.
    """

    method: str
    path: str
    operation: str
    headers: Mapping[str, str]
    query: str = ""
    body: bytes = b""
    request_bytes: int = 0
    response_bytes: int = 0
    status: int = 0

    @property
    def json(self) -> Any:
        """The request body, decoded."""
        return json.loads(self.body)

    @property
    def variables(self) -> Mapping[str, Any]:
        """The variables of a GraphQL request."""
        found = self.json.get("variables")
        return found if is_object(found) else {}


@dataclass
class Fault:
    """What to do to the requests that match; see `wandkit.testing.Server.fault` for the attributes."""

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes | str | Mapping[str, Any] | None = None
    delay_s: float = 0.0
    drop: bool = False
    after: bool = False
    truncate: int | None = None
    operation: str | None = None
    path: str | None = None
    method: str | None = None
    times: int | None = None
    skip: int = 0
    hits: int = 0

    def matches(self, request: RecordedRequest) -> bool:
        """Return whether the request is of the kind that the fault is for."""
        return (
            (self.operation is None or self.operation == request.operation)
            and (self.path is None or re.search(self.path, request.path) is not None)
            and (self.method is None or self.method == request.method)
        )

    def take(self, request: RecordedRequest) -> bool:
        """Return whether the fault happens to this request, and count it."""
        if not self.matches(request):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        if self.times is not None and self.hits >= self.times:
            return False
        self.hits += 1
        return True

    def content(self) -> tuple[bytes, str]:
        """Return the body to answer with, and its media type."""
        if self.body is None:
            return b"", "text/plain"
        if isinstance(self.body, bytes):
            return self.body, "application/octet-stream"
        if isinstance(self.body, str):
            return self.body.encode(), "text/html" if self.body.lstrip().startswith("<") else "text/plain"
        return json.dumps(self.body).encode(), "application/json"


class Instrument:
    """The application with a record of its requests and the faults that are set."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.requests: list[RecordedRequest] = []
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        """Set a fault."""
        with self._lock:
            self._faults.append(fault)

    def remove(self, fault: Fault) -> None:
        """Take a fault back."""
        with self._lock:
            self._faults.remove(fault)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        record, receive = await _record(scope, receive)
        with self._lock:
            self.requests.append(record)
            fault = next((fault for fault in self._faults if fault.take(record)), None)
        counted = _counted(send, record)
        if fault is None:
            await self.app(scope, receive, counted)
        else:
            await self._break(fault, scope, receive, counted, send)

    async def _break(self, fault: Fault, scope: Scope, receive: Receive, counted: Send, send: Send) -> None:
        if fault.delay_s:
            await asyncio.sleep(fault.delay_s)
        answer: list[Message] = []
        if fault.after or fault.truncate is not None:
            await self.app(scope, receive, _kept(answer))
        if fault.drop:
            await _close(send, receive)
        elif fault.truncate is not None:
            await _cut_short(answer, fault.truncate, counted)
            await _close(send, receive)
        elif fault.status is not None or fault.body is not None:
            await _answer(fault, counted)
        else:
            for message in answer:
                await counted(message)
            if not answer:
                await self.app(scope, receive, counted)


async def _record(scope: Scope, receive: Receive) -> tuple[RecordedRequest, Receive]:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    path = scope["path"]
    record = RecordedRequest(
        scope["method"], path, path.rpartition("/")[2], headers, scope.get("query_string", b"").decode()
    )
    if record.method != "POST":
        return record, _counting(receive, record)
    messages: list[Message] = []
    while not messages or messages[-1].get("more_body"):
        messages.append(await receive())
    record.body = b"".join(message.get("body", b"") for message in messages)
    record.request_bytes = len(record.body)
    if path == "/graphql":
        record.operation = _operation(record.body)
    if len(record.body) > _KEPT_BYTES:
        record.body = b""
    return record, _replayed(messages, receive)


def _operation(body: bytes) -> str:
    try:
        decoded = json.loads(body)
    except ValueError:
        return ""
    if not is_object(decoded):
        return ""
    named = _NAME.search(str(decoded.get("query", "")))
    return decoded.get("operationName") or (named[1] if named else "")


def _replayed(messages: Iterable[Message], receive: Receive) -> Receive:
    waiting = iter(list(messages))

    async def replay() -> Message:
        message = next(waiting, None)
        return await receive() if message is None else message

    return replay


def _counting(receive: Receive, record: RecordedRequest) -> Receive:
    async def count() -> Message:
        message = await receive()
        record.request_bytes += len(message.get("body", b""))
        return message

    return count


def _counted(send: Send, record: RecordedRequest) -> Send:
    async def count(message: Message) -> None:
        if message["type"] == "http.response.start":
            record.status = message["status"]
        elif message["type"] == "http.response.body":
            record.response_bytes += len(message.get("body", b""))
        await send(message)

    return count


def _kept(answer: list[Message]) -> Send:
    async def keep(message: Message) -> None:
        answer.append(message)

    return keep


async def _answer(fault: Fault, send: Send) -> None:
    content, media_type = fault.content()
    headers = {"content-type": media_type, "content-length": str(len(content))}
    headers.update({name.lower(): value for name, value in fault.headers.items()})
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": fault.status or 200, "headers": raw})
    await send({"type": "http.response.body", "body": content})


async def _cut_short(answer: list[Message], length: int, send: Send) -> None:
    """Send the real answer's head and the first `length` bytes of its body."""
    body = b"".join(message.get("body", b"") for message in answer)
    await send(answer[0])
    await send({"type": "http.response.body", "body": body[:length], "more_body": True})


async def _close(send: Send, receive: Receive) -> None:
    """Close the connection under the answer; the web server offers no way but its own transport."""
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        raise RuntimeError("this web server hides its connections, so none can be dropped")
    transport.close()
    while (await receive())["type"] != "http.disconnect":
        pass
