"""Runs compiled operations against one server.

Logic without I/O: _core/answer.py, _core/retry.py, _core/ratelimit.py, _core/capability.py.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from copy import copy
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

from wandkit._core.answer import decode_data, decode_model, decode_shape, unknown_parts
from wandkit._core.capability import FEATURE_PREFIX, capabilities_of, refused_gates
from wandkit._core.failure import Asked, Reply
from wandkit._core.jsonvalue import write_json
from wandkit._core.operation import UNSET, Operation
from wandkit._core.problem import Problem
from wandkit._core.retry import Attempts, RetryPolicy
from wandkit._transport.aio.http import AsyncHTTP
from wandkit._transport.aio.sender import AsyncSender
from wandkit._transport.backend import Network
from wandkit._transport.concurrency.aio import monotonic, sleep
from wandkit._transport.exchange import Request
from wandkit._transport.identity import Identity
from wandkit.errors import (
    ArgumentError,
    GraphQLError,
    InvalidRequestError,
    NotFoundError,
    PermissionDeniedError,
    UnsupportedError,
)
from wandkit.settings import Settings

if TYPE_CHECKING:
    import ssl

    import httpx

__all__ = ["AsyncGraphQL"]

T = TypeVar("T")

_NAME = re.compile(r"\b(?:query|mutation)\s+(\w+)")


class AsyncGraphQL:
    """The GraphQL side of one server, with one user's key.

    Nothing is opened before the first request. It survives a fork and crosses `pickle` (the key travels, but
    shows in no repr); it opens new connections where it arrives.

    Attributes:
        settings: Where it sends, and with which key.
        timeout: Seconds for one attempt.
        http: Files and REST on the same connections.
        user_agent: What requests say about the program that sends them.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        timeout: float | None = None,
        deadline: float | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        verify: ssl.SSLContext | str | bool | None = None,
        cert: str | tuple[str, str] | tuple[str, str, str] | None = None,
        proxy: str | None = None,
        user_agent: str | None = None,
        policy: RetryPolicy | None = None,
        sleep: Callable[[float], Awaitable[None]] = sleep,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Remember how to send.

        Args:
            settings: Where to send, and with which key.
            timeout: Seconds for one attempt; default that of the settings.
            deadline: Seconds for a whole call, retries and waits included; None for as long as it takes.
            transport: An httpx transport to send everything with.
            verify: How to check certificates, as httpx takes it; default that of the settings.
            cert: A client certificate, as httpx takes it.
            proxy: The URL of a proxy for everything.
            user_agent: What to call the program.
            policy: How patiently to repeat.
            sleep: How to wait between attempts.
            clock: Where to read the time that waits and deadlines are measured by.
        """
        self.settings = settings
        self.timeout: float = settings.timeout if timeout is None else timeout
        if deadline is not None and not deadline > 0:
            raise ArgumentError(f"deadline must be a number of seconds above 0, not {deadline!r}.")
        self._deadline = deadline
        self._identity = Identity(settings, user_agent)
        self.user_agent: str = self._identity.user_agent
        network = Network(
            verify=settings.verify if verify is None else verify,
            cert=cert,
            proxies={"all": proxy} if proxy else settings.proxies,
            transport=transport,
        )
        self._sender = AsyncSender(network, policy=policy, sleep=sleep, clock=clock)
        self.http: AsyncHTTP = AsyncHTTP(
            self._identity, self._sender, timeout=self.timeout, deadline=deadline
        )

    async def execute(
        self, operation: Operation[T], variables: Mapping[str, object], *, timeout: float | None = None
    ) -> T:
        """Send `operation` and return its answer.

        List nodes that cannot be read are left out, with a warning in the log `wandkit`;
        `execute_with_problems` hands them over instead.

        Raises:
            WandkitError: One error of the tree for each way in which a request can fail.
        """
        answer, problems = await self.execute_with_problems(operation, variables, timeout=timeout)
        if problems:
            _log(operation.name, problems)
        return answer

    async def execute_with_problems(
        self, operation: Operation[T], variables: Mapping[str, object], *, timeout: float | None = None
    ) -> tuple[T, list[Problem]]:
        """Send `operation` and return its answer, and the list nodes that were left out of it.

        Raises:
            WandkitError: One error of the tree for each way in which a request can fail.
        """
        attempts = self._attempts(operation.idempotent)
        if any(gate.startswith(FEATURE_PREFIX) for gate in operation.gates):
            await self._features(timeout, attempts.time_left_s(self._sender.clock()))
        result = await self._execute(operation, variables, attempts, timeout)
        return result

    async def _execute(
        self,
        operation: Operation[T],
        variables: Mapping[str, object],
        attempts: Attempts,
        timeout: float | None,
    ) -> tuple[T, list[Problem]]:
        """Send `operation`, and again without what the server turns out not to know.

        A server refuses a document before it does anything of it, so that a mutation stops there if the next
        attempt would change less than was asked for.
        """
        known = capabilities_of(self.settings.base_url)
        asked = self._asked(operation.name, timeout)
        dropped: frozenset[str] = frozenset()
        while True:
            missing = known.missing(operation.gates) | dropped
            operation.check(variables, missing, self.settings.base_url)
            text = operation.document(missing)
            body = _body(operation.name, text, operation.sent(variables, missing))
            reply = await self._send(body, asked, attempts, timeout, idempotent=operation.idempotent)
            try:
                return _read(reply, asked, operation)
            except (GraphQLError, InvalidRequestError, UnsupportedError):
                refused = refused_gates(unknown_parts(reply), operation.gates - missing)
                if not refused:
                    raise
                known.refuse(refused)
                dropped |= refused

    async def execute_text(
        self,
        document: str,
        variable_values: Mapping[str, object] | None = None,
        timeout: float | None = None,
    ) -> dict[str, Any]:
        """Send a document as it is and return the `data` of the answer. It is repeated only if it is a query.

        Raises:
            WandkitError: One error of the tree for each way in which a request can fail.
        """
        is_query = "mutation" not in document
        name = _NAME.search(document)
        asked = self._asked(name[1] if name else "document", timeout, known=False)
        body = _body(None, document, variable_values or {})
        reply = await self._send(body, asked, self._attempts(is_query), timeout, idempotent=is_query)
        return decode_data(reply, asked)

    def hurried(self) -> AsyncGraphQL:
        """Return this client with one attempt per request, for answers that are good to have and no more."""
        hurried = copy(self)
        hurried._sender = self._sender.hurried()
        return hurried

    def with_key(self, api_key: str) -> AsyncGraphQL:
        """Return this client with another user's key: the same server, reached in the same way."""
        settings = self.settings
        other = copy(self)
        other.settings = replace(
            settings,
            api_key=api_key,
            username=None,
            email=None,
            sources={**settings.sources, "api_key": "an argument"},
        )
        other._identity = Identity(other.settings, self.user_agent)
        other.http = AsyncHTTP(other._identity, self._sender, timeout=self.timeout, deadline=self._deadline)
        return other

    async def supports(self, feature: str) -> bool:
        """Whether the server has `feature` (such as `ARTIFACT_TAGS`) on; asked once per host."""
        features = await self._features(None, self._deadline)
        return feature in features

    async def aclose(self) -> None:
        """Close the connections. A later request opens new ones."""
        await self._sender.aclose()

    async def _features(self, timeout: float | None, deadline_s: float | None) -> frozenset[str]:
        """Return which features are on, asked once per host; a server that does not know of any has none."""
        known = capabilities_of(self.settings.base_url)
        if known.features is not None:
            return known.features
        from wandkit_generated.gql.operations import GET_SERVER_FEATURES

        try:
            attempts = self._sender.attempts(idempotent=True, deadline_s=deadline_s)
            answer, _ = await self._execute(GET_SERVER_FEATURES, {}, attempts, timeout)
        except (GraphQLError, InvalidRequestError, NotFoundError, PermissionDeniedError, UnsupportedError):
            return known.learn_features(())
        info = answer.server_info
        listed = (info.features if info else None) or ()
        return known.learn_features(item.name for item in listed if item and item.name and item.is_enabled)

    async def _send(
        self, body: bytes, asked: Asked, attempts: Attempts, timeout: float | None, *, idempotent: bool
    ) -> Reply:
        origin, target = self._identity.place("graphql")
        headers = {**self._identity.headers(origin, asked.operation), "Content-Type": "application/json"}
        if not origin.is_loopback:
            headers["Accept-Encoding"] = "gzip"
        request = Request("POST", origin, target, headers, body, idempotent=idempotent)
        limit = self.timeout if timeout is None else timeout
        reply = await self._sender.send(request, asked, attempts, limit)
        return reply

    def _asked(self, operation: str, timeout: float | None, *, known: bool = True) -> Asked:
        limit = self.timeout if timeout is None else timeout
        return self._identity.asked(operation, self._identity.origin, timeout_s=limit, known=known)

    def _attempts(self, idempotent: bool) -> Attempts:
        return self._sender.attempts(idempotent=idempotent, deadline_s=self._deadline)

    def __repr__(self) -> str:
        """Return the host; the key is never shown."""
        return f"<GraphQL {self.settings.base_url}>"


def _body(name: str | None, text: str, variables: Mapping[str, object]) -> bytes:
    """Return the JSON body of a request."""
    given = {key: value for key, value in variables.items() if value is not UNSET}
    name_part = b',"operationName":"%s"' % name.encode() if name else b""
    return b'{"query":%s%s,"variables":%s}' % (_quoted(text), name_part, write_json(given))


@lru_cache(maxsize=512)
def _quoted(text: str) -> bytes:
    """Return a document as a JSON string; the documents of a program are few."""
    return write_json(text)


def _read(reply: Reply, asked: Asked, operation: Operation[T]) -> tuple[T, list[Problem]]:
    if operation.shape is not None:
        shaped = decode_shape(reply, operation.shape())
        if shaped is not None:
            return cast("T", shaped), []
    problems: list[Problem] = []
    model: Any = operation.answer()
    return decode_model(reply, asked, model, problems), problems


def _log(operation: str, problems: list[Problem]) -> None:
    import logging

    first = problems[0]
    logging.getLogger("wandkit").warning(
        "%s: %d unreadable node(s) left out; the first at %s: %s",
        operation,
        len(problems),
        first.path,
        first.error,
    )
