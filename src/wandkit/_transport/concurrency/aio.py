"""Concurrency with tasks. `threads` has the same names for blocking code; the twin swaps the module.

Everything is bounded, keeps order, hands errors on, and leaves nothing running behind.
"""

from __future__ import annotations

import asyncio
from asyncio import sleep
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable
from time import monotonic
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar

from typing_extensions import ParamSpec

from wandkit._transport.wire.aio import Answering, Wire

__all__ = [
    "Answering",
    "Lock",
    "Looped",
    "Prefetch",
    "Wire",
    "amap",
    "at_exit",
    "gather_bounded",
    "monotonic",
    "run_in_thread",
    "sleep",
]

P = ParamSpec("P")
T = TypeVar("T")
U = TypeVar("U")


class Lock:
    """Lets one task at a time into an `async with` block. It may move to another event loop between uses."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def __aenter__(self) -> None:
        """Wait for the lock."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._lock, self._loop = asyncio.Lock(), loop
        await self._lock.acquire()

    async def __aexit__(self, *_: object) -> None:
        """Let the next one in."""
        self._lock.release()

    def __reduce__(self) -> tuple[Any, ...]:
        """Cross to another process unlocked."""
        return Lock, ()


class Looped:
    """What is looped over with `async for`; a plain `for` is refused instead of handing out coroutines."""

    if not TYPE_CHECKING:

        def __iter__(self) -> NoReturn:
            """Say which loop is meant."""
            name = type(self).__name__
            raise TypeError(f"{name} is looped over with `async for`; a plain `for` works on `wandkit.Api`.")


class Prefetch(Generic[T]):
    """A job that runs while its result is not needed yet."""

    def __init__(self, job: Callable[[], Awaitable[T]]) -> None:
        self._job = job
        self._task: asyncio.Task[T] | None = asyncio.get_running_loop().create_task(_run(job))
        self._task.add_done_callback(_note_error)

    async def result(self) -> T:
        """Wait for the job and return its result, or raise its error."""
        if self._task is None or self._task.get_loop() is not asyncio.get_running_loop():
            return await self._job()
        return await self._task

    async def aclose(self) -> None:
        """Give the job up."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    def __del__(self) -> None:
        """Give the job up when nobody is left to ask for it."""
        if self._task is not None and not self._task.get_loop().is_closed():
            self._task.cancel()

    def __reduce__(self) -> tuple[Any, ...]:
        """Cross to another process as a job that starts when it is asked for."""
        return Prefetch.later, (self._job,)

    @classmethod
    def later(cls, job: Callable[[], Awaitable[T]]) -> Prefetch[T]:
        """Return a job that starts when its result is asked for."""
        prefetch: Prefetch[T] = cls.__new__(cls)
        prefetch._job = job
        prefetch._task = None
        return prefetch


def _note_error(task: asyncio.Future[Any]) -> None:
    """Look at the error, so that a result nobody asks for makes no noise."""
    if not task.cancelled():
        task.exception()


async def _run(job: Callable[[], Awaitable[T]]) -> T:
    return await job()


async def amap(
    limit: int,
    fn: Callable[[U], Awaitable[T]],
    items: Iterable[U] | AsyncIterable[U],
    *,
    ahead_of_use: Callable[[], int] | None = None,
) -> AsyncIterator[T]:
    """Yield `fn(item)` for every item, in order, at most `limit` at once.

    At most `ahead_of_use()` items (default twice `limit`) have begun or are done before they are used; it is
    asked anew each time one has been used.

    An error of `fn` is raised at its turn, and the rest is cancelled.
    """
    source = _each(items)
    turns = asyncio.Semaphore(max(1, limit))
    ahead: deque[asyncio.Task[T]] = deque()
    more = True
    most = 2 * limit

    async def one(item: U) -> T:
        async with turns:
            return await fn(item)

    try:
        while True:
            if ahead_of_use is not None:
                most = ahead_of_use()
            while more and len(ahead) < max(1, most):
                try:
                    item = await source.__anext__()
                except StopAsyncIteration:
                    more = False
                else:
                    ahead.append(asyncio.ensure_future(one(item)))
            if not ahead:
                return
            yield await ahead.popleft()
    finally:
        await _cancel(ahead)


async def gather_bounded(limit: int, jobs: Iterable[Callable[[], Awaitable[T]]]) -> list[T]:
    """Run all jobs, at most `limit` at once, and return their results in order.

    The first error is raised as soon as it happens, and the rest is cancelled.
    """
    waiting = list(enumerate(jobs))[::-1]
    results: dict[int, T] = {}

    async def work() -> None:
        while waiting:
            index, job = waiting.pop()
            results[index] = await job()

    workers = [asyncio.ensure_future(work()) for _ in range(min(max(1, limit), len(waiting)))]
    try:
        await asyncio.gather(*workers)
    finally:
        await _cancel(workers)
    return [results[index] for index in range(len(results))]


async def run_in_thread(fn: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run blocking `fn` beside the event loop and return its result."""
    return await asyncio.to_thread(fn, *args, **kwargs)


def at_exit(thing: object) -> None:
    """Do nothing: when the program ends, no event loop runs that `thing` could send its rest in."""


async def _each(items: Iterable[U] | AsyncIterable[U]) -> AsyncIterator[U]:
    if isinstance(items, AsyncIterable):
        async for item in items:
            yield item
    else:
        for item in items:
            yield item


async def _cancel(tasks: Iterable[asyncio.Future[Any]]) -> None:
    left = [task for task in tasks if not task.done()]
    for task in left:
        task.cancel()
    if left:
        await asyncio.wait(left)
