"""What type checkers see of automations and integrations. Checked, never run."""

# pyright: reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from datetime import datetime

from typing_extensions import assert_type

from wandkit import (
    Api,
    AsyncApi,
    AsyncAutomations,
    AsyncWebhookIntegrations,
    Automations,
    F,
    Integrations,
    SlackIntegrations,
    WebhookIntegrations,
)
from wandkit.automation import (
    Action,
    ArtifactEvent,
    Automation,
    Condition,
    DoNothing,
    Event,
    Integration,
    MetricChangeFilter,
    MetricFilter,
    MetricThresholdFilter,
    MetricZScoreFilter,
    NewAutomation,
    OnLinkArtifact,
    OnRunMetric,
    OnRunState,
    RunEvent,
    RunMetricFilter,
    RunStateFilter,
    Scope,
    SendNotification,
    SendWebhook,
    SlackIntegration,
    StateFilter,
    TeamScope,
    WebhookIntegration,
)


def filters() -> None:
    """Check the language of filters."""
    loss = RunEvent.metric("loss")
    assert_type(ArtifactEvent.alias == "prod", Condition)
    assert_type((ArtifactEvent.alias == "prod") & ~ArtifactEvent.tag.exists(), Condition)
    assert_type(loss.avg(3) > 1, MetricThresholdFilter)
    assert_type(loss.increases_by(frac=0.1), MetricChangeFilter)
    assert_type(abs(loss.zscore(3)) > 1, MetricZScoreFilter)
    assert_type((loss > 1) & RunEvent.name.contains("x"), RunMetricFilter)
    assert_type((loss > 1) & (F.state == "running"), RunMetricFilter)
    assert_type(RunEvent.state == "failed", StateFilter)
    assert_type((RunEvent.state == "failed") & {"display_name": "x"}, RunStateFilter)


def saving(api: Api, hook: WebhookIntegration) -> None:
    """Check what makes and changes automations."""
    event = OnRunMetric(scope=api.project("p"), filter=RunEvent.metric("loss") > 1)
    new = event >> SendWebhook.from_integration(hook, payload={"a": 1})
    assert_type(new, NewAutomation)
    made = api.create_automation(new, name="n", description=None, enabled=True, fetch_existing=True)
    assert_type(made, Automation)
    assert_type(made.event, Event)
    assert_type(made.action, Action)
    assert_type(made.scope, Scope)
    assert_type(made.created_at, datetime)
    if isinstance(made.event, OnRunMetric):
        assert_type(made.event.filter.metric, MetricFilter)
        made.event.filter.metric.threshold = 2
    made.scope = TeamScope(id="i", name="t")
    made.action = DoNothing()
    assert_type(api.update_automation(made, scope=api.team("t"), create_missing=True), Automation)
    assert_type(api.delete_automation("id"), bool)
    OnLinkArtifact(scope=api.registry("models"))
    OnLinkArtifact(scope=api.artifact_collection("model", "net"), filter={"alias": "prod"})
    OnLinkArtifact(scope=api.organization(), filter=ArtifactEvent.alias == "prod")


def listing(api: Api) -> None:
    """Check the listings."""
    assert_type(api.automations("e", name="n"), Automations)
    assert_type([one.name for one in api.automations()], list[str])
    assert_type(api.automation("n", entity="e"), Automation)
    assert_type(api.integrations(), Integrations)
    assert_type(api.integrations()[0], Integration)
    assert_type(api.webhook_integrations(), WebhookIntegrations)
    assert_type(api.webhook_integrations()[0], WebhookIntegration)
    assert_type(api.slack_integrations(), SlackIntegrations)
    assert_type(api.slack_integrations()[0], SlackIntegration)


async def asynchronous(api: AsyncApi) -> None:
    """Check the same of the async side."""
    listing = api.automations("e")
    assert_type(listing, AsyncAutomations)
    assert_type([one async for one in listing], list[Automation])
    assert_type(api.webhook_integrations(), AsyncWebhookIntegrations)
    hook = await api.webhook_integrations()[0]
    assert_type(hook, WebhookIntegration)
    event = OnRunState(scope=api.project("p"), filter=RunEvent.state.in_(["failed", "finished"]))
    made = await api.create_automation(event >> DoNothing(), name="n")
    assert_type(await api.update_automation(made, enabled=False), Automation)
    assert_type(await api.delete_automation(made), bool)


def mistakes(api: Api, made: Automation, slack: SlackIntegration) -> None:
    """Check that mistakes are found: each line needs its comment."""
    OnRunState(scope="p", filter=RunEvent.state == "failed")  # type: ignore[arg-type]
    OnRunMetric(scope=api.project("p"), filter=RunEvent.state == "failed")  # type: ignore[arg-type]
    OnRunState(scope=api.project("p"))  # type: ignore[call-arg]
    print(OnLinkArtifact(scope=api.project("p")) >> "act")  # type: ignore[operator]
    print(RunEvent.metric("loss") > "high")  # type: ignore[operator]
    RunEvent.metric("loss").changes_by(by=3)  # type: ignore[call-arg]
    SendWebhook.from_integration(slack)  # type: ignore[arg-type]
    SendNotification.from_integration(slack, titel="x")  # type: ignore[call-arg]
    api.create_automation(made)  # type: ignore[arg-type]
    api.update_automation(made, color="red")  # type: ignore[call-arg]
    print(made.nothing)  # type: ignore[attr-defined]
