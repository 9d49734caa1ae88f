"""Executions: the log of deliveries, as the API shows it."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from automating import automate, project_id, run_event
from conftest import Caller, House
from shelf import Shelf

STARTS = run_event(run_state_filter={"states": ["RUNNING"]})
NODE = """id state createdAt triggerID triggerName
  scope { __typename ... on Project { name } ... on ArtifactSequence { name } }
  event { eventType data { __typename
    ... on RunStateEventDetails { entityName projectName runName newRunState }
    ... on RunMetricEventDetails { runName metricName metricValues }
    ... on ArtifactAliasEventDetails { alias artifactCollectionName artifactVersionIndex artifactMetadata }
    ... on ArtifactTagEventDetails { tag artifactCollectionName }
    ... on ArtifactEventDetails { artifactCollectionName artifactVersionIndex } } }
  action { actionType data { __typename
    ... on GenericWebhookActionArgs { requestPayload
      integration { ... on GenericWebhookIntegration { name } } }
    ... on SlackNotificationActionArgs { integration { ... on SlackIntegration { channelName } } }
    ... on NoOpActionArgs { noOp } } }
  result { resultType data { __typename
    ... on HttpTriggerResultDetails { body status statusCode error { message } }
    ... on DefaultTriggerResultDetails { error { message } } } }"""
OF_TRIGGER = f"""query T($id: ID!, $first: Int) {{ triggerExecutions(triggerID: $id, first: $first) {{
  totalCount edges {{ node {{ {NODE} }} }} pageInfo {{ hasNextPage }} }} }}"""
OF_PROJECT = f"""query P($p: String, $filters: JSONString, $only: Boolean) {{
  project(entityName: "lab", name: $p) {{
    triggerExecutions(filters: $filters, projectOnly: $only) {{
      totalCount edges {{ node {{ {NODE} }} }} }} }} }}"""


@pytest.fixture
def place(ada: Caller) -> tuple[str, str]:
    """Give the name and the id of a project of the team `lab`, of the test's own."""
    name = f"p{uuid.uuid4().hex[:8]}"
    return name, project_id(ada, "lab", name)


def nodes(connection: Any) -> list[Any]:
    """Return the nodes of a page."""
    return [edge["node"] for edge in connection["edges"]]


def test_an_automation_shows_what_it_fired(ada: Caller, place: tuple[str, str]) -> None:
    name, scope = place
    made = automate(ada, scope, "RUN_STATE", STARTS)
    ada.upsert(name, "r1", entityName="lab")
    (found,) = nodes(ada.data(OF_TRIGGER, id=made["id"])["triggerExecutions"])
    assert (found["triggerID"], found["triggerName"], found["state"]) == (made["id"], "watch", "FINISHED")
    assert found["scope"] == {"__typename": "Project", "name": name}
    assert found["event"]["data"] == {
        "__typename": "RunStateEventDetails",
        "entityName": "lab",
        "projectName": name,
        "runName": "r1",
        "newRunState": "running",
    }
    assert found["action"] == {"actionType": "NO_OP", "data": {"__typename": "NoOpActionArgs", "noOp": True}}
    assert found["result"] == {
        "resultType": "DEFAULT",
        "data": {"__typename": "DefaultTriggerResultDetails", "error": None},
    }


def test_a_webhook_shows_its_template_and_what_was_wrong(
    house: House, ada: Caller, place: tuple[str, str]
) -> None:
    name, scope = place
    hook = house.server.add_integration("lab", "hook", "http://127.0.0.1:9/", access_token="never-shown")
    payload = {"token": "${ACCESS_TOKEN}"}
    made = automate(ada, scope, "RUN_STATE", STARTS, hook=hook, payload=payload)
    ada.upsert(name, "r1", entityName="lab")
    house.server.deliveries()
    (found,) = nodes(ada.data(OF_TRIGGER, id=made["id"])["triggerExecutions"])
    assert json.loads(found["action"]["data"]["requestPayload"]) == payload
    assert found["action"]["data"]["integration"] == {"name": "hook"}
    assert (found["state"], found["result"]["resultType"]) == ("FAILED", "HTTP_RESPONSE")
    assert "not public" in found["result"]["data"]["error"]["message"]
    assert "never-shown" not in json.dumps(found)


def test_a_message_that_is_not_sent_has_failed(house: House, ada: Caller, place: tuple[str, str]) -> None:
    name, scope = place
    channel = house.server.add_slack_integration("lab", "us", "#runs")
    config = {"notificationActionInput": {"integrationID": channel}}
    fields = {"triggeredActionType": "NOTIFICATION", "triggeredActionConfig": config}
    made = automate(ada, scope, "RUN_STATE", STARTS, **fields)
    ada.upsert(name, "r1", entityName="lab")
    (found,) = nodes(ada.data(OF_TRIGGER, id=made["id"])["triggerExecutions"])
    assert found["state"] == "FAILED"
    assert found["result"]["data"]["error"] == {"message": "this server sends nothing to Slack"}
    assert found["action"]["data"]["integration"] == {"channelName": "#runs"}


def test_a_project_shows_what_fired_in_it(ada: Caller, place: tuple[str, str]) -> None:
    name, scope = place
    automate(ada, scope, "RUN_STATE", STARTS, name="state")
    automate(ada, scope, "ADD_ARTIFACT_ALIAS", {}, name="alias")
    ada.upsert(name, "r1", entityName="lab")
    Shelf(ada, "lab", name).log("data", {"a": b"1"}, metadata='{"rows": 3}')
    found = ada.data(OF_PROJECT, p=name)["project"]["triggerExecutions"]
    assert [node["triggerName"] for node in nodes(found)] == ["alias", "state"]
    assert nodes(found)[0]["event"]["data"] == {
        "__typename": "ArtifactAliasEventDetails",
        "alias": "latest",
        "artifactCollectionName": "data",
        "artifactVersionIndex": 0,
        "artifactMetadata": '{"rows": 3}',
    }
    chosen = ada.data(OF_PROJECT, p=name, filters='{"state": "FINISHED", "name": "state"}')["project"]
    assert (chosen["triggerExecutions"]["totalCount"], found["totalCount"]) == (1, 2)


def test_a_project_can_leave_its_collections_out(ada: Caller, place: tuple[str, str]) -> None:
    name, _ = place
    shelf = Shelf(ada, "lab", name)
    shelf.log("data", {"a": b"1"})
    collection = ada.data(
        """query C($p: String) { project(entityName: "lab", name: $p) {
          artifactCollection(name: "data") { id } } }""",
        p=name,
    )["project"]["artifactCollection"]["id"]
    automate(ada, collection, "CREATE_ARTIFACT", {}, scopeType="ARTIFACT_COLLECTION")
    shelf.log("data", {"a": b"2"})
    counts = [
        ada.data(OF_PROJECT, p=name, only=only)["project"]["triggerExecutions"]["totalCount"]
        for only in (False, True)
    ]
    of_collection = ada.data(
        """query C($id: ID!) { artifactCollection(id: $id) {
          ... on ArtifactSequence { triggerExecutions { totalCount } } } }""",
        id=collection,
    )["artifactCollection"]["triggerExecutions"]["totalCount"]
    assert (counts, of_collection) == ([1, 0], 1)


def test_executions_come_in_pages(ada: Caller, place: tuple[str, str]) -> None:
    name, scope = place
    made = automate(ada, scope, "RUN_STATE", STARTS)
    for number in range(3):
        ada.upsert(name, f"r{number}", entityName="lab")
    found = ada.data(OF_TRIGGER, id=made["id"], first=2)["triggerExecutions"]
    assert [node["event"]["data"]["runName"] for node in nodes(found)] == ["r2", "r1"]
    assert (found["totalCount"], found["pageInfo"]["hasNextPage"]) == (3, True)


def test_only_members_see_what_fired(house: House, ada: Caller, place: tuple[str, str]) -> None:
    name, scope = place
    made = automate(ada, scope, "RUN_STATE", STARTS)
    ada.data(
        """mutation O($p: String) {
          upsertModel(input: {entityName: "lab", name: $p, access: "USER_READ"}) { inserted } }""",
        p=name,
    )
    ada.upsert(name, "r1", entityName="lab")
    mallory = house.call("mallory")
    assert mallory.refusal(OF_TRIGGER, id=made["id"])[0] == 404
    assert mallory.data(OF_PROJECT, p=name)["project"]["triggerExecutions"]["totalCount"] == 0
    assert house.call("eve").data(OF_TRIGGER, id=made["id"])["triggerExecutions"]["totalCount"] == 1


def test_what_a_whole_team_automates_is_shown_to_its_administrators(house: House, ada: Caller) -> None:
    team = ada.data('{ entity(name: "lab") { id } }')["entity"]["id"]
    fields = {"scopeType": "ENTITY", "enabled": False, "name": f"t{uuid.uuid4().hex}"}
    made = automate(ada, team, "RUN_STATE", STARTS, **fields)
    assert ada.data(OF_TRIGGER, id=made["id"])["triggerExecutions"]["totalCount"] == 0
    assert house.call("bob").refusal(OF_TRIGGER, id=made["id"])[0] == 403
