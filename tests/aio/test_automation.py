"""Automations: saved, found, listed, changed and deleted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from wandkit import AsyncApi
from wandkit.automation import (
    ActionType,
    ArtifactCollectionScope,
    ArtifactEvent,
    DoNothing,
    EventType,
    NewAutomation,
    OnAddArtifactAlias,
    OnCreateArtifact,
    OnLinkArtifact,
    OnRunMetric,
    OnRunState,
    ProjectScope,
    RunEvent,
    SendNotification,
    SendPromptToAria,
    SendWebhook,
    TeamScope,
    UnknownAction,
    UnknownEvent,
    UnknownScope,
)
from wandkit.errors import (
    ArgumentError,
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    UnsupportedError,
)
from wandkit.testing import Server


@pytest.fixture
async def api(module_server: Server) -> AsyncIterator[AsyncApi]:
    """Give a client of ada's for a team of the test's own, with a webhook and a Slack channel."""
    team = f"team-{uuid4().hex[:8]}"
    module_server.add_team(team, {"ada": "admin"})
    module_server.add_integration(team, "hook", "https://hooks.example.org/wandkit")
    module_server.add_slack_integration(team, "Space", "#alerts")
    async with module_server.async_api("ada", overrides={"entity": team}) as api:
        await api.create_project("spirals", team)
        yield api


def failing(api: AsyncApi, action: DoNothing | None = None) -> NewAutomation:
    """Return an automation for runs of the test's project that fail."""
    return OnRunState(scope=api.project("spirals"), filter=RunEvent.state == "failed") >> (
        action or DoNothing()
    )


async def test_a_saved_automation_is_found_by_its_name(api: AsyncApi) -> None:
    made = await api.create_automation(failing(api), name="failed", description="look into it")
    found = await api.automation("failed")
    assert (found.id, found.name, found.description) == (made.id, "failed", "look into it")
    assert (found.enabled, found.event.event_type) == (True, EventType.RUN_STATE)
    assert (found.scope.name, found.action.action_type) == ("spirals", ActionType.NO_OP)
    assert found.created_at.tzinfo is not None


async def test_an_event_comes_back_as_it_was_made(api: AsyncApi) -> None:
    condition = (RunEvent.metric("loss").avg(5) > 10) & RunEvent.name.contains("long")
    event = OnRunMetric(scope=api.project("spirals"), filter=condition)
    made = await api.create_automation(event >> DoNothing(), name="loss")
    assert isinstance(made.event, OnRunMetric)
    assert made.event.filter == condition


async def test_a_webhook_comes_back_with_where_it_leads(api: AsyncApi) -> None:
    hook = await api.webhook_integrations()[0]
    action = SendWebhook.from_integration(hook, payload={"run": "${run_name}", "ü": 1})
    made = await api.create_automation(failing(api, action), name="hook")
    assert isinstance(made.action, SendWebhook)
    assert made.action.request_payload == {"run": "${run_name}", "ü": 1}
    assert made.action.integration == hook
