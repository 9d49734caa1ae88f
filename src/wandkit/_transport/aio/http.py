"""Files and REST calls, on the connections and with the patience of the GraphQL client.

Credentials go to the API's own host only; signed URLs and redirects elsewhere get none.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from wandkit._core.answer import decode_json
from wandkit._core.failure import Asked, Reply, WireError, broken, failure
from wandkit._core.jsonvalue import write_json
from wandkit._core.retry import Attempts
from wandkit._transport.aio.sender import AsyncSender
from wandkit._transport.concurrency.aio import Answering
from wandkit._transport.exchange import Origin, Request, redirect_target
from wandkit._transport.identity import Identity

__all__ = ["AsyncDownload", "AsyncHTTP"]

_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_MOST_REDIRECTS = 5


class AsyncHTTP:
    """REST and files of one server. Get it from `AsyncGraphQL.http`."""

    def __init__(
        self, identity: Identity, sender: AsyncSender, *, timeout: float, deadline: float | None
    ) -> None:
        self._identity = identity
        self._sender = sender
        self._timeout = timeout
        self._deadline = deadline

    async def post_json(
        self, path: str, body: object, *, idempotent: bool, timeout: float | None = None, action: str = ""
    ) -> Any:
        """Post `body` as JSON to a path of the API host; return the decoded answer, None where it is empty.

        Args:
            path: A path below the base URL.
            body: What to send; bytes are taken as JSON already.
            idempotent: Whether it may be sent again when an answer is lost.
            timeout: Seconds for one attempt.
            action: What errors call the request; default the method and path.

        Raises:
            WandkitError: One error of the tree for each way in which a request can fail.
        """
        origin, target = self._identity.place(path)
        data = body if isinstance(body, bytes) else write_json(body)
        limit = self._timeout if timeout is None else timeout
        asked = self._asked(action, "POST", origin, target, limit)
        headers = {**self._identity.headers(origin, asked.operation), "Content-Type": "application/json"}
        request = Request("POST", origin, target, headers, data, idempotent=idempotent)
        reply = await self._sender.send(request, asked, self._attempts(idempotent), limit)
        if reply.status < 300 and not reply.body.strip():
            return None
        return decode_json(reply, asked)

    async def open_stream(
        self,
        url: str,
        headers: Mapping[str, str] | None = None,
        *,
        timeout: float | None = None,
        action: str = "",
    ) -> AsyncDownload:
        """Start to read what `url` (a URL, or a path of the API host) holds; redirects are followed.

        Args:
            url: What to read.
            headers: More headers, such as `Range`.
            timeout: Seconds that the server may stay silent.
            action: What errors call the request; default the method and path.

        Raises:
            NotFoundError: There is nothing.
            TransferError: Another host than the API's refused, as a signed URL that has expired is refused.
            WandkitError: One error of the tree for each other way in which a request can fail.
        """
        limit = self._timeout if timeout is None else timeout
        attempts = self._attempts(True)
        redirects = 0
        while True:
            origin, target = self._identity.place(url)
            asked = self._asked(action, "GET", origin, target, limit)
            own = self._identity.headers(origin, asked.operation)
            sending = {**own, "Accept-Encoding": "identity", **(headers or {})}
            request = Request("GET", origin, target, sending, idempotent=True)
            answering = await self._sender.open(request, asked, attempts, limit)
            if answering.status < 300:
                return AsyncDownload(answering, asked)
            async with answering:
                reply = Reply(answering.status, answering.headers, await _read(answering, asked))
            location = reply.headers.get("location")
            if reply.status not in _REDIRECTS or not location or redirects == _MOST_REDIRECTS:
                raise failure(reply, asked).error
            url = redirect_target(request.url, location)
            redirects += 1

    async def upload(
        self,
        url: str,
        pieces: Callable[[], AsyncIterator[bytes]],
        length: int,
        headers: Mapping[str, str] | None = None,
        *,
        timeout: float | None = None,
        action: str = "",
    ) -> Reply:
        """Put a body of `length` bytes to `url` and return the answer, of which the `etag` header may matter.

        Args:
            url: Where to put it: a signed URL, or a path of the API host.
            pieces: Makes the body, in pieces; called anew for each attempt.
            length: The bytes that the pieces add up to.
            headers: More headers, as the server asks for them.
            timeout: Seconds that the server may stay silent.
            action: What errors call the request; default the method and path.

        Raises:
            TransferError: Another host than the API's refused, as a signed URL that has expired is refused.
            WandkitError: One error of the tree for each other way in which a request can fail.
        """
        limit = self._timeout if timeout is None else timeout
        origin, target = self._identity.place(url)
        asked = self._asked(action, "PUT", origin, target, limit)
        sending = {**self._identity.headers(origin, asked.operation), **(headers or {})}
        request = Request("PUT", origin, target, sending, length=length, idempotent=True)
        answering = await self._sender.open(request, asked, self._attempts(True), limit, pieces)
        async with answering:
            reply = Reply(answering.status, answering.headers, await _read(answering, asked))
        if reply.status >= 300:
            raise failure(reply, asked).error
        return reply

    def _asked(self, action: str, method: str, origin: Origin, target: str, timeout_s: float) -> Asked:
        """Return the facts for errors; what follows the path of a signed URL is a secret."""
        name = action or f"{method} {target.split('?', 1)[0]}"
        return self._identity.asked(name, origin, timeout_s=timeout_s)

    def _attempts(self, idempotent: bool) -> Attempts:
        return self._sender.attempts(idempotent=idempotent, deadline_s=self._deadline)


class AsyncDownload:
    """A body on its way. Use it as a context manager, or read it to the end.

    Attributes:
        status: 200, or 206 for a part.
        headers: The headers of the answer, with lower-case names.
    """

    def __init__(self, answering: Answering, asked: Asked) -> None:
        self.status: int = answering.status
        self.headers: Mapping[str, str] = answering.headers
        self._answering = answering
        self._asked = asked

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield the body in pieces as they arrive.

        Raises:
            ConnectionFailedError: It broke off; ask for the rest with `Range`.
            RequestTimeoutError: The server fell silent.
        """
        try:
            async for piece in self._answering.pieces():
                yield piece
        except WireError as error:
            raise broken(error, self._asked).error from None

    async def read(self) -> bytes:
        """Return the whole body.

        Raises:
            ConnectionFailedError: It broke off.
            RequestTimeoutError: The server fell silent.
        """
        body = await _read(self._answering, self._asked)
        return body

    async def aclose(self) -> None:
        """Let go of the connection; an unread body is given up."""
        await self._answering.aclose()

    async def __aenter__(self) -> AsyncDownload:
        """Return the download; leaving closes it."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close it."""
        await self.aclose()


async def _read(answering: Answering, asked: Asked) -> bytes:
    try:
        body = await answering.read()
    except WireError as error:
        raise broken(error, asked).error from None
    return body
