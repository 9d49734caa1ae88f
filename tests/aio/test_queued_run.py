"""Queued runs: their state, waits that end well, badly or not in time, and leaving the queue."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from wandkit import AsyncApi, AsyncQueuedRun
from wandkit.errors import ArgumentError, LaunchError, NotFoundError, WaitTimeoutError
from wandkit.testing import Server

PUSH = """
mutation Push($queue: String!, $spec: JSONString!) {
  pushToRunQueueByName(input: {
    entityName: "ada", projectName: "model-registry", queueName: $queue, runSpec: $spec
  }) { runQueueItemId }
}
"""
POP = """
mutation Pop($queue: String!) {
  popFromRunQueue(input: {entityName: "ada", projectName: "model-registry", queueName: $queue}) {
    runQueueItemId
    runSpec
  }
}
"""
ACK = """
mutation Ack($id: ID!, $run: String!) {
  ackRunQueueItem(input: {runQueueItemId: $id, runName: $run}) { success }
}
"""
FAIL = """
mutation Fail($id: ID!, $message: String, $stage: String, $files: [String!]) {
  failRunQueueItem(input: {runQueueItemId: $id, message: $message, stage: $stage, filePaths: $files}) {
    success
  }
}
"""


@pytest.fixture
async def api(module_server: Server) -> AsyncIterator[AsyncApi]:
    """Give a client of ada's."""
    async with module_server.async_api("ada") as api:
        yield api


@pytest.fixture
async def item(api: AsyncApi) -> AsyncQueuedRun:
    """Give a piece of work in a queue of the test's own."""
    name = f"q{uuid.uuid4().hex[:8]}"
    await api.create_run_queue(name, "local-process")
    spec = {"job": "ada/p/job:latest", "entity": "ada", "project": f"p{name}"}
    answer = await api.client.execute(PUSH, {"queue": name, "spec": json.dumps(spec)})
    made: str = answer["pushToRunQueueByName"]["runQueueItemId"]
    return api.queued_run("ada", f"p{name}", name, made)


async def pop(api: AsyncApi, item: AsyncQueuedRun) -> Any:
    """Take the next item of the queue, as an agent does."""
    answer = await api.client.execute(POP, {"queue": item.queue_name})
    return answer["popFromRunQueue"]


async def start(api: AsyncApi, item: AsyncQueuedRun, run_id: str = "made") -> None:
    """Make a run of the item, as an agent does."""
    await pop(api, item)
    await api.client.execute(ACK, {"id": item.id, "run": run_id})
    await api.create_run(run_id=run_id, project=item.project)


async def fail(api: AsyncApi, item: AsyncQueuedRun, message: str | None = None, **facts: Any) -> None:
    """Give the item up, as an agent does."""
    await api.client.execute(FAIL, {"id": item.id, "message": message, **facts})


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
    await api.client.execute(ACK, {"id": item.id, "run": "r"})
    states.append(await item.state)
    await fail(api, item, "no")
    states.append(await item.state)
    assert states == ["pending", "leased", "claimed", "failed"]
    assert item.last_state == "failed"


async def test_what_is_to_be_run_can_be_read(item: AsyncQueuedRun) -> None:
    spec = await item.run_spec
    assert (spec["job"], spec["resource"]) == ("ada/p/job:latest", "local-process")


async def test_the_spec_of_a_failed_item_is_the_spec_alone(api: AsyncApi, item: AsyncQueuedRun) -> None:
    await fail(api, item, "no")
    spec = await item.run_spec
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
    await api.client.execute(ACK, {"id": item.id, "run": "late"})
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
    await fail(api, item, "no such image: trainer:9", stage="agent", files=["error.log"])
    with pytest.raises(LaunchError, match="'agent': no such image: trainer:9") as caught:
        await getattr(item, wait)(timeout=30)
    assert (caught.value.stage, caught.value.file_paths) == ("agent", ("error.log",))


async def test_an_item_that_failed_without_a_word_ends_a_wait_too(
    api: AsyncApi, item: AsyncQueuedRun
) -> None:
    await fail(api, item)
    with pytest.raises(LaunchError, match="does not say why"):
        await item.wait_until_running(timeout=30)


async def test_an_item_that_fails_after_its_run_began_ends_the_wait(
    api: AsyncApi, item: AsyncQueuedRun
) -> None:
    await start(api, item)
    await item.wait_until_running()
    await fail(api, item, "the pod was evicted", stage="run")
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


async def test_a_wait_of_less_than_nothing_is_refused(item: AsyncQueuedRun) -> None:
    with pytest.raises(ArgumentError, match="timeout"):
        await item.wait_until_running(timeout=-1)


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
