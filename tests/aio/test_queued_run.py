"""Queued runs: their state, waits that end well, badly or not in time, and leaving the queue."""

from __future__ import annotations

import uuid

import pytest

from wandkit import AsyncApi, AsyncQueuedRun
from wandkit.errors import ArgumentError, ConflictError, LaunchError, NotFoundError, WaitTimeoutError
from wandkit.testing import Server


@pytest.fixture
async def item(api: AsyncApi) -> AsyncQueuedRun:
    """Give a piece of work in a queue of the test's own."""
    name = f"q{uuid.uuid4().hex[:8]}"
    queue = await api.create_run_queue(name, "local-process")
    item = await queue.push({"job": "ada/p/job:latest", "entity": "ada", "project": f"p{name}"})
    return item


async def pop(api: AsyncApi, item: AsyncQueuedRun) -> AsyncQueuedRun | None:
    """Take the next item of the queue, as an agent does."""
    taken = await api.run_queue("ada", item.queue_name).pop()
    return taken


async def start(api: AsyncApi, item: AsyncQueuedRun, run_id: str = "made") -> None:
    """Make a run of the item, as an agent does."""
    await pop(api, item)
    await item.acknowledge(run_id)
    await api.create_run(run_id=run_id, project=item.project)


async def test_naming_a_queued_run_sends_nothing(api: AsyncApi, module_server: Server) -> None:
    module_server.requests.clear()
    item = api.queued_run("ada", "p", "q", "abc", priority=1)
    assert (item.entity, item.project, item.queue_name, item.id) == ("ada", "p", "q", "abc")
    assert (item.project_queue, item.priority, item.last_state) == ("model-registry", 1, None)
    assert repr(item) == "<QueuedRun q (abc)>"
    assert module_server.requests == []


async def test_the_state_follows_the_item(api: AsyncApi, item: AsyncQueuedRun) -> None:
    states = [await item.state]
    await pop(api, item)
    states.append(await item.state)
    await item.acknowledge("r")
    states.append(await item.state)
    await item.fail("no")
    states.append(await item.state)
    assert states == ["pending", "leased", "claimed", "failed"]
    assert item.last_state == "failed"


async def test_what_is_to_be_run_can_be_read(item: AsyncQueuedRun) -> None:
    spec = await item.run_spec
    assert (spec["job"], spec["resource"]) == ("ada/p/job:latest", "local-process")


async def test_the_spec_of_a_failed_item_is_the_spec_alone(api: AsyncApi, item: AsyncQueuedRun) -> None:
    await item.fail("no")
    listed = await api.run_queue("ada", item.queue_name).items[0]
    spec = await listed.run_spec
    other = api.queued_run("ada", item.project, item.queue_name, item.id)
    fetched = await other.run_spec
    assert fetched == spec
    assert "_wandkit" not in spec


async def test_waiting_returns_the_run(api: AsyncApi, item: AsyncQueuedRun) -> None:
    await start(api, item)
    run = await item.wait_until_running(timeout=30)
    assert (run.id, run.project) == ("made", item.project)


async def test_a_run_that_was_found_is_not_asked_for_again(
    api: AsyncApi, item: AsyncQueuedRun, module_server: Server
) -> None:
    await start(api, item)
    first = await item.wait_until_running()
    module_server.requests.clear()
    second = await item.wait_until_running()
    assert first is second
    assert module_server.requests == []


async def test_waiting_goes_on_until_the_run_is_there(api: AsyncApi, item: AsyncQueuedRun) -> None:
    await pop(api, item)
    await item.acknowledge("late")
    with pytest.raises(WaitTimeoutError, match="still claimed"):
        await item.wait_until_running(timeout=0.05, poll_s=0.01)
    await api.create_run(run_id="late", project=item.project)
    run = await item.wait_until_running(timeout=30)
    assert run.id == "late"


async def test_waiting_for_the_end_returns_the_run_with_its_summary(
    api: AsyncApi, item: AsyncQueuedRun
) -> None:
    await start(api, item)
    run = await item.wait_until_running()
    other = await api.run(str(run.run_path))
    summary = await other.summary
    await summary.update({"loss": 0.5})
    await other.update_state("finished")
    ended = await item.wait_until_finished(timeout=30)
    last = await ended.summary
    assert (ended.state, last["loss"]) == ("finished", 0.5)


@pytest.mark.parametrize("wait", ["wait_until_running", "wait_until_finished"])
async def test_a_failed_item_ends_a_wait_and_says_why(api: AsyncApi, item: AsyncQueuedRun, wait: str) -> None:
    await pop(api, item)
    await item.fail("no such image: trainer:9", file_paths=["error.log"])
    with pytest.raises(LaunchError, match="'agent': no such image: trainer:9") as caught:
        await getattr(item, wait)(timeout=30)
    assert (caught.value.stage, caught.value.file_paths) == ("agent", ("error.log",))


async def test_an_item_that_failed_without_a_word_ends_a_wait_too(
    api: AsyncApi, item: AsyncQueuedRun
) -> None:
    await item.fail("")
    with pytest.raises(LaunchError, match="does not say why"):
        await item.wait_until_running(timeout=30)


async def test_an_item_that_fails_after_its_run_began_ends_the_wait(
    api: AsyncApi, item: AsyncQueuedRun
) -> None:
    await start(api, item)
    await item.wait_until_running()
    await item.fail("the pod was evicted", stage="run")
    with pytest.raises(LaunchError, match="evicted"):
        await item.wait_until_finished(timeout=0.05, poll_s=0.01)


@pytest.mark.parametrize("wait", ["wait_until_running", "wait_until_finished"])
async def test_a_wait_that_takes_too_long_says_how_far_it_came(item: AsyncQueuedRun, wait: str) -> None:
    with pytest.raises(WaitTimeoutError, match="still pending"):
        await getattr(item, wait)(timeout=0.05, poll_s=0.01)


async def test_a_wait_for_a_run_that_does_not_end_times_out(api: AsyncApi, item: AsyncQueuedRun) -> None:
    await start(api, item)
    with pytest.raises(WaitTimeoutError, match="still running"):
        await item.wait_until_finished(timeout=0.05, poll_s=0.01)


@pytest.mark.parametrize("timeout", [-1, float("nan")])
async def test_a_wait_of_less_than_nothing_is_refused(item: AsyncQueuedRun, timeout: float) -> None:
    with pytest.raises(ArgumentError, match="timeout"):
        await item.wait_until_running(timeout=timeout)


async def test_a_deleted_item_is_gone(api: AsyncApi, item: AsyncQueuedRun) -> None:
    await item.delete()
    with pytest.raises(NotFoundError, match="any more"):
        await item.state
    taken = await pop(api, item)
    assert taken is None


async def test_a_deleted_item_ends_a_wait(api: AsyncApi, item: AsyncQueuedRun) -> None:
    await item.delete()
    with pytest.raises(NotFoundError, match=item.queue_name):
        await item.wait_until_running(timeout=30)


async def test_an_item_cannot_be_deleted_twice(item: AsyncQueuedRun) -> None:
    await item.delete()
    with pytest.raises(NotFoundError, match="any more"):
        await item.delete()


async def test_the_items_of_a_deleted_queue_are_gone(api: AsyncApi, item: AsyncQueuedRun) -> None:
    await api.run_queue("ada", item.queue_name).delete()
    with pytest.raises(NotFoundError, match=item.queue_name):
        await item.state


async def test_an_item_that_never_was_is_an_error(api: AsyncApi, item: AsyncQueuedRun) -> None:
    other = api.queued_run("ada", item.project, item.queue_name, "UnVuUXVldWVJdGVtOjk5OTk5OTk=")
    with pytest.raises(ValueError, match="No item"):
        await other.state


async def test_a_server_that_cannot_find_an_item_is_asked_for_all() -> None:
    with Server(hidden={"RunQueue.runQueueItem"}, max_page_size=2) as server:
        server.add_user("ada")
        async with server.async_api("ada") as api:
            queue = await api.create_run_queue("q", "local-process")
            items = [await queue.push({"job": str(number)}) for number in range(5)]
            state = await items[0].state
            await items[0].delete()
            with pytest.raises(NotFoundError, match="any more"):
                await items[0].state
    assert state == "pending"


async def test_an_item_is_lent_to_one_only(api: AsyncApi, item: AsyncQueuedRun) -> None:
    first = await pop(api, item)
    second = await pop(api, item)
    assert first is not None
    assert (first.id, first.project, second) == (item.id, item.project, None)


async def test_an_item_becomes_one_run_only(api: AsyncApi, item: AsyncQueuedRun) -> None:
    await pop(api, item)
    await item.acknowledge("one")
    with pytest.raises(ConflictError, match=item.queue_name):
        await item.acknowledge("two")


async def test_an_item_that_nobody_popped_cannot_be_acknowledged(item: AsyncQueuedRun) -> None:
    with pytest.raises(ConflictError, match="Pop another one"):
        await item.acknowledge("one")


async def test_an_item_fails_once(item: AsyncQueuedRun) -> None:
    told = [await item.fail("first"), await item.fail("second")]
    assert told == [True, False]
    with pytest.raises(LaunchError, match="first"):
        await item.wait_until_running(timeout=30)


@pytest.mark.parametrize("wait", ["wait_until_running", "wait_until_finished"])
async def test_a_wait_that_takes_too_long_says_whom_it_asked(
    api: AsyncApi, item: AsyncQueuedRun, module_server: Server, wait: str
) -> None:
    if wait == "wait_until_finished":
        await start(api, item)
    else:
        await pop(api, item)
    with pytest.raises(WaitTimeoutError) as caught:
        await getattr(item, wait)(timeout=0)
    assert caught.value.host == module_server.url
    assert caught.value.operation in ("GetQueuedRun", "GetRunState")
    assert caught.value.next_step.startswith("Wait longer")
