"""Launch agents: registered, told to stop, and what becomes of the work they had taken."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Caller, House

PLACE = {"entityName": "ada", "projectName": "model-registry"}
CREATE_QUEUE = """mutation CreateQueue($input: CreateRunQueueInput!) {
  createRunQueue(input: $input) { queueID }
}"""
PUSH = """mutation Push($input: PushToRunQueueByNameInput!) {
  pushToRunQueueByName(input: $input) { runQueueItemId }
}"""
POP = "mutation Pop($input: PopFromRunQueueInput!) { popFromRunQueue(input: $input) { runQueueItemId } }"
CREATE = """mutation Create($input: CreateLaunchAgentInput!) {
  createLaunchAgent(input: $input) { launchAgentId success }
}"""
UPDATE = "mutation Update($input: UpdateLaunchAgentInput!) { updateLaunchAgent(input: $input) { success } }"
AGENT = """query Agent($id: ID!) {
  launchAgent(id: $id) { id name hostname agentStatus stopPolling heartbeatAt runQueues createdAt }
}"""


@pytest.fixture
def name() -> str:
    """Give the name of a queue of the test's own."""
    return f"q{uuid.uuid4().hex[:8]}"


@pytest.fixture
def queue(ada: Caller, name: str) -> str:
    """Give the id of a queue with one item in it."""
    place = {**PLACE, "queueName": name}
    made: str = ada.data(CREATE_QUEUE, input={**place, "access": "PROJECT"})["createRunQueue"]["queueID"]
    ada.data(PUSH, input={**place, "runSpec": "{}"})
    return made


@pytest.fixture
def agent(ada: Caller, queue: str) -> str:
    """Give the id of an agent of the queue."""
    given = {**PLACE, "runQueues": [queue], "hostname": "host", "agentConfig": "{}", "version": "1"}
    made: str = ada.data(CREATE, input=given)["createLaunchAgent"]["launchAgentId"]
    return made


def pop(ada: Caller, name: str, agent: str | None = None) -> Any:
    """Pop as an agent, or as nobody."""
    given = {**PLACE, "queueName": name, "launchAgentId": agent}
    return ada.data(POP, input=given)["popFromRunQueue"]


def test_a_new_agent_polls(ada: Caller, queue: str, agent: str) -> None:
    found = ada.data(AGENT, id=agent)["launchAgent"]
    assert (found["id"], found["hostname"], found["runQueues"]) == (agent, "host", [queue])
    assert (found["agentStatus"], found["stopPolling"], bool(found["name"])) == ("POLLING", False, True)


def test_the_agents_of_a_project_are_listed(ada: Caller, agent: str) -> None:
    text = '{ project(name: "model-registry", entityName: "ada") { launchAgents { id } } }'
    assert {"id": agent} in ada.data(text)["project"]["launchAgents"]


def test_a_sign_of_life_is_noted(ada: Caller, agent: str) -> None:
    before = ada.data(AGENT, id=agent)["launchAgent"]["heartbeatAt"]
    ada.data(UPDATE, input={"launchAgentId": agent, "agentStatus": "RUNNING", "name": "mine"})
    found = ada.data(AGENT, id=agent)["launchAgent"]
    assert (found["agentStatus"], found["name"]) == ("RUNNING", "mine")
    assert found["heartbeatAt"] > before


def test_an_agent_that_shall_stop_gets_nothing(ada: Caller, name: str, agent: str) -> None:
    ada.data(UPDATE, input={"launchAgentId": agent, "stopPolling": True})
    assert ada.data(AGENT, id=agent)["launchAgent"]["stopPolling"] is True
    assert pop(ada, name, agent) is None
    assert pop(ada, name) is not None


def test_who_popped_an_item_is_noted(ada: Caller, name: str, agent: str) -> None:
    taken = pop(ada, name, agent)["runQueueItemId"]
    text = """query Item($queue: String!, $id: ID!) {
      project(name: "model-registry", entityName: "ada") {
        runQueue(name: $queue) { runQueueItem(id: $id) { launchAgentId } }
      }
    }"""
    item = ada.data(text, queue=name, id=taken)["project"]["runQueue"]["runQueueItem"]
    assert item["launchAgentId"] == agent


def test_a_killed_agent_gives_back_what_it_had_not_started(ada: Caller, name: str, agent: str) -> None:
    taken = pop(ada, name, agent)
    ada.data(UPDATE, input={"launchAgentId": agent, "agentStatus": "KILLED"})
    assert pop(ada, name) == taken


def test_a_deleted_agent_gives_back_what_it_had_not_started(ada: Caller, name: str, agent: str) -> None:
    taken = pop(ada, name, agent)
    text = "mutation Drop($id: ID!) { deleteLaunchAgents(input: {launchAgentIds: [$id]}) { success } }"
    assert ada.data(text, id=agent)["deleteLaunchAgents"]["success"] is True
    assert ada.data(AGENT, id=agent)["launchAgent"] is None
    assert pop(ada, name) == taken


def test_the_agents_of_others_do_not_exist(house: House, agent: str) -> None:
    mallory = house.call("mallory")
    assert mallory.data(AGENT, id=agent)["launchAgent"] is None
    assert mallory.refusal(UPDATE, input={"launchAgentId": agent, "stopPolling": True})[0] == 404


@pytest.mark.parametrize("wrong", ["nonsense", "TGF1bmNoQWdlbnQ6OTk5OTk5"])
def test_an_agent_that_never_was_cannot_pop(ada: Caller, name: str, queue: str, wrong: str) -> None:
    given = {**PLACE, "queueName": name, "launchAgentId": wrong}
    assert ada.refusal(POP, input=given)[0] == 404
