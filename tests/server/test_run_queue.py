"""Run queues: who sees them, what is leased to whom and for how long, and what agents say of it."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from wandkit.testing import Server

if TYPE_CHECKING:
    from conftest import Caller, House

PROJECT = "model-registry"
POP = """mutation Pop($input: PopFromRunQueueInput!) {
  popFromRunQueue(input: $input) { runQueueItemId runSpec }
}"""
PUSH = """mutation Push($input: PushToRunQueueByNameInput!) {
  pushToRunQueueByName(input: $input) { runQueueItemId runSpec }
}"""
CREATE = """mutation Create($input: CreateRunQueueInput!) {
  createRunQueue(input: $input) { queueID success }
}"""
UPSERT = """mutation Upsert($input: UpsertRunQueueInput!) {
  upsertRunQueue(input: $input) { success configSchemaValidationErrors }
}"""
QUEUE = """query Queue($entity: String!, $name: String!) {
  project(name: "model-registry", entityName: $entity) {
    runQueue(name: $name) {
      id name access createdBy prioritizationMode executorInfo externalLinks defaultResourceConfigID
      runQueueItems { edges { node { id state associatedRunId launchAgentId runSpec } } }
    }
  }
}"""
# Pops until nothing is left, as a program of its own: URL KEY QUEUE.
POPPER = """
import json, sys
import httpx
url, key, queue, document = sys.argv[1:]
place = {"entityName": "ada", "projectName": "model-registry", "queueName": queue}
taken = []
with httpx.Client(base_url=url, auth=("api", key), timeout=60) as client:
    print("ready", flush=True)
    sys.stdin.readline()
    while True:
        body = {"query": document, "variables": {"input": place}}
        got = client.post("/graphql", json=body).json()["data"]["popFromRunQueue"]
        if got is None:
            break
        taken.append(got["runQueueItemId"])
print(json.dumps(taken))
"""


@pytest.fixture
def name() -> str:
    """Give the name of a queue of the test's own."""
    return f"q{uuid.uuid4().hex[:8]}"


def create(caller: Caller, name: str, entity: str = "ada", **more: Any) -> str:
    """Make a queue and return its id."""
    place = {"entityName": entity, "projectName": PROJECT, "queueName": name}
    made: str = caller.data(CREATE, input={"access": "PROJECT", **place, **more})["createRunQueue"]["queueID"]
    return made


def push(caller: Caller, name: str, entity: str = "ada", spec: str = "{}", **more: Any) -> str:
    """Push and return the item's id."""
    place = {"entityName": entity, "projectName": PROJECT, "queueName": name, "runSpec": spec}
    made: str = caller.data(PUSH, input={**place, **more})["pushToRunQueueByName"]["runQueueItemId"]
    return made


def pop(caller: Caller, name: str, entity: str = "ada", **more: Any) -> str | None:
    """Pop and return the item's id, or None."""
    place = {"entityName": entity, "projectName": PROJECT, "queueName": name}
    taken = caller.data(POP, input={**place, **more})["popFromRunQueue"]
    return None if taken is None else str(taken["runQueueItemId"])


def queue_of(caller: Caller, name: str, entity: str = "ada") -> Any:
    """Return what the caller sees of a queue."""
    project = caller.data(QUEUE, entity=entity, name=name)["project"]
    return project and project["runQueue"]


def states(caller: Caller, name: str) -> list[str]:
    """Return the states of a queue's items, the oldest first."""
    edges = queue_of(caller, name)["runQueueItems"]["edges"]
    return [edge["node"]["state"] for edge in reversed(edges)]


def mutate(caller: Caller, field: str, **input: Any) -> Any:
    """Return the success of a mutation that has one."""
    kind = f"{field[0].upper()}{field[1:]}Input"
    text = f"mutation Do($input: {kind}!) {{ {field}(input: $input) {{ success }} }}"
    return caller.data(text, input=input)[field]["success"]


@pytest.fixture
def brief(call_on: Callable[[Server, str], Caller]) -> Iterator[Caller]:
    """Give ada on a server whose leases end at once."""
    with Server(queue_lease_s=0.0) as server:
        server.add_user("ada")
        yield call_on(server, "ada")


def test_a_new_queue_shows_what_it_was_made_of(ada: Caller, name: str) -> None:
    made = create(ada, name, prioritizationMode="V0")
    found = queue_of(ada, name)
    assert (found["id"], found["access"], found["prioritizationMode"]) == (made, "PROJECT", "V0")
    assert (found["externalLinks"], found["defaultResourceConfigID"]) == (None, None)


def test_the_queues_of_a_project_are_listed(ada: Caller, name: str) -> None:
    create(ada, name)
    text = '{ project(name: "model-registry", entityName: "ada") { runQueues { name } } }'
    assert name in [queue["name"] for queue in ada.data(text)["project"]["runQueues"]]


def test_a_queue_of_one_user_is_hidden_from_the_team(house: House, name: str) -> None:
    create(house.call("bob"), name, "lab", access="USER")
    assert queue_of(house.call("bob"), name, "lab") is not None
    assert queue_of(house.call("eve"), name, "lab") is None
    assert queue_of(house.call("root"), name, "lab") is not None


def test_a_queue_of_the_project_is_for_the_team(house: House, name: str) -> None:
    create(house.call("bob"), name, "lab")
    item = push(house.call("ada"), name, "lab")
    assert pop(house.call("bob"), name, "lab") == item


def test_who_reads_only_cannot_push_or_pop(house: House, name: str) -> None:
    create(house.call("bob"), name, "lab")
    place = {"entityName": "lab", "projectName": PROJECT, "queueName": name}
    eve = house.call("eve")
    assert eve.refusal(PUSH, input={**place, "runSpec": "{}"})[0] == 403
    assert eve.refusal(POP, input=place)[0] == 403
    assert eve.refusal(CREATE, input={**place, "access": "PROJECT"})[0] == 403


def test_the_queues_of_others_do_not_exist(house: House, ada: Caller, name: str) -> None:
    create(ada, name)
    place = {"entityName": "ada", "projectName": PROJECT, "queueName": name}
    mallory = house.call("mallory")
    assert queue_of(mallory, name) is None
    assert mallory.refusal(POP, input=place)[0] == 404
    assert mallory.refusal(PUSH, input={**place, "runSpec": "{}"})[0] == 404
    assert mallory.refusal(CREATE, input={**place, "access": "PROJECT"})[0] == 404


def test_the_items_of_others_cannot_be_failed(house: House, ada: Caller, name: str) -> None:
    create(ada, name)
    item = push(ada, name)
    text = (
        'mutation Fail($id: ID!) { failRunQueueItem(input: {runQueueItemId: $id, message: "x"}) { success } }'
    )
    assert house.call("mallory").refusal(text, id=item)[0] == 404
    assert states(ada, name) == ["PENDING"]


@pytest.mark.parametrize("wrong", ["", "n" * 65])
def test_a_name_has_one_to_64_characters(ada: Caller, wrong: str) -> None:
    place = {"entityName": "ada", "projectName": PROJECT, "queueName": wrong, "access": "PROJECT"}
    status, message = ada.refusal(CREATE, input=place)
    assert (status, "1 to 64" in message) == (400, True)


def test_a_name_is_taken_once(ada: Caller, name: str) -> None:
    create(ada, name)
    place = {"entityName": "ada", "projectName": PROJECT, "queueName": name, "access": "PROJECT"}
    assert ada.refusal(CREATE, input=place)[0] == 409


@pytest.mark.parametrize("spec", ["", "nonsense", "[1]", "null", "3"])
def test_a_run_spec_is_a_json_object(ada: Caller, name: str, spec: str) -> None:
    create(ada, name)
    place = {"entityName": "ada", "projectName": PROJECT, "queueName": name, "runSpec": spec}
    if spec == "":
        assert push(ada, name, spec="") is not None
    else:
        status, message = ada.refusal(PUSH, input=place)
        assert (status, "runSpec" in message) == (400, True)


def test_who_pushed_is_noted_unless_the_spec_says(ada: Caller, name: str) -> None:
    create(ada, name)
    push(ada, name)
    push(ada, name, spec='{"author": "somebody"}')
    edges = queue_of(ada, name)["runQueueItems"]["edges"]
    assert [edge["node"]["runSpec"]["author"] for edge in edges] == ["somebody", "ada"]


def test_a_lease_keeps_an_item_from_others(ada: Caller, name: str) -> None:
    create(ada, name)
    item = push(ada, name)
    assert [pop(ada, name), pop(ada, name)] == [item, None]
    assert states(ada, name) == ["LEASED"]


def test_a_lease_that_ran_out_leaves_the_item_to_others(brief: Caller, name: str) -> None:
    create(brief, name)
    item = push(brief, name)
    assert [pop(brief, name), pop(brief, name)] == [item, item]
    assert states(brief, name) == ["PENDING"]


def test_an_item_that_was_leased_twice_becomes_one_run(brief: Caller, name: str) -> None:
    create(brief, name)
    item = push(brief, name)
    pop(brief, name)
    pop(brief, name)
    told = [mutate(brief, "ackRunQueueItem", runQueueItemId=item, runName=run) for run in ("a", "b")]
    assert told == [True, False]
    assert pop(brief, name) is None
    node = queue_of(brief, name)["runQueueItems"]["edges"][0]["node"]
    assert (node["state"], node["associatedRunId"]) == ("CLAIMED", "a")


def test_an_item_that_waits_cannot_be_acknowledged(ada: Caller, name: str) -> None:
    create(ada, name)
    item = push(ada, name)
    assert mutate(ada, "ackRunQueueItem", runQueueItemId=item, runName="r") is False


def test_a_run_that_names_its_item_claims_it(ada: Caller, name: str) -> None:
    create(ada, name)
    item = push(ada, name)
    pop(ada, name)
    for run in (name, f"{name}-2"):
        ada.upsert("launched", run, runQueueItemId=item)
    node = queue_of(ada, name)["runQueueItems"]["edges"][0]["node"]
    assert (node["state"], node["associatedRunId"]) == ("CLAIMED", name)


def test_a_failed_item_tells_why_and_is_not_popped(ada: Caller, name: str) -> None:
    create(ada, name)
    item = push(ada, name, spec='{"job": "j"}')
    warning = {"runQueueItemId": item, "message": "slow", "stage": "build"}
    assert mutate(ada, "updateRunQueueItemWarning", **warning) is True
    failure = {"runQueueItemId": item, "message": "no image", "stage": "agent", "filePaths": ["a.log"]}
    assert [mutate(ada, "failRunQueueItem", **failure) for _ in range(2)] == [True, False]
    node = queue_of(ada, name)["runQueueItems"]["edges"][0]["node"]
    assert (node["state"], node["runSpec"]["job"]) == ("FAILED", "j")
    assert node["runSpec"]["_wandkit"] == {
        "failure": {"message": "no image", "stage": "agent", "filePaths": ["a.log"]},
        "warnings": [{"message": "slow", "stage": "build", "filePaths": []}],
    }
    assert pop(ada, name) is None


def test_priorities_hold_while_the_queue_has_them(ada: Caller, name: str) -> None:
    create(ada, name, prioritizationMode="V0")
    late, medium, first = (push(ada, name, priority=3), push(ada, name), push(ada, name, priority=0))
    assert pop(ada, name) == first
    config = {"resourceType": "kubernetes", "resourceConfig": "{}", "prioritizationMode": "DISABLED"}
    ada.data(UPSERT, input={"entityName": "ada", "projectName": PROJECT, "queueName": name, **config})
    assert [pop(ada, name), pop(ada, name)] == [late, medium]


@pytest.mark.parametrize(("mode", "priority"), [("DISABLED", 1), ("V0", -1)])
def test_a_priority_that_means_nothing_is_refused(ada: Caller, name: str, mode: str, priority: int) -> None:
    create(ada, name, prioritizationMode=mode)
    place = {"entityName": "ada", "projectName": PROJECT, "queueName": name, "runSpec": "{}"}
    assert ada.refusal(PUSH, input={**place, "priority": priority})[0] == 400


def test_an_item_is_pushed_by_the_id_of_its_queue(ada: Caller, name: str) -> None:
    queue = create(ada, name, prioritizationMode="V0")
    later = push(ada, name, priority=1)
    text = """mutation Push($id: ID!) {
      pushToRunQueue(input: {queueID: $id, runSpec: "{}", priority: 0}) { runQueueItemId }
    }"""
    sooner = ada.data(text, id=queue)["pushToRunQueue"]["runQueueItemId"]
    assert [pop(ada, name), pop(ada, name)] == [sooner, later]


def test_an_item_leaves_its_own_queue_only(ada: Caller, name: str) -> None:
    queue, other = create(ada, name), create(ada, f"{name}x")
    item = push(ada, name)
    assert mutate(ada, "deleteFromRunQueue", queueID=other, runQueueItemId=item) is False
    assert mutate(ada, "deleteFromRunQueue", queueID=queue, runQueueItemId=item) is True
    assert states(ada, name) == []


def test_a_deleted_queue_takes_its_items_along(ada: Caller, name: str) -> None:
    queue = create(ada, name)
    push(ada, name)
    assert mutate(ada, "deleteRunQueues", queueIDs=[queue]) is True
    assert queue_of(ada, name) is None
    create(ada, name)
    assert states(ada, name) == []


@pytest.mark.parametrize("wrong", ["nonsense", "UnVuUXVldWU6OTk5OTk5", "UnVuOjE="])
def test_an_id_that_is_of_no_queue_is_not_found(ada: Caller, wrong: str) -> None:
    text = "mutation Drop($id: ID!) { deleteRunQueues(input: {queueIDs: [$id]}) { success } }"
    assert ada.refusal(text, id=wrong)[0] == 404


def test_an_upsert_says_what_is_odd_about_a_config(ada: Caller, name: str) -> None:
    place = {"entityName": "ada", "projectName": PROJECT, "queueName": name, "resourceType": "kubernetes"}
    config = json.dumps({"resource_args": {"sagemaker": {"image": "{{tag}}"}}})
    variables = json.dumps({"unused": {"schema": {"type": "string"}}})
    given = {**place, "resourceConfig": config, "templateVariables": variables}
    answer = ada.data(UPSERT, input=given)["upsertRunQueue"]
    assert answer["success"] is True
    assert len(answer["configSchemaValidationErrors"]) == 3


def test_what_an_upsert_cannot_read_changes_nothing(ada: Caller, name: str) -> None:
    place = {"entityName": "ada", "projectName": PROJECT, "queueName": name, "resourceType": "kubernetes"}
    assert ada.refusal(UPSERT, input={**place, "resourceConfig": "nonsense"})[0] == 400
    assert queue_of(ada, name) is None


def test_two_processes_never_get_the_same_item(call_on: Callable[[Server, str], Caller], name: str) -> None:
    with Server() as server:
        server.add_user("ada")
        caller = call_on(server, "ada")
        create(caller, name)
        pushed = [push(caller, name) for _ in range(60)]
        taken = popped_by_processes([server.url] * 3, server.key("ada"), name)
    assert sorted(one for each in taken for one in each) == sorted(pushed)
    assert sum(bool(each) for each in taken) >= 2


def popped_by_processes(urls: list[str], key: str, name: str) -> list[list[str]]:
    """Let one process per URL pop at the same time; return what each got."""
    command = [sys.executable, "-c", POPPER]
    processes = [
        subprocess.Popen(
            [*command, url, key, name, POP], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for url in urls
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return [json.loads(process.communicate(timeout=120)[0]) for process in processes]


def test_two_servers_of_one_store_never_lend_the_same_item(
    call_on: Callable[[Server, str], Caller], tmp_path: Path, name: str
) -> None:
    with Server(data_dir=tmp_path) as one, Server(data_dir=tmp_path) as other:
        key = one.add_user("ada")
        caller = call_on(one, "ada")
        create(caller, name)
        pushed = [push(caller, name) for _ in range(40)]
        taken = popped_by_processes([one.url, other.url], key, name)
    assert sorted(item for each in taken for item in each) == sorted(pushed)
