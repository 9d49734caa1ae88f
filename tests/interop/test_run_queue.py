"""Run queues and what waits in them, made and taken by wandkit and by the official clients in turn."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from wandkit import Api
from wandkit.errors import LaunchError, NotFoundError

if TYPE_CHECKING:
    from conftest import Client

CPU = {"cpu": {"schema": {"type": "integer", "minimum": 1}}}


@pytest.fixture
def name() -> str:
    """Give the name of a queue of the test's own."""
    return f"q{uuid.uuid4().hex[:8]}"


def ask(client: Client, action: str, **arguments: Any) -> Any:
    """Let the client do something and return its answer."""
    return client.run("launch.py", action, json.dumps(arguments))


def spec_of(project: str, job: str = "ada/p/job:latest") -> dict[str, Any]:
    """Return what both sides push."""
    overrides = {"args": [], "entry_point": [], "run_config": {"lr": 0.1}}
    return {"job": job, "entity": "ada", "project": project, "author": "ada", "overrides": overrides}


def test_a_queue_that_wandkit_made_is_read_by_the_official_api(client: Client, api: Api, name: str) -> None:
    queue = api.create_run_queue(
        name, "kubernetes", "ada", "V0", config={"cpu": "{{cpu}}"}, template_variables=CPU
    )
    item = queue.push(spec_of("p"), {"cpu": 2}, 1)
    found = ask(client, "read", name=name)
    assert found.pop("links", None) is None
    assert json.loads(found["variables"][0].pop("schema")) == CPU["cpu"]["schema"]
    assert found == {
        "id": queue.id,
        "access": "PROJECT",
        "prioritization_mode": "V0",
        "type": "kubernetes",
        "config": {"resource_args": {"kubernetes": {"cpu": "{{cpu}}"}}},
        "variables": [{"name": "cpu"}],
        "items": [item.id],
        "states": ["pending"],
    }


def test_a_queue_that_the_official_api_made_is_read_by_wandkit(client: Client, api: Api, name: str) -> None:
    made = ask(
        client, "create", name=name, kind="kubernetes", prioritization_mode="V0",
        config={"cpu": "{{cpu}}"}, template_variables=CPU,
    )  # fmt: skip
    queue = api.run_queue("ada", name)
    assert made == {"name": name, "access": "PROJECT"}
    assert (queue.type, queue.prioritization_mode, queue.access) == ("kubernetes", "V0", "PROJECT")
    assert queue.default_resource_config == {"resource_args": {"kubernetes": {"cpu": "{{cpu}}"}}}
    assert queue.template_variables == [{"name": "cpu", "schema": CPU["cpu"]["schema"]}]


def test_a_queue_that_the_newest_client_upserted_is_read_by_wandkit(
    newest: Client, api: Api, name: str
) -> None:
    links = {"wiki": "https://example.com"}
    ask(newest, "upsert", name=name, kind="sagemaker", config={"a": 1}, external_links=links)
    queue = api.run_queue("ada", name)
    assert (queue.type, queue.external_links, queue.prioritization_mode) == ("sagemaker", links, "DISABLED")


def test_what_wandkit_pushed_is_popped_and_started_by_the_official_client(
    client: Client, api: Api, name: str
) -> None:
    queue = api.create_run_queue(name, "kubernetes", "ada", config={"cpu": "{{cpu}}"}, template_variables=CPU)
    project = f"launched-{name}"
    item = queue.push(spec_of(project), {"cpu": 3})
    taken = ask(client, "pop", name=name)
    assert taken["runQueueItemId"] == item.id
    assert taken["runSpec"]["resource_args"] == {"kubernetes": {"cpu": 3}}
    assert taken["runSpec"]["overrides"]["run_config"] == {"lr": 0.1}
    assert ask(client, "pop", name=name) is None
    assert ask(client, "acknowledge", item=item.id, run=f"run-{name}") is True
    client.run("log_run.py", f"run-{name}", project, "3")
    run = item.wait_until_finished(timeout=60)
    assert (run.id, run.state, item.state) == (f"run-{name}", "finished", "claimed")


def test_what_the_official_client_pushed_is_popped_and_started_by_wandkit(
    client: Client, api: Api, name: str
) -> None:
    queue = api.create_run_queue(name, "kubernetes", "ada", "V0", {"cpu": "{{cpu}}"}, CPU)
    project = f"launched-{name}"
    pushed = ask(client, "push", name=name, spec=spec_of(project), variables={"cpu": 5}, priority=0)
    assert pushed["runSpec"]["resource_args"] == {"kubernetes": {"cpu": 5}}
    item = queue.pop()
    assert item is not None
    assert (item.id, item.project) == (pushed["runQueueItemId"], project)
    assert item.run_spec["overrides"]["run_config"] == {"lr": 0.1}
    item.acknowledge("made-by-wandkit")
    run = api.create_run(run_id="made-by-wandkit", project=project, entity="ada")
    run.log([{"loss": 0.5}])
    run.finish()
    ended = ask(client, "wait", name=name, item=item.id, project=project)
    assert (ended["id"], ended["state"], ended["summary"]["loss"]) == ("made-by-wandkit", "finished", 0.5)


def test_why_the_official_client_gave_an_item_up_is_told_by_wandkit(
    client: Client, api: Api, name: str
) -> None:
    item = api.create_run_queue(name, "local-process", "ada").push(spec_of("p"))
    ask(client, "pop", name=name)
    told = ask(client, "fail", item=item.id, message="no such image", stage="agent", files=["a.log"])
    with pytest.raises(LaunchError, match="'agent': no such image") as caught:
        item.wait_until_finished(timeout=30)
    assert (told, caught.value.file_paths) == (True, ("a.log",))


def test_an_agent_of_the_official_client_is_registered(client: Client, api: Api, name: str) -> None:
    queue = api.create_run_queue(name, "local-process", "ada")
    found = ask(client, "agent", queues=[name])
    assert (found["runQueues"], found["agentStatus"]) == ([queue.id], "RUNNING")
    assert (bool(found["name"]), found["stopPolling"]) == (True, False)
    assert found["heartbeatAt"]


def test_a_value_that_does_not_fit_is_not_pushed_by_the_official_client(
    client: Client, api: Api, name: str
) -> None:
    queue = api.create_run_queue(name, "kubernetes", "ada", "V0", {"cpu": "{{cpu}}"}, CPU)
    pushed = ask(client, "push", name=name, spec=spec_of("p"), variables={"cpu": 0}, priority=0)
    assert (pushed, len(queue.items)) == (None, 0)


def test_a_queue_that_the_official_api_deleted_is_gone(client: Client, api: Api, name: str) -> None:
    queue = api.create_run_queue(name, "local-process", "ada")
    ask(client, "delete", name=name)
    with pytest.raises(NotFoundError):
        _ = queue.id
