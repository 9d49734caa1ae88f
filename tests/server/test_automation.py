"""Automations and integrations: kept, listed, changed and deleted, by who may, and only if they can work."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from automating import CREATE, DELETE, UPDATE, automate, project_id, run_event, wanted
from conftest import Caller, House

from wandkit.testing import Server

FINISHED = run_event(run_state_filter={"states": ["FINISHED"]})
ALIAS = {"$or": [{"$and": [{"alias": {"$regex": "^prod"}}]}]}
ABOVE = {"name": "loss", "agg_op": "AVERAGE", "window_size": 5, "cmp_op": "$gt", "threshold": 3}
CHANGE = {"name": "loss", "current_window_size": 2, "change_type": "RELATIVE", "change_amount": 0.5}
ENTITY_TRIGGERS = """query E($e: String!, $filters: JSONString, $first: Int, $after: String, $order: String) {
  entity(name: $e) { triggers(filters: $filters, first: $first, after: $after, order: $order) {
    totalCount edges { node { name } } pageInfo { endCursor hasNextPage } } } }"""
PROJECT_TRIGGERS = """query P($e: String, $p: String) { project(entityName: $e, name: $p) {
  triggers { name } } }"""
INTEGRATIONS = """query I($e: String!, $first: Int, $after: String) { entity(name: $e) {
  integrations(first: $first, after: $after) { pageInfo { endCursor hasNextPage } edges { node { __typename
    ... on GenericWebhookIntegration { id name urlEndpoint accessTokenRef secretRef }
    ... on SlackIntegration { id teamName channelName } } } } } }"""
ADD_WEBHOOK = """mutation W($input: CreateGenericWebhookIntegrationInput!) {
  createGenericWebhookIntegration(input: $input) { integration { __typename
    ... on GenericWebhookIntegration { id name } } } }"""
REMOVE = "mutation R($id: ID!) { deleteIntegration(input: {id: $id}) { success } }"


def metric(kind: str, **condition: Any) -> dict[str, Any]:
    """Return the filter of an event about a metric."""
    return run_event(run_metric_filter={kind: condition})


@pytest.fixture
def scope(ada: Caller) -> str:
    """Give the id of a project of the team `lab`, of the test's own."""
    return project_id(ada, "lab", f"p{uuid.uuid4().hex[:8]}")


def entity_id(caller: Caller, name: str) -> str:
    """Return the id of an entity."""
    found: str = caller.data("query E($n: String) { entity(name: $n) { id } }", n=name)["entity"]["id"]
    return found


def test_an_automation_comes_back_as_it_was_made(ada: Caller, scope: str) -> None:
    made = automate(ada, scope, "RUN_STATE", FINISHED, description="d", enabled=False)
    assert (made["name"], made["description"], made["enabled"]) == ("watch", "d", False)
    assert (made["scope"]["__typename"], made["scope"]["id"]) == ("Project", scope)
    assert made["createdBy"] == {"username": "ada"}
    assert made["triggeredAction"] == {"__typename": "NoOpTriggeredAction", "noOp": True}


def test_the_filter_of_a_run_event_comes_back_as_it_was_sent(ada: Caller, scope: str) -> None:
    condition = automate(ada, scope, "RUN_STATE", FINISHED)["triggeringCondition"]
    assert json.loads(condition["filter"]) == FINISHED


def test_the_filter_of_an_artifact_event_comes_back_inside_a_filter(ada: Caller, scope: str) -> None:
    condition = automate(ada, scope, "ADD_ARTIFACT_ALIAS", ALIAS)["triggeringCondition"]
    assert json.loads(json.loads(condition["filter"])["filter"]) == ALIAS


def test_a_name_is_taken_once_in_a_scope(ada: Caller, scope: str) -> None:
    automate(ada, scope, "RUN_STATE", FINISHED)
    status, message = ada.refusal(CREATE, input=wanted(scope, "RUN_STATE", FINISHED))
    assert (status, message) == (409, "an automation 'watch' exists already in this scope")


def test_a_name_is_free_in_another_scope(ada: Caller, scope: str) -> None:
    automate(ada, scope, "RUN_STATE", FINISHED)
    other = project_id(ada, "lab", "another-scope")
    assert automate(ada, other, "RUN_STATE", FINISHED)["scope"]["name"] == "another-scope"


def test_what_an_update_leaves_out_stays(ada: Caller, scope: str) -> None:
    made = automate(ada, scope, "RUN_STATE", FINISHED, description="d")
    changed = ada.data(UPDATE, input={"id": made["id"], "enabled": False})["updateFilterTrigger"]["trigger"]
    assert changed == {**made, "enabled": False, "updatedAt": changed["updatedAt"]}


def test_an_update_is_judged_as_a_whole(ada: Caller, scope: str) -> None:
    made = automate(ada, scope, "RUN_STATE", FINISHED)
    status, message = ada.refusal(UPDATE, input={"id": made["id"], "triggeringEventType": "RUN_METRIC"})
    assert (status, "run_metric_filter" in message) == (400, True)


def test_a_refused_update_changes_nothing(ada: Caller, scope: str) -> None:
    made = automate(ada, scope, "RUN_STATE", FINISHED)
    ada.refusal(UPDATE, input={"id": made["id"], "name": "other", "triggeredActionType": "ARIA"})
    assert ada.data(UPDATE, input={"id": made["id"]})["updateFilterTrigger"]["trigger"]["name"] == "watch"


def test_an_update_cannot_take_the_name_of_another(ada: Caller, scope: str) -> None:
    automate(ada, scope, "RUN_STATE", FINISHED)
    other = automate(ada, scope, "RUN_STATE", FINISHED, name="other")
    assert ada.refusal(UPDATE, input={"id": other["id"], "name": "watch"})[0] == 409


@pytest.mark.parametrize("document", [UPDATE, DELETE], ids=["update", "delete"])
def test_a_missing_automation_is_not_found(ada: Caller, document: str) -> None:
    number = "VHJpZ2dlcjo5OTk5OTk="
    status, message = ada.refusal(document, id=number, input={"id": number})
    assert (status, message) == (404, "automation not found")


def test_a_deleted_automation_is_gone(ada: Caller, scope: str) -> None:
    made = automate(ada, scope, "RUN_STATE", FINISHED)
    assert ada.data(DELETE, id=made["id"])["deleteTrigger"]["success"]
    assert ada.refusal(DELETE, id=made["id"])[0] == 404


@pytest.mark.parametrize(
    ("event", "filter", "part"),
    [
        ("ADD_ARTIFACT_ALIAS", "{", "eventFilter is not JSON"),
        ("ADD_ARTIFACT_ALIAS", {"alas": "x"}, "did you mean alias"),
        ("ADD_ARTIFACT_ALIAS", {"alias": {"$like": "x"}}, "unknown operator '$like'"),
        ("ADD_ARTIFACT_ALIAS", {"alias": {"$regex": "("}}, "not RE2 syntax"),
        ("RUN_STATE", [], "is an object"),
        ("RUN_STATE", run_event(), "run_state_filter"),
        ("RUN_STATE", run_event(run_state_filter={"states": ["DONE"]}), "unknown run state 'DONE'"),
        ("RUN_STATE", {**FINISHED, "run_filter": "{"}, "run_filter is not JSON"),
        ("RUN_STATE", {**FINISHED, "run_filter": {"stat": 1}}, "did you mean state"),
        ("RUN_METRIC", metric("change_filter", **CHANGE), "threshold_filter"),
        ("RUN_METRIC", metric("threshold_filter", **{**ABOVE, "name": ""}), "the `name` of a metric"),
        ("RUN_METRIC", metric("threshold_filter", **{**ABOVE, "cmp_op": ">"}), 'cmp_op is ">"'),
        ("RUN_METRIC", metric("threshold_filter", **{**ABOVE, "agg_op": "SUM"}), 'agg_op is "SUM"'),
        ("RUN_METRIC", metric("threshold_filter", **{**ABOVE, "window_size": 0}), "window_size is 0"),
        ("RUN_METRIC", metric("threshold_filter", **{**ABOVE, "threshold": "3"}), 'threshold is "3"'),
        ("RUN_METRIC_CHANGE", metric("change_filter", **{**CHANGE, "change_amount": -1}), "above 0"),
        ("RUN_METRIC_CHANGE", metric("change_filter", **{**CHANGE, "change_type": "UP"}), "change_type is"),
        ("RUN_METRIC_ZSCORE", metric("zscore_filter", name="loss", change_dir="UP"), "change_dir is"),
    ],
)  # fmt: skip
def test_a_filter_that_cannot_work_is_refused(
    ada: Caller, scope: str, event: str, filter: Any, part: str
) -> None:
    status, message = ada.refusal(CREATE, input=wanted(scope, event, filter))
    assert (status, part in message) == (400, True), message


def test_the_older_form_of_a_threshold_is_understood(ada: Caller, scope: str) -> None:
    older = run_event(metric_filter=json.dumps(ABOVE))
    assert automate(ada, scope, "RUN_METRIC", older)["triggeringCondition"]["eventType"] == "RUN_METRIC"


def test_new_versions_are_watched_in_collections_only(ada: Caller, scope: str) -> None:
    status, message = ada.refusal(CREATE, input=wanted(scope, "CREATE_ARTIFACT", {}))
    expected = "CREATE_ARTIFACT events cannot be watched in the scope PROJECT; use ARTIFACT_COLLECTION"
    assert (status, message) == (400, expected)


@pytest.mark.parametrize(
    ("kind", "config", "part"),
    [
        ("NO_OP", {}, "needs noOpActionInput"),
        ("NO_OP", {"noOpActionInput": {}, "ariaActionInput": {"prompt": "x"}}, "not ariaActionInput"),
        ("ARIA", {"ariaActionInput": {"prompt": " "}}, "between 1 and 4000 bytes"),
        ("PUSH_NOTIFICATION", {}, "not available"),
        ("GENERIC_WEBHOOK", {"genericWebhookActionInput": {"integrationID": "x"}}, "integration not found"),
    ],
)
def test_an_action_that_cannot_work_is_refused(
    ada: Caller, scope: str, kind: str, config: dict[str, Any], part: str
) -> None:
    fields = {"triggeredActionType": kind, "triggeredActionConfig": config}
    _, message = ada.refusal(CREATE, input=wanted(scope, "RUN_STATE", FINISHED, **fields))
    assert part in message


def test_a_payload_is_json(house: House, ada: Caller, scope: str) -> None:
    hook = house.server.add_integration("lab", "h", "https://example.com")
    config = {"genericWebhookActionInput": {"integrationID": hook, "requestPayload": "{"}}
    fields = {"triggeredActionType": "GENERIC_WEBHOOK", "triggeredActionConfig": config}
    _, message = ada.refusal(CREATE, input=wanted(scope, "RUN_STATE", FINISHED, **fields))
    assert message.startswith("requestPayload is not JSON")


def test_a_slack_channel_is_no_webhook(house: House, ada: Caller, scope: str) -> None:
    channel = house.server.add_slack_integration("lab", "us", "#runs")
    config = {"genericWebhookActionInput": {"integrationID": channel}}
    fields = {"triggeredActionType": "GENERIC_WEBHOOK", "triggeredActionConfig": config}
    _, message = ada.refusal(CREATE, input=wanted(scope, "RUN_STATE", FINISHED, **fields))
    assert "is a slack one" in message


def test_the_webhook_of_another_entity_cannot_be_used(house: House, ada: Caller, scope: str) -> None:
    hook = house.server.add_integration("ada", "mine", "https://example.com")
    config = {"genericWebhookActionInput": {"integrationID": hook}}
    fields = {"triggeredActionType": "GENERIC_WEBHOOK", "triggeredActionConfig": config}
    _, message = ada.refusal(CREATE, input=wanted(scope, "RUN_STATE", FINISHED, **fields))
    assert message == "the integration 'mine' belongs to ada, not to lab"


def test_an_event_whose_feature_is_off_is_refused() -> None:
    import httpx

    with Server(features={"AUTOMATION_EVENT_RUN_STATE": False}) as server:
        server.add_user("ada")
        with httpx.Client(base_url=server.url, auth=("api", server.key("ada")), timeout=30) as client:
            caller = Caller(client)
            scope = project_id(caller, "ada", "p")
            _, message = caller.refusal(CREATE, input=wanted(scope, "RUN_STATE", FINISHED))
    assert message == "RUN_STATE events are not available on this server"


def test_members_may_make_automations_in_their_projects(house: House, scope: str) -> None:
    assert automate(house.call("bob"), scope, "RUN_STATE", FINISHED)["createdBy"] == {"username": "bob"}


@pytest.mark.parametrize(("user", "status"), [("eve", 403), ("mallory", 404), (None, 401)])
def test_others_may_not(house: House, scope: str, user: str | None, status: int) -> None:
    assert house.call(user).refusal(CREATE, input=wanted(scope, "RUN_STATE", FINISHED))[0] == status


def test_only_administrators_automate_a_whole_team(house: House, ada: Caller) -> None:
    team = entity_id(ada, "lab")
    fields = {"scopeType": "ENTITY", "name": "for all"}
    assert house.call("bob").refusal(CREATE, input=wanted(team, "RUN_STATE", FINISHED, **fields))[0] == 403
    made = automate(ada, team, "RUN_STATE", FINISHED, **fields)
    assert made["scope"] == {"__typename": "Entity", "id": team, "name": "lab"}


def test_viewers_see_automations_and_do_not_change_them(house: House, ada: Caller, scope: str) -> None:
    made = automate(ada, scope, "RUN_STATE", FINISHED)
    eve = house.call("eve")
    assert eve.refusal(UPDATE, input={"id": made["id"], "enabled": False})[0] == 403
    assert eve.refusal(DELETE, id=made["id"])[0] == 403


def test_a_public_project_shows_its_automations_to_its_members_only(house: House, ada: Caller) -> None:
    scope = project_id(ada, "lab", "open")
    access = (
        'mutation { upsertModel(input: {entityName: "lab", name: "open", access: "USER_READ"}) { inserted } }'
    )
    ada.data(access)
    made = automate(ada, scope, "RUN_STATE", FINISHED)
    mallory = house.call("mallory")
    assert mallory.data(PROJECT_TRIGGERS, e="lab", p="open")["project"]["triggers"] == []
    assert mallory.refusal(UPDATE, input={"id": made["id"]})[0] == 404
    assert ada.data(PROJECT_TRIGGERS, e="lab", p="open")["project"]["triggers"] == [{"name": "watch"}]


def names(page: dict[str, Any]) -> list[str]:
    """Return the names on a page."""
    return [edge["node"]["name"] for edge in page["edges"]]


def test_the_automations_of_an_entity_are_paged_filtered_and_ordered(house: House) -> None:
    bob = house.call("bob")
    scope = project_id(bob, "bob", "mine")
    for name in ("a", "b", "c"):
        automate(bob, scope, "RUN_STATE", FINISHED, name=name)
    page = bob.data(ENTITY_TRIGGERS, e="bob", first=2)["entity"]["triggers"]
    assert (names(page), page["totalCount"], page["pageInfo"]["hasNextPage"]) == (["c", "b"], 3, True)
    rest = bob.data(ENTITY_TRIGGERS, e="bob", after=page["pageInfo"]["endCursor"])["entity"]["triggers"]
    assert names(rest) == ["a"]
    found = bob.data(ENTITY_TRIGGERS, e="bob", filters='{"name": "b"}')["entity"]["triggers"]
    assert (names(found), found["totalCount"]) == (["b"], 1)
    assert names(bob.data(ENTITY_TRIGGERS, e="bob", order="+name")["entity"]["triggers"]) == ["a", "b", "c"]


def test_an_unknown_key_of_the_listing_is_refused(ada: Caller) -> None:
    status, message = ada.refusal(ENTITY_TRIGGERS, e="ada", filters='{"nam": "b"}')
    assert (status, message) == (400, "unknown key 'nam' for automations; did you mean name?")


def test_automations_of_a_deleted_project_are_not_listed(house: House) -> None:
    root = house.call("root")
    scope = project_id(root, "root", "doomed")
    automate(root, scope, "RUN_STATE", FINISHED)
    root.data("mutation D($id: String!) { deleteModel(input: {id: $id}) { success } }", id=scope)
    assert root.data(ENTITY_TRIGGERS, e="root")["entity"]["triggers"]["totalCount"] == 0


def test_integrations_are_listed_with_their_kinds(house: House) -> None:
    house.server.add_integration("eve", "hook", "https://example.com/x", access_token="t0", secret="s3cret")
    house.server.add_slack_integration("eve", "us", "#runs")
    found = house.call("eve").data(INTEGRATIONS, e="eve")["entity"]["integrations"]
    hook, channel = (edge["node"] for edge in found["edges"])
    assert (hook["__typename"], hook["name"]) == ("GenericWebhookIntegration", "hook")
    assert (hook["accessTokenRef"], hook["secretRef"]) == ("HOOK_TOKEN", "HOOK_SECRET")
    assert (channel["__typename"], channel["teamName"], channel["channelName"]) == (
        "SlackIntegration",
        "us",
        "#runs",
    )
    assert "s3cret" not in json.dumps(found)


def test_integrations_come_in_pages(house: House) -> None:
    for number in range(3):
        house.server.add_slack_integration("mallory", "us", f"#{number}")
    mallory = house.call("mallory")
    page = mallory.data(INTEGRATIONS, e="mallory", first=2)["entity"]["integrations"]
    rest = mallory.data(INTEGRATIONS, e="mallory", after=page["pageInfo"]["endCursor"])["entity"]
    assert page["pageInfo"]["hasNextPage"]
    assert [edge["node"]["channelName"] for edge in rest["integrations"]["edges"]] == ["#2"]


def webhook(**fields: Any) -> dict[str, Any]:
    """Return the input of a webhook of the team `lab`."""
    return {"entityName": "lab", "name": "made", "urlEndpoint": "https://example.com/hook", **fields}


def test_administrators_make_webhooks(ada: Caller) -> None:
    made = ada.data(ADD_WEBHOOK, input=webhook())["createGenericWebhookIntegration"]["integration"]
    assert (made["__typename"], made["name"]) == ("GenericWebhookIntegration", "made")


def test_members_do_not(house: House) -> None:
    assert house.call("bob").refusal(ADD_WEBHOOK, input=webhook())[0] == 403


@pytest.mark.parametrize(
    ("fields", "part"),
    [
        ({"urlEndpoint": "ftp://example.com"}, "http or https URL"),
        ({"urlEndpoint": "https://"}, "http or https URL"),
        ({"urlEndpoint": "https://a b/"}, "http or https URL"),
        ({"urlEndpoint": "https://me:pass@example.com/"}, "cannot hold a password"),
        ({"name": " "}, "between 1 and 255"),
        ({"secretRef": "NONE"}, "lab has no secret 'NONE'"),
    ],
)
def test_a_webhook_that_cannot_work_is_refused(ada: Caller, fields: dict[str, str], part: str) -> None:
    status, message = ada.refusal(ADD_WEBHOOK, input=webhook(**fields))
    assert (status, part in message) == (400, True), message


def test_an_integration_in_use_is_not_deleted(house: House, ada: Caller, scope: str) -> None:
    hook = house.server.add_integration("lab", "used", "https://example.com")
    made = automate(ada, scope, "RUN_STATE", FINISHED, hook=hook)
    assert ada.refusal(REMOVE, id=hook) == (
        409,
        "the automation 'watch' uses this integration; delete it first",
    )
    ada.data(DELETE, id=made["id"])
    assert ada.data(REMOVE, id=hook)["deleteIntegration"]["success"]
    assert ada.refusal(REMOVE, id=hook)[0] == 404
