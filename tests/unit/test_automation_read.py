"""Automations as servers send them: read, changed, and what is not known kept."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wandkit.automation import (
    ActionType,
    AlertSeverity,
    ArtifactCollectionScope,
    ArtifactEvent,
    Automation,
    Condition,
    DoNothing,
    EntityScope,
    EventType,
    NewAutomation,
    OnAddArtifactAlias,
    OnLinkArtifact,
    OnRunMetric,
    OnRunState,
    OrgScope,
    ProjectScope,
    QueueJob,
    RegistryScope,
    RunEvent,
    Scope,
    SendNotification,
    SendPromptToAria,
    SendWebhook,
    SlackIntegration,
    TeamScope,
    UnknownAction,
    UnknownEvent,
    UnknownScope,
    WebhookIntegration,
)
from wandkit.automation.event_reader import read_event
from wandkit.automation.integration import UnknownIntegration, read_integration
from wandkit.automation.kind import ScopeType, features_of
from wandkit.automation.scope import read_scope
from wandkit.automation.wire import assigned, variables_to_create, variables_to_update
from wandkit.errors import ArgumentError

PROJECT = {"__typename": "Project", "id": "p1", "name": "spirals", "entityName": "ada"}
HOOK = {
    "__typename": "GenericWebhookIntegration",
    "id": "i1",
    "name": "ci",
    "urlEndpoint": "https://x.example",
}
SLACK = {"__typename": "SlackIntegration", "id": "i2", "teamName": "Space", "channelName": "#c"}
WEBHOOK = {"__typename": "GenericWebhookTriggeredAction", "integration": HOOK}
NOTIFICATION = {"__typename": "NotificationTriggeredAction", "integration": SLACK}
STATES = {"run_filter": '{"$and":[]}', "run_state_filter": {"states": ["FAILED"]}}


def condition(kind: str, found: Any) -> dict[str, Any]:
    """Return a triggering condition as servers send one."""
    text = found if isinstance(found, str) else json.dumps(found)
    return {"__typename": "FilterEventTriggeringCondition", "eventType": kind, "filter": text}


def sent(**parts: Any) -> dict[str, Any]:
    """Return an automation as servers send one."""
    return {
        "id": "t1",
        "name": "failed",
        "description": None,
        "enabled": True,
        "createdAt": "2025-01-02T03:04:05",
        "updatedAt": None,
        "scope": PROJECT,
        "triggeringCondition": condition("RUN_STATE", STATES),
        "triggeredAction": {"__typename": "NoOpTriggeredAction", "noOp": True},
        **parts,
    }


def test_a_saved_automation_tells_what_it_is() -> None:
    found = Automation.read(sent(description="why"))
    assert (found.id, found.name, found.description, found.enabled) == ("t1", "failed", "why", True)
    assert (found.created_at.isoformat(), found.updated_at) == ("2025-01-02T03:04:05+00:00", None)
    assert found.scope == ProjectScope(id="p1", name="spirals", entity="ada")
    assert isinstance(found.event, OnRunState)
    assert found.action == DoNothing()
    assert found.changed() == set()


SCOPES: dict[str, tuple[dict[str, Any], Scope]] = {
    "project": (PROJECT, ProjectScope(id="p1", name="spirals", entity="ada")),
    "registry": (
        PROJECT | {"name": "wandb-registry-model"},
        RegistryScope(id="p1", name="wandb-registry-model", entity="ada"),
    ),
    "sequence": (
        {"__typename": "ArtifactSequence", "id": "c", "name": "net"},
        ArtifactCollectionScope(id="c", name="net"),
    ),
    "portfolio": (
        {"__typename": "ArtifactPortfolio", "id": "c", "name": "net"},
        ArtifactCollectionScope(id="c", name="net", kind="ArtifactPortfolio"),
    ),
    "team": (
        {"__typename": "Entity", "id": "e", "name": "team", "entityType": "team"},
        TeamScope(id="e", name="team"),
    ),
    "organization": (
        {"__typename": "Entity", "id": "e", "name": "org", "entityType": "organization"},
        OrgScope(id="e", name="org"),
    ),
    "entity": ({"__typename": "Entity", "id": "e", "name": "ada"}, EntityScope(id="e", name="ada")),
}


@pytest.mark.parametrize("name", SCOPES)
def test_a_scope_is_read_by_its_kind(name: str) -> None:
    raw, scope = SCOPES[name]
    found = read_scope(raw)
    assert (type(found), found.model_dump()) == (type(scope), scope.model_dump())


@pytest.mark.parametrize(
    "raw", [{}, {"__typename": "Galaxy", "id": 7, "stars": 3}, {"__typename": "Project"}]
)
def test_a_scope_that_is_not_known_is_kept(raw: dict[str, Any]) -> None:
    found = read_scope(raw)
    assert isinstance(found, UnknownScope)
    assert (found.raw, found.type_name) == (raw, raw.get("__typename", ""))


FILTER = {"$or": [{"$and": [{"alias": {"$eq": "prod"}}]}]}


@pytest.mark.parametrize(
    "form",
    [
        pytest.param({"filter": json.dumps(FILTER)}, id="text in filter"),
        pytest.param({"filter": FILTER}, id="object in filter"),
        pytest.param(FILTER, id="bare"),
        pytest.param({"$or": [{"$and": [{"alias": "prod"}]}]}, id="without an operator"),
    ],
)
def test_a_filter_of_artifacts_is_read_in_every_form(form: dict[str, Any]) -> None:
    found = Automation.read(sent(triggeringCondition=condition("LINK_MODEL", form)))
    assert isinstance(found.event, OnLinkArtifact)
    assert found.event.filter == (ArtifactEvent.alias == "prod")


def test_a_filter_of_metrics_is_read_in_its_older_form() -> None:
    metric = {"name": "loss", "agg_op": None, "window_size": 1, "cmp_op": "$gt", "threshold": 3}
    raw = {"run_filter": "{}", "metric_filter": json.dumps(metric)}
    found = Automation.read(sent(triggeringCondition=condition("RUN_METRIC", raw)))
    assert isinstance(found.event, OnRunMetric)
    assert found.event.filter.metric == (RunEvent.metric("loss") > 3)


UNKNOWN = {
    "another kind": condition("WEAVE_METRIC_THRESHOLD", {"x": 1}),
    "a kind of old": condition("UPDATE_ARTIFACT_ALIAS", {"filter": FILTER}),
    "no JSON": condition("RUN_STATE", "{"),
    "another shape": condition("RUN_STATE", [1]),
    "another state of affairs": condition("RUN_STATE", STATES | {"moon_filter": {}}),
    "a key that is new": condition(
        "RUN_METRIC_ZSCORE",
        {
            "run_filter": "{}",
            "run_metric_filter": {"zscore_filter": {"name": "a", "window_size": 2, "by": 1}},
        },
    ),
    "another metric filter": condition("RUN_METRIC", {"run_filter": "{}", "run_metric_filter": {"new": {}}}),
    "no end": condition("LINK_MODEL", '{"filter":' * 5000 + "1" + "}" * 5000),
    "another kind of condition": {"__typename": "CronTriggeringCondition"},
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_an_event_that_is_not_known_is_kept_and_the_rest_can_be_changed(name: str) -> None:
    raw = UNKNOWN[name]
    found = Automation.read(sent(triggeringCondition=raw))
    assert isinstance(found.event, UnknownEvent)
    assert found.event.filter == raw.get("filter", json.dumps(raw))
    found.enabled = False
    assert variables_to_update(found) == {"enabled": False}


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        ({"__typename": "PushNotificationTriggeredAction"}, "PUSH_NOTIFICATION"),
        ({"__typename": "DanceTriggeredAction", "steps": 3}, "DanceTriggeredAction"),
        ({"__typename": "NotificationTriggeredAction"}, "NOTIFICATION"),
        (WEBHOOK | {"requestPayload": "["}, "GENERIC_WEBHOOK"),
        (WEBHOOK | {"integration": None}, "GENERIC_WEBHOOK"),
        (NOTIFICATION | {"integration": None}, "NOTIFICATION"),
        (NOTIFICATION | {"severity": "PANIC"}, "NOTIFICATION"),
        ({"__typename": "ARIATriggeredAction", "prompt": "x" * 5000}, "ARIA"),
    ],
)
def test_an_action_that_is_not_known_is_kept(raw: dict[str, Any], kind: str) -> None:
    found = Automation.read(sent(triggeredAction=raw))
    assert isinstance(found.action, UnknownAction)
    assert (found.action.raw, found.action.action_type.value) == (raw, kind)
    assert found.changed() == set()


def test_a_queued_job_is_read() -> None:
    raw = {"__typename": "QueueJobTriggeredAction", "queue": {"id": "q", "name": "gpu"}, "template": "{}"}
    found = Automation.read(sent(triggeredAction=raw))
    assert found.action == QueueJob(queue_id="q", queue_name="gpu", template="{}")
    assert found.action.action_type is ActionType.QUEUE_JOB


def test_an_action_tells_its_integration() -> None:
    found = Automation.read(sent(triggeredAction=WEBHOOK | {"requestPayload": '{"a":1}'})).action
    assert isinstance(found, SendWebhook)
    assert found.request_payload == {"a": 1}
    assert found.integration == WebhookIntegration(id="i1", name="ci", url_endpoint="https://x.example")
    found.integration_id = "i9"
    assert found.integration is None


def test_a_notification_is_read() -> None:
    raw = {
        "__typename": "NotificationTriggeredAction",
        "integration": SLACK,
        "title": "t",
        "severity": "WARN",
    }
    found = Automation.read(sent(triggeredAction=raw)).action
    assert isinstance(found, SendNotification)
    assert (found.title, found.message, found.severity) == ("t", "", AlertSeverity.WARN)
    assert isinstance(found.integration, SlackIntegration)


def test_an_integration_of_another_kind_is_kept() -> None:
    found = read_integration({"__typename": "GitHubOAuthIntegration", "id": "g"})
    assert found == UnknownIntegration(id="g", type_name="GitHubOAuthIntegration")


def test_only_what_was_changed_is_sent() -> None:
    found = Automation.read(sent())
    assert variables_to_update(found) == {}
    found.name, found.description = "crashed", "why"
    assert variables_to_update(found) == {"name": "crashed", "description": "why"}


def test_a_description_that_is_taken_away_is_sent_as_an_empty_one() -> None:
    found = Automation.read(sent(description="why"))
    found.description = None
    assert variables_to_update(found) == {"description": ""}


def test_a_change_within_the_event_or_the_action_is_noticed() -> None:
    metric = (RunEvent.metric("loss") > 3) & (RunEvent.name == "x")
    event = OnRunMetric(scope=read_scope(PROJECT), filter=metric)
    raw = {"__typename": "ARIATriggeredAction", "prompt": "look"}
    found = Automation.read(
        sent(triggeringCondition=condition("RUN_METRIC", event.filter_json()), triggeredAction=raw)
    )
    assert isinstance(found.event, OnRunMetric)
    assert isinstance(found.action, SendPromptToAria)
    found.event.filter.metric.name = "val_loss"
    found.action.prompt = "look again"
    changes = variables_to_update(found)
    assert (
        json.loads(changes.pop("eventFilter"))["run_metric_filter"]["threshold_filter"]["name"] == "val_loss"
    )
    assert changes == {
        "eventType": "RUN_METRIC",
        "actionType": "ARIA",
        "actionConfig": {"ariaActionInput": {"prompt": "look again"}},
    }


def test_a_new_event_brings_its_scope() -> None:
    found = Automation.read(sent())
    found.event = OnAddArtifactAlias(scope=ArtifactCollectionScope(id="c", name="net"))
    assert found.scope.name == "net"
    assert found.changed() == {"scope", "event"}


def test_a_scope_is_set_by_itself() -> None:
    found = Automation.read(sent())
    found.scope = TeamScope(id="e", name="team")
    assert (found.changed(), found.event.scope.name) == ({"scope"}, "team")
    with pytest.raises(ArgumentError, match="cannot watch"):
        found.scope = ArtifactCollectionScope(id="c", name="net")


def test_ids_and_times_stay() -> None:
    found = Automation.read(sent())
    with pytest.raises(ArgumentError, match="frozen"):
        found.id = "t2"


def test_other_values_go_to_a_copy() -> None:
    found = Automation.read(sent())
    copy = assigned(found, {"enabled": False, "scope": ProjectScope(id="p2", name="other")})
    assert (copy.enabled, copy.scope.name, copy.changed()) == (False, "other", {"enabled", "scope"})
    assert (found.enabled, found.scope.name, found.changed()) == (True, "spirals", set())


def test_a_part_that_there_is_not_is_refused() -> None:
    with pytest.raises(TypeError, match="has no color"):
        assigned(Automation.read(sent()), {"color": "red"})  # type: ignore[typeddict-unknown-key]


def test_an_event_alone_is_no_automation() -> None:
    event = OnLinkArtifact(scope=read_scope(PROJECT))
    with pytest.raises(TypeError, match="what `event >> action` makes, not a OnLinkArtifact"):
        assigned(event, {"name": "n"})  # type: ignore[type-var]


def test_a_new_automation_needs_a_name_an_event_and_an_action() -> None:
    with pytest.raises(ArgumentError, match="name and event and action missing"):
        variables_to_create(NewAutomation())
    with pytest.raises(ArgumentError, match="; name missing"):
        variables_to_create(OnLinkArtifact(scope=read_scope(PROJECT)) >> DoNothing())


def test_a_new_automation_has_the_scope_of_its_event() -> None:
    new = OnLinkArtifact(scope=read_scope(PROJECT)) >> DoNothing()
    new.scope = TeamScope(id="e", name="team")
    assert (new.scope, new.event.scope if new.event else None) == (TeamScope(id="e", name="team"),) * 2
    with pytest.raises(ValueError, match="without an event"):
        NewAutomation().scope = TeamScope(id="e", name="team")


@pytest.mark.parametrize("name", [name for name in UNKNOWN if "old" in name])
def test_kinds_of_old_cannot_be_given_to_an_automation(name: str) -> None:
    old = Automation.read(sent(triggeringCondition=UNKNOWN[name]))
    with pytest.raises(ValueError, match="UPDATE_ARTIFACT_ALIAS cannot be given"):
        variables_to_create(NewAutomation(name="n", event=old.event, action=DoNothing()))
    job = QueueJob(template="{}")
    with pytest.raises(ValueError, match="QUEUE_JOB cannot be given"):
        variables_to_update(assigned(old, {"action": job}))


def test_a_prompt_fits_in_4000_bytes() -> None:
    assert SendPromptToAria(prompt="  " + "ü" * 2000 + "\n").prompt == "ü" * 2000
    for wrong in ("ü" * 2001, " "):
        with pytest.raises(ArgumentError):
            SendPromptToAria(prompt=wrong)


def test_a_severity_is_one_of_three() -> None:
    channel = SlackIntegration(id="i", team_name="t", channel_name="c")
    made = SendNotification.from_integration(channel, title="T", text="M", level="warn")
    assert made.config() == {
        "notificationActionInput": {"integrationID": "i", "title": "T", "message": "M", "severity": "WARN"}
    }
    with pytest.raises(ArgumentError, match="INFO, WARN or ERROR"):
        SendNotification(integration_id="i", level="panic")


def test_a_payload_is_a_json_object() -> None:
    assert SendWebhook(integration_id="i", request_payload='{"a": 1}').request_payload == {"a": 1}
    assert SendWebhook(integration_id="i").config() == {"genericWebhookActionInput": {"integrationID": "i"}}
    for wrong in ("[1]", "{", 3, {"a": [float("nan")]}, '{"a": NaN}'):
        with pytest.raises(ArgumentError, match="the payload of a webhook is a JSON object"):
            SendWebhook(integration_id="i", request_payload=wrong)  # type: ignore[arg-type]


def test_features_follow_from_the_kinds() -> None:
    none = features_of(ScopeType.PROJECT, EventType.LINK_ARTIFACT, ActionType.GENERIC_WEBHOOK)
    several = features_of(ScopeType.ENTITY, EventType.RUN_METRIC_ZSCORE, ActionType.ARIA)
    assert none == []
    assert several == [
        "AUTOMATION_SCOPE_ENTITY",
        "AUTOMATION_EVENT_RUN_METRIC_ZSCORE",
        "AUTOMATION_ACTION_ARIA",
    ]


FIELDS = st.sampled_from([ArtifactEvent.alias, ArtifactEvent.tag])
LEAVES = st.builds(lambda field, text: field == text, FIELDS, st.text())
CONDITIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda a, b: a & b, inner, inner),
        st.builds(lambda a, b: a | b, inner, inner),
        st.builds(lambda a: ~a, inner),
    ),
    max_leaves=8,
)


@given(CONDITIONS)
def test_every_filter_of_artifacts_is_read_as_it_is_written(found: Condition) -> None:
    event = OnLinkArtifact(scope=read_scope(PROJECT), filter=found)
    wrapped = {"filter": event.filter_json()}
    assert read_event(condition("LINK_MODEL", wrapped), read_scope(PROJECT)) == event


@given(CONDITIONS, st.floats(allow_nan=False, allow_infinity=False), st.integers(1, 99))
def test_every_filter_of_metrics_is_read_as_it_is_written(
    found: Condition, threshold: float, window: int
) -> None:
    metric = RunEvent.metric("loss").max(window) > threshold
    event = OnRunMetric(scope=read_scope(PROJECT), filter=metric & found)
    assert read_event(condition("RUN_METRIC", event.filter_json()), read_scope(PROJECT)) == event


@pytest.mark.parametrize("action", [SendNotification, SendWebhook])
def test_an_action_takes_integrations_of_its_own_kind_only(action: Any) -> None:
    unknown = UnknownIntegration(id="SW50ZWdyYXRpb246Mw==", type_name="Teams")
    with pytest.raises(TypeError, match=r"_integrations lists them, not UnknownIntegration"):
        action.from_integration(unknown)
