"""Concurrency with threads. `aio` has the same names for tasks; the twin swaps the module.

Everything is bounded, keeps order, hands errors on, and leaves nothing running behind. Threads start when
they are first needed, never keep the process alive, and are not expected in the child of a fork.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from queue import SimpleQueue
from time import monotonic, sleep
from typing import Any, Generic, Protocol, TypeVar
from weakref import WeakKeyDictionary

from typing_extensions import ParamSpec

from wandkit._transport.wire.threads import Answering, Wire

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
    """Lets one thread at a time into a `with` block. In the child of a fork it starts unlocked."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pid = os.getpid()

    def __enter__(self) -> None:
        """Wait for the lock."""
        if self._pid != os.getpid():
            self._lock, self._pid = threading.Lock(), os.getpid()
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        """Let the next one in."""
        self._lock.release()

    def __reduce__(self) -> tuple[Any, ...]:
        """Cross to another process unlocked."""
        return Lock, ()


class Looped:
    """What is looped over with `for`: nothing has to be refused here."""


class Prefetch(Generic[T]):
    """A job that runs while its result is not needed yet."""

    def __init__(self, job: Callable[[], T]) -> None:
        self._task = _Task(job)
        threading.Thread(target=self._task.run, name="wandkit-prefetch", daemon=True).start()

    def result(self) -> T:
        """Wait for the job and return its result, or raise its error."""
        return self._task.result()

    def close(self) -> None:
        """Give the job up: what it has sent is answered to nobody."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Cross to another process as a job that starts when it is asked for."""
        return Prefetch.later, (self._task.job,)

    @classmethod
    def later(cls, job: Callable[[], T]) -> Prefetch[T]:
        """Return a job that starts when its result is asked for."""
        prefetch: Prefetch[T] = cls.__new__(cls)
        prefetch._task = _Task(job, pid=0)
        return prefetch


def amap(
    limit: int, fn: Callable[[U], T], items: Iterable[U], *, ahead_of_use: Callable[[], int] | None = None
) -> Iterator[T]:
    """Yield `fn(item)` for every item, in order, at most `limit` at once.

    At most `ahead_of_use()` items (default twice `limit`) have begun or are done before they are used; it is
    asked anew each time one has been used.

    An error of `fn` is raised at its turn, and what has not begun is left undone.
    """
    source = iter(items)
    crew = _Crew(max(1, limit))
    ahead: deque[_Task[T]] = deque()
    more = True
    most = 2 * limit
    try:
        while True:
            if ahead_of_use is not None:
                most = ahead_of_use()
            while more and len(ahead) < max(1, most):
                try:
                    item = next(source)
                except StopIteration:
                    more = False
                else:
                    ahead.append(crew.submit(lambda item=item: fn(item)))  # type: ignore[misc]
            if not ahead:
                return
            yield ahead.popleft().result()
    finally:
        crew.stop(ahead)


def gather_bounded(limit: int, jobs: Iterable[Callable[[], T]]) -> list[T]:
    """Run all jobs, at most `limit` at once, and return their results in order.

    The first error is raised as soon as it happens, and what has not begun is left undone.
    """
    waiting = list(jobs)
    if len(waiting) == 1 or limit <= 1:
        return [job() for job in waiting]
    crew = _Crew(limit)
    ended: SimpleQueue[_Task[T]] = SimpleQueue()
    tasks = [crew.submit(job, ended) for job in waiting]
    try:
        for _ in tasks:
            ended.get().result()
    finally:
        crew.stop(tasks)
    return [task.result() for task in tasks]


def run_in_thread(fn: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run blocking `fn` right here and return its result: there is no event loop to keep free."""
    return fn(*args, **kwargs)


class HasRest(Protocol):
    """What may have something to send when the program ends."""

    def send_rest(self) -> None:
        """Send it, or say that it is lost."""
        ...


_at_exit: WeakKeyDictionary[HasRest, int] = WeakKeyDictionary()


def at_exit(thing: HasRest) -> None:
    """Have `thing` send its rest when this process ends, unless nobody holds it any more by then."""
    _at_exit[thing] = os.getpid()


@atexit.register
def _send_rests() -> None:
    for thing, pid in list(_at_exit.items()):
        if pid == os.getpid():
            thing.send_rest()


class _Task(Generic[T]):
    """A job and, later, what came of it."""

    __slots__ = ("_done", "_ended", "_error", "_pid", "_value", "job")

    def __init__(
        self, job: Callable[[], T], ended: SimpleQueue[_Task[T]] | None = None, pid: int | None = None
    ) -> None:
        self.job = job
        self._ended = ended
        self._pid = os.getpid() if pid is None else pid
        self._done = threading.Event()
        self._value: T | None = None
        self._error: BaseException | None = None

    def run(self) -> None:
        """Do the job, once."""
        if self._done.is_set():
            return
        try:
            self._value = self.job()
        except BaseException as error:
            self._error = error
        self._done.set()
        if self._ended is not None:
            self._ended.put(self)

    def give_up(self) -> None:
        """Count as done, so that a thread that takes it up leaves it."""
        self._done.set()

    def result(self) -> T:
        """Return what the job returned, or raise what it raised.

        In the child of a fork, where its thread is not, the job is done here.
        """
        if self._pid != os.getpid() and not self._done.is_set():
            self._done = threading.Event()
            self.run()
        self._done.wait()
        if self._error is not None:
            raise self._error
        return self._value  # type: ignore[return-value]


class _Crew:
    """Threads that work off a queue, started as jobs come in that no thread is free for.

    Each thread keeps memory of its own for the largest answer it has seen, so there should be few.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._queue: SimpleQueue[_Task[Any] | None] = SimpleQueue()
        self._threads = 0
        self._open = 0
        self._lock = threading.Lock()

    def submit(self, job: Callable[[], T], ended: SimpleQueue[_Task[T]] | None = None) -> _Task[T]:
        """Queue a job."""

        def counted() -> T:
            try:
                return job()
            finally:
                with self._lock:
                    self._open -= 1

        task = _Task(counted, ended)
        with self._lock:
            self._open += 1
            lacking = self._open > self._threads
        self._queue.put(task)
        if lacking and self._threads < self._limit:
            self._threads += 1
            threading.Thread(
                target=_work, args=(self._queue,), name=f"wandkit-{self._threads}", daemon=True
            ).start()
        return task

    def stop(self, tasks: Iterable[_Task[Any]]) -> None:
        """Let the threads end after what they are doing; jobs that have not begun are left undone."""
        for task in tasks:
            task.give_up()
        for _ in range(self._threads):
            self._queue.put(None)


def _work(queue: SimpleQueue[_Task[Any] | None]) -> None:
    while True:
        task = queue.get()
        if task is None:
            return
        task.run()
