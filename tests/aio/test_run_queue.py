"""Run queues: made, changed, read, listed, deleted, and what is refused."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from wandkit import AsyncApi, AsyncRunQueue
from wandkit.errors import ArgumentError, ConflictError, InvalidRequestError, NotFoundError
from wandkit.testing import Server

CPU = {"cpu": {"schema": {"type": "integer", "minimum": 1}}}


@pytest.fixture
def name() -> str:
    """Give the name of a queue of the test's own."""
    return f"q{uuid.uuid4().hex[:8]}"


@pytest.mark.parametrize(
    "resource", ["local-container", "local-process", "kubernetes", "sagemaker", "gcp-vertex"]
)
async def test_a_queue_of_each_resource_type_can_be_made(api: AsyncApi, name: str, resource: str) -> None:
    queue = await api.create_run_queue(name, resource, config={"a": 1})
    found = (await queue.type, await queue.default_resource_config)
    assert found == (resource, {"resource_args": {resource: {"a": 1}}})


async def test_a_new_queue_says_what_it_is(api: AsyncApi, name: str) -> None:
    queue = await api.create_run_queue(
        name, "kubernetes", prioritization_mode="v0", config={"cpu": "{{cpu}}"}, template_variables=CPU
    )
    assert (queue.name, queue.entity) == (name, "ada")
    facts = (await queue.access, await queue.prioritization_mode, await queue.external_links)
    assert facts == ("PROJECT", "V0", {})
    variables = await queue.template_variables
    assert variables == [{"name": "cpu", "schema": {"type": "integer", "minimum": 1}}]


async def test_a_queue_without_priorities_says_so(api: AsyncApi, name: str) -> None:
    queue = await api.create_run_queue(name, "local-process")
    mode = await queue.prioritization_mode
    assert mode == "DISABLED"


async def test_a_queue_is_made_through_its_class(api: AsyncApi, name: str) -> None:
    queue = await AsyncRunQueue.create(name, "sagemaker", api=api)
    kind = await queue.type
    assert kind == "sagemaker"


async def test_a_queue_can_be_made_for_a_team(api: AsyncApi, name: str, module_server: Server) -> None:
    team = f"team{name}"
    module_server.add_team(team, {"ada": "admin"})
    await api.create_run_queue(name, "kubernetes", team)
    access = await api.run_queue(team, name).access
    assert access == "PROJECT"


async def test_naming_a_queue_sends_nothing(api: AsyncApi, module_server: Server) -> None:
    module_server.requests.clear()
    queue = api.run_queue("ada", "anything")
    assert (repr(queue), repr(queue.items)) == ("<RunQueue ada/anything>", "<QueuedRuns ada/anything>")
    assert module_server.requests == []


async def test_the_attributes_of_a_queue_take_two_requests(
    api: AsyncApi, name: str, module_server: Server
) -> None:
    await api.create_run_queue(name, "kubernetes")
    queue = api.run_queue("ada", name)
    module_server.requests.clear()
    await queue.id
    await queue.access
    await queue.created_at
    await queue.type
    await queue.template_variables
    assert len(module_server.requests) == 2


async def test_an_upsert_makes_a_queue(api: AsyncApi, name: str) -> None:
    queue = await api.upsert_run_queue(
        name,
        {"cpu": "{{cpu}}"},
        "kubernetes",
        template_variables=CPU,
        external_links={"wiki": "https://example.com/wiki"},
        prioritization_mode="v0",
    )
    facts = (await queue.type, await queue.prioritization_mode, await queue.external_links)
    assert facts == ("kubernetes", "V0", {"wiki": "https://example.com/wiki"})


async def test_an_upsert_changes_a_queue_and_keeps_what_waits_in_it(api: AsyncApi, name: str) -> None:
    old = await api.create_run_queue(name, "kubernetes", prioritization_mode="V0")
    await old.push({"job": "j"})
    queue = await api.upsert_run_queue(name, {"b": 2}, "local-container")
    facts = (await queue.type, await queue.default_resource_config, await queue.prioritization_mode)
    count = await queue.items.count()
    assert facts == ("local-container", {"resource_args": {"local-container": {"b": 2}}}, "DISABLED")
    assert count == 1


async def test_an_upsert_warns_of_an_odd_config(api: AsyncApi, name: str) -> None:
    with pytest.warns(UserWarning, match="gpus"):
        await api.upsert_run_queue(name, {"gpu": "{{gpus}}"}, "kubernetes")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"name": ""}, "empty"),
        ({"name": "n" * 65}, "64 characters"),
        ({"type": "slurm"}, "slurm"),
        ({"prioritization_mode": "V1"}, "V1"),
        ({"prioritization_mode": "DISABLED"}, "DISABLED"),
        ({"config": ["a"]}, "mapping"),
        ({"name": 5}, "not 5"),
        ({"prioritization_mode": 5}, "not 5"),
        ({"config": {"a": object()}}, "config"),
        ({"template_variables": ["cpu"]}, "mapping, not list"),
        ({"template_variables": {"cpu": {"type": "integer"}}}, "no schema"),
    ],
)
async def test_a_bad_argument_of_create_is_refused_before_anything_is_sent(
    api: AsyncApi, module_server: Server, arguments: dict[str, Any], complaint: str
) -> None:
    module_server.requests.clear()
    with pytest.raises(ArgumentError, match=complaint):
        await api.create_run_queue(**{"name": "q", "type": "kubernetes", **arguments})
    assert module_server.requests == []


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"name": ""}, "empty"),
        ({"name": "n" * 65}, "64 characters"),
        ({"resource_type": "slurm"}, "slurm"),
        ({"prioritization_mode": "V1"}, "V1"),
        ({"external_links": {"wiki": 1}}, "wiki"),
        ({"external_links": ["wiki"]}, "no list"),
    ],
)
async def test_a_bad_argument_of_upsert_is_refused_before_anything_is_sent(
    api: AsyncApi, module_server: Server, arguments: dict[str, Any], complaint: str
) -> None:
    module_server.requests.clear()
    given = {"name": "q", "resource_config": {}, "resource_type": "kubernetes", **arguments}
    with pytest.raises(ValueError, match=complaint):
        await api.upsert_run_queue(**given)
    assert module_server.requests == []


async def test_a_queue_without_an_entity_is_refused_before_it_is_made(module_server: Server) -> None:
    nobody = {"data": {"viewer": {"id": "VXNlcjox", "entity": None}}}
    async with module_server.async_api("ada") as api:
        with module_server.fault(operation="GetDefaultEntity", status=200, body=nobody):
            module_server.requests.clear()
            with pytest.raises(ArgumentError, match=r"No entity was given.*WANDB_ENTITY"):
                await api.create_run_queue("q", "kubernetes")
            with pytest.raises(ArgumentError, match=r"No entity was given.*WANDB_ENTITY"):
                await api.upsert_run_queue("q", {}, "kubernetes")
    assert {one.operation for one in module_server.requests} <= {"GetDefaultEntity", None}


async def test_a_server_that_wants_the_project_first_gets_it(name: str) -> None:
    missing = {"errors": [{"message": "project not found", "path": ["createRunQueue"]}], "data": None}
    with Server() as server:
        server.add_user("ada")
        async with server.async_api("ada") as api:
            with server.fault(operation="CreateRunQueue", status=404, body=missing, times=1):
                queue = await api.create_run_queue(name, "kubernetes", config={"a": 1})
            asked = [one.operation for one in server.requests]
            config = await queue.default_resource_config
    assert asked[-3:] == ["CreateRunQueue", "CreateProject", "CreateRunQueue"]
    assert config == {"resource_args": {"kubernetes": {"a": 1}}}


async def test_a_schema_that_is_none_is_refused_by_name(api: AsyncApi, name: str) -> None:
    bad = {"cpu": {"schema": {"type": "whole"}}}
    with pytest.raises(InvalidRequestError, match="'cpu'"):
        await api.create_run_queue(name, "kubernetes", template_variables=bad)


async def test_a_second_queue_of_a_name_is_a_conflict_and_the_first_stays(api: AsyncApi, name: str) -> None:
    first = await api.create_run_queue(name, "kubernetes", config={"a": 1})
    with pytest.raises(ConflictError, match=name):
        await api.create_run_queue(name, "sagemaker")
    kind = await first.type
    assert kind == "kubernetes"


async def test_a_missing_queue_names_near_ones(api: AsyncApi, name: str) -> None:
    await api.create_run_queue(name, "kubernetes")
    with pytest.raises(NotFoundError, match=f"Did you mean '{name}'"):
        await api.run_queue("ada", f"{name}x").id


async def test_the_items_of_a_missing_queue_are_an_error(api: AsyncApi, name: str) -> None:
    with pytest.raises(NotFoundError, match=name):
        await api.run_queue("ada", name).items.count()


async def test_the_queue_of_somebody_else_looks_missing(
    api: AsyncApi, name: str, module_server: Server
) -> None:
    await api.create_run_queue(name, "kubernetes")
    module_server.add_user(f"eve{name}")
    async with module_server.async_api(f"eve{name}") as other:
        with pytest.raises(NotFoundError):
            await other.run_queue("ada", name).id


async def test_items_are_listed_newest_first_with_their_state(
    api: AsyncApi, name: str, module_server: Server
) -> None:
    queue = await api.create_run_queue(name, "kubernetes")
    await queue.push({"job": "first", "project": "p1"})
    await queue.push({"job": "second", "project": "p2"})
    module_server.requests.clear()
    items = await queue.items.load_all()
    assert [(item.project, item.last_state) for item in items] == [("p2", "pending"), ("p1", "pending")]
    specs = [await item.run_spec for item in items]
    assert [spec["job"] for spec in specs] == ["second", "first"]
    assert len(module_server.requests) == 1


async def test_items_that_were_pushed_or_popped_here_are_listed_anew(api: AsyncApi, name: str) -> None:
    queue = await api.create_run_queue(name, "kubernetes")
    counts = [await queue.items.count()]
    await queue.push({"job": "j"})
    counts.append(await queue.items.count())
    await queue.pop()
    item = await queue.items[0]
    assert (counts, item.last_state) == ([0, 1], "leased")


async def test_many_items_are_listed_page_by_page(api: AsyncApi, name: str) -> None:
    queue = await api.create_run_queue(name, "kubernetes")
    for number in range(120):
        await queue.push({"job": str(number)})
    ids = {item.id async for item in queue.items}
    assert len(ids) == 120
    assert queue.items.receipt.received == 120


async def test_values_of_variables_fill_the_config(api: AsyncApi, name: str) -> None:
    queue = await api.create_run_queue(
        name, "kubernetes", config={"cpu": "{{cpu}}", "label": "n-{{cpu}}"}, template_variables=CPU
    )
    item = await queue.push({"job": "j"}, {"cpu": 4})
    spec = await item.run_spec
    assert spec["resource_args"] == {"kubernetes": {"cpu": 4, "label": "n-4"}}


@pytest.mark.parametrize(
    ("values", "complaint"),
    [({"cpu": 0}, "less than the minimum"), ({"cpu": "x"}, "'x'"), ({}, "needs a value")],
)
async def test_values_that_do_not_fit_are_refused(
    api: AsyncApi, name: str, values: dict[str, object], complaint: str
) -> None:
    queue = await api.create_run_queue(name, "kubernetes", config={"cpu": "{{cpu}}"}, template_variables=CPU)
    with pytest.raises(InvalidRequestError, match=complaint):
        await queue.push({"job": "j"}, values)


async def test_a_deleted_queue_is_gone(api: AsyncApi, name: str) -> None:
    queue = await api.create_run_queue(name, "kubernetes")
    await queue.delete()
    with pytest.raises(NotFoundError):
        await queue.id


async def test_a_queue_crosses_to_another_process(api: AsyncApi, name: str) -> None:
    import pickle

    queue = await api.create_run_queue(name, "kubernetes")
    copy = pickle.loads(pickle.dumps(queue))
    kind = await copy.type
    assert kind == "kubernetes"


async def test_items_come_out_in_the_order_they_came(api: AsyncApi, name: str) -> None:
    queue = await api.create_run_queue(name, "kubernetes")
    pushed = [(await queue.push({"job": str(number)})).id for number in range(3)]
    popped = [await queue.pop() for _ in range(4)]
    assert [item and item.id for item in popped] == [*pushed, None]


async def test_a_smaller_priority_comes_first(api: AsyncApi, name: str) -> None:
    queue = await api.create_run_queue(name, "kubernetes", prioritization_mode="V0")
    pushed = {priority: await queue.push({}, priority=priority) for priority in (3, None, 0, 1, 2)}
    popped = [await queue.pop() for _ in range(5)]
    wanted = [pushed[priority].id for priority in (0, 1, None, 2, 3)]
    assert [item and item.id for item in popped] == wanted
    assert pushed[3].priority == 3


async def test_a_priority_needs_a_queue_that_has_them(api: AsyncApi, name: str) -> None:
    queue = await api.create_run_queue(name, "kubernetes")
    with pytest.raises(InvalidRequestError, match="no prioritization"):
        await queue.push({"job": "j"}, priority=1)


@pytest.mark.parametrize("act", ["push", "pop"])
async def test_a_missing_queue_neither_takes_nor_gives(api: AsyncApi, name: str, act: str) -> None:
    queue = api.run_queue("ada", name)
    with pytest.raises(NotFoundError, match=name):
        await getattr(queue, act)(*([{}] if act == "push" else []))


async def test_a_spec_that_has_no_json_form_is_refused(api: AsyncApi, name: str) -> None:
    queue = api.run_queue("ada", name)
    with pytest.raises(ArgumentError, match="job"):
        await queue.push({"job": object()})


async def test_a_number_that_json_does_not_have_is_refused_and_the_queue_works_on(
    api: AsyncApi, name: str
) -> None:
    queue = await api.create_run_queue(name, "kubernetes")
    with pytest.raises(InvalidRequestError, match="NaN"):
        await queue.push({"overrides": {"lr": float("nan")}})
    with pytest.raises(InvalidRequestError, match="Infinity"):
        await api.upsert_run_queue(name, {"cpu": float("inf")}, "kubernetes")
    await queue.push({"job": "j"})
    item = await queue.pop()
    assert item is not None
    assert await item.state == "leased"
