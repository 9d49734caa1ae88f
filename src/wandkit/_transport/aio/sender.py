"""Sends one request until it is answered, or until trying again makes no sense."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from copy import copy
from time import time

from wandkit._core.failure import Asked, Reply, WireError, broken, failure, is_final
from wandkit._core.ratelimit import RateLimit
from wandkit._core.retry import Attempts, RetryPolicy
from wandkit._transport.backend import Network
from wandkit._transport.concurrency.aio import Answering, Wire, monotonic, sleep
from wandkit._transport.exchange import Request

__all__ = ["AsyncSender"]


class AsyncSender:
    """The connections of one client, its patience, and its sense of the server's limits.

    Attributes:
        clock: Seconds on a clock that only goes forward.
    """

    def __init__(
        self,
        network: Network,
        *,
        policy: RetryPolicy | None = None,
        sleep: Callable[[float], Awaitable[None]] = sleep,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.clock = clock
        self._wire = Wire(network)
        self._policy = policy or RetryPolicy()
        self._sleep = sleep
        self._limit = RateLimit()

    def attempts(self, *, idempotent: bool, deadline_s: float | None) -> Attempts:
        """Return the attempts that a new call has."""
        return Attempts(self._policy, idempotent=idempotent, now=self.clock(), deadline_s=deadline_s)

    def hurried(self) -> AsyncSender:
        """Return a sender on the same connections that tries once."""
        hurried = copy(self)
        hurried._policy = RetryPolicy(attempts=1)
        return hurried

    async def send(self, request: Request, asked: Asked, attempts: Attempts, timeout: float) -> Reply:
        """Return the server's last word on `request`: an answer that sending it again would not change.

        Raises:
            WandkitError: There was no such answer.
        """
        while True:
            limit = await self._next_limit(asked, attempts, timeout)
            try:
                reply = await self._wire.exchange(request, timeout=limit)
            except WireError as error:
                failed = broken(error, asked)
            else:
                if asked.home:
                    self._limit.observe(reply.headers, self.clock())
                if is_final(reply):
                    return reply
                failed = failure(reply, asked, now_epoch_s=time())
            await self._sleep(attempts.wait_after(failed, self.clock()))

    async def open(
        self,
        request: Request,
        asked: Asked,
        attempts: Attempts,
        timeout: float,
        pieces: Callable[[], AsyncIterator[bytes]] | None = None,
    ) -> Answering:
        """Return the answer to `request` as soon as its head is there.

        `pieces` makes the body, anew for each attempt.

        Raises:
            WandkitError: There was no answer that is worth reading.
        """
        while True:
            limit = await self._next_limit(asked, attempts, timeout)
            try:
                answering = await self._wire.open(request, timeout=limit, pieces=pieces() if pieces else None)
                if is_final(answering):
                    return answering
                async with answering:
                    reply = Reply(answering.status, answering.headers, await answering.read())
            except WireError as error:
                failed = broken(error, asked)
            else:
                failed = failure(reply, asked, now_epoch_s=time())
            await self._sleep(attempts.wait_after(failed, self.clock()))

    async def aclose(self) -> None:
        """Close the idle connections; a later request opens new ones."""
        await self._wire.aclose()

    async def _next_limit(self, asked: Asked, attempts: Attempts, timeout: float) -> float:
        """Wait where the server's budget is nearly used up, and return the next attempt's time limit."""
        pause = self._limit.pause_s(self.clock()) if asked.home else 0.0
        if pause > 0:
            left = attempts.time_left_s(self.clock())
            await self._sleep(pause if left is None else min(pause, 0.5 * left))
        return attempts.timeout_s(timeout, self.clock())
