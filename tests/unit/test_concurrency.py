"""The concurrency primitives: the same promises for threads and for tasks."""

from __future__ import annotations

import asyncio
import pickle
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from functools import partial
from typing import Any, TypeVar

import pytest

from wandkit import AsyncApi
from wandkit._transport.concurrency import aio, threads

T = TypeVar("T")
U = TypeVar("U")


class WithThreads:
    """Runs plain functions through the face for threads."""

    def gather(self, limit: int, jobs: Iterable[Callable[[], T]]) -> list[T]:
        """Run jobs."""
        return threads.gather_bounded(limit, jobs)

    def amap(self, limit: int, fn: Callable[[U], T], items: Iterable[U], first: int | None = None) -> list[T]:
        """Return the first results of a map."""
        results: list[T] = []
        for result in threads.amap(limit, fn, items):
            results.append(result)
            if len(results) == first:
                break
        return results

    def prefetch(self, job: Callable[[], T]) -> T:
        """Return what a prefetched job gives."""
        return threads.Prefetch(job).result()


class WithTasks:
    """Runs plain functions through the face for tasks."""

    def gather(self, limit: int, jobs: Iterable[Callable[[], T]]) -> list[T]:
        """Run jobs."""
        return asyncio.run(self._gather(limit, jobs))

    async def _gather(self, limit: int, jobs: Iterable[Callable[[], T]]) -> list[T]:
        return await aio.gather_bounded(limit, [_awaitable(job) for job in jobs])

    def amap(self, limit: int, fn: Callable[[U], T], items: Iterable[U], first: int | None = None) -> list[T]:
        """Return the first results of a map."""

        async def run() -> list[T]:
            results: list[T] = []
            async for result in aio.amap(limit, lambda item: _awaitable(lambda: fn(item))(), items):
                results.append(result)
                if len(results) == first:
                    break
            return results

        return asyncio.run(run())

    def prefetch(self, job: Callable[[], T]) -> T:
        """Return what a prefetched job gives."""

        async def run() -> T:
            return await aio.Prefetch(_awaitable(job)).result()

        return asyncio.run(run())


def _awaitable(job: Callable[[], T]) -> Callable[[], Awaitable[T]]:
    async def run() -> T:
        await asyncio.sleep(0)
        return job()

    return run


@pytest.fixture(params=[WithThreads, WithTasks], ids=["threads", "aio"])
def face(request: pytest.FixtureRequest) -> WithThreads | WithTasks:
    """Give each face."""
    made: WithThreads | WithTasks = request.param()
    return made


def fail(message: str) -> Any:
    """Raise."""
    raise ValueError(message)


def test_jobs_give_their_results_in_order(face: WithThreads) -> None:
    assert face.gather(3, [partial(pow, number, 2) for number in range(20)]) == [n * n for n in range(20)]


def test_no_jobs_give_no_results(face: WithThreads) -> None:
    assert face.gather(3, []) == []


def test_the_first_error_of_the_jobs_is_raised(face: WithThreads) -> None:
    with pytest.raises(ValueError, match="broken"):
        face.gather(2, [lambda: 1, lambda: fail("broken"), lambda: 3])


def test_a_map_keeps_the_order(face: WithThreads) -> None:
    assert face.amap(4, lambda item: item + 1, range(50)) == list(range(1, 51))


def test_an_error_of_a_map_comes_at_its_turn(face: WithThreads) -> None:
    seen: list[int] = []
    with pytest.raises(ValueError, match="seven"):
        face.amap(3, lambda item: fail("seven") if item == 7 else seen.append(item), range(100))
    assert set(range(7)) <= set(seen)
    assert len(seen) < 20


def test_a_map_left_early_does_not_do_the_rest(face: WithThreads) -> None:
    taken: list[int] = []

    def items() -> Iterable[int]:
        for item in range(1000):
            taken.append(item)
            yield item

    assert face.amap(4, lambda item: item, items(), first=3) == [0, 1, 2]
    assert len(taken) <= 12


def test_a_prefetched_job_gives_its_result(face: WithThreads) -> None:
    assert face.prefetch(lambda: 7) == 7


def test_a_prefetched_job_gives_its_error(face: WithThreads) -> None:
    with pytest.raises(ValueError, match="late"):
        face.prefetch(lambda: fail("late"))


def test_at_most_so_many_jobs_run_at_once_in_threads() -> None:
    gate = threading.Barrier(3, timeout=60)
    running: list[int] = []
    most: list[int] = []
    lock = threading.Lock()

    def job() -> None:
        with lock:
            running.append(1)
            most.append(len(running))
        gate.wait()
        with lock:
            running.pop()

    threads.gather_bounded(3, [job] * 9)
    assert max(most) == 3


def test_at_most_so_many_jobs_run_at_once_in_tasks() -> None:
    running: list[int] = []
    most: list[int] = []

    async def job() -> None:
        running.append(1)
        most.append(len(running))
        await asyncio.sleep(0)
        running.pop()

    asyncio.run(aio.gather_bounded(3, [job] * 9))
    assert max(most) == 3


def test_a_map_takes_an_asynchronous_source() -> None:
    async def items() -> AsyncIterator[int]:
        for item in range(5):
            yield item

    async def double(item: int) -> int:
        return 2 * item

    async def run() -> list[int]:
        return [result async for result in aio.amap(2, double, items())]

    assert asyncio.run(run()) == [0, 2, 4, 6, 8]


def test_an_error_cancels_the_other_tasks() -> None:
    cancelled: list[int] = []

    async def wait(number: int) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(number)
            raise

    async def broken() -> None:
        await asyncio.sleep(0)
        fail("broken")

    with pytest.raises(ValueError, match="broken"):
        asyncio.run(aio.gather_bounded(4, [lambda: wait(1), lambda: wait(2), broken]))
    assert sorted(cancelled) == [1, 2]


def test_threads_end_with_what_they_were_for() -> None:
    gate = threading.Barrier(4, timeout=60)

    def job() -> threading.Thread:
        gate.wait()
        return threading.current_thread()

    workers = threads.gather_bounded(4, [job] * 8)
    for worker in workers:
        worker.join(60)
    assert len(set(workers)) == 4
    assert [worker for worker in workers if worker.is_alive()] == []


def test_threads_never_keep_the_process() -> None:
    daemons = threads.gather_bounded(2, [lambda: threading.current_thread().daemon] * 4)
    assert daemons == [True] * 4


def test_one_job_needs_no_thread() -> None:
    assert threads.gather_bounded(4, [threading.current_thread]) == [threading.current_thread()]


def test_a_lock_lets_one_thread_in_at_a_time() -> None:
    lock, total = threads.Lock(), [0]

    def add() -> None:
        for _ in range(1000):
            with lock:
                total[0] += 1

    threads.gather_bounded(4, [add] * 4)
    assert total == [4000]


def test_a_lock_serves_one_loop_after_another() -> None:
    lock = aio.Lock()
    order: list[int] = []

    async def hold(number: int) -> None:
        async with lock:
            await asyncio.sleep(0)
            order.append(number)

    for _ in range(2):
        asyncio.run(aio.gather_bounded(3, [lambda: hold(1), lambda: hold(2)]))
    assert order == [1, 2, 1, 2]


@pytest.mark.parametrize("lock", [threads.Lock(), aio.Lock()], ids=["threads", "aio"])
def test_a_lock_crosses_pickle(lock: threads.Lock | aio.Lock) -> None:
    assert isinstance(pickle.loads(pickle.dumps(lock)), type(lock))


def test_a_prefetched_job_crosses_pickle_and_runs_there() -> None:
    copy: threads.Prefetch[dict[str, int]] = pickle.loads(pickle.dumps(threads.Prefetch(dict)))
    assert copy.result() == {}


def test_blocking_work_runs_beside_the_loop() -> None:
    async def run() -> bool:
        return await aio.run_in_thread(threading.current_thread) is not threading.current_thread()

    assert asyncio.run(run())


def test_blocking_work_runs_right_here_without_a_loop() -> None:
    assert threads.run_in_thread(threading.current_thread) is threading.current_thread()


AT_EXIT = """
from wandkit._transport.concurrency.threads import at_exit

class Thing:
    def send_rest(self):
        print("sent")

kept = Thing()
at_exit(kept)
at_exit(Thing())
"""


def test_what_somebody_holds_sends_its_rest_when_the_program_ends() -> None:
    done = subprocess.run([sys.executable, "-c", AT_EXIT], capture_output=True, text=True, check=True)
    assert done.stdout == "sent\n"


def test_a_plain_loop_over_an_async_listing_is_refused() -> None:
    runs = AsyncApi().runs("ada/p")
    with pytest.raises(TypeError, match="AsyncRuns is looped over with `async for`"):
        for _ in runs:  # pyright: ignore
            pass


def test_a_list_of_an_async_listing_is_refused() -> None:
    with pytest.raises(TypeError, match="`async for`"):
        list(AsyncApi().projects("ada"))  # type: ignore[arg-type]
