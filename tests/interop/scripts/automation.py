"""Speak for the automations of an official client: ACTION and its arguments as JSON."""

from __future__ import annotations

import json
import sys
from typing import Any

import wandb
import wandb.automations as kit
from automation_cases import cases

api = wandb.Api()


def shown(found: Any) -> dict[str, Any]:
    """Return what the client reads of an automation."""
    return {
        "id": found.id,
        "name": found.name,
        "description": found.description,
        "enabled": found.enabled,
        "event": found.event.event_type.value,
        "filter": found.event.model_dump()["filter"],
        "scope": [found.scope.scope_type.value, found.scope.id, found.scope.name],
        "action": found.action.model_dump(),
    }


def create_all(team: str) -> list[str]:
    """Make every case; return their names."""
    found = cases(kit, api, team)
    return [api.create_automation(new, name=f"theirs: {name}").name for name, new in found.items()]


def read(name: str, entity: str | None = None) -> dict[str, Any]:
    """Return one automation."""
    return shown(api.automation(name, entity=entity))


def names(entity: str | None = None) -> list[str]:
    """Return the names of all automations."""
    return sorted(one.name for one in api.automations(entity, per_page=7))


def create(name: str, project: str, text: str) -> dict[str, Any]:
    """Make an automation for runs of a project that fail and whose names contain a text."""
    condition = (kit.RunEvent.state == "failed") & kit.RunEvent.name.contains(text)
    event = kit.OnRunState(scope=api.project(project, entity="ada"), filter=condition)
    return shown(api.create_automation(event >> kit.DoNothing(), name=name, description="theirs"))


def create_again(name: str, project: str) -> list[str]:
    """Make one whose name is taken; return the error, and the id of the one that is fetched instead."""
    event = kit.OnRunState(scope=api.project(project, entity="ada"), filter=kit.RunEvent.state == "failed")
    try:
        api.create_automation(event >> kit.DoNothing(), name=name)
    except wandb.errors.CommError as error:
        found = api.create_automation(event >> kit.DoNothing(), name=name, fetch_existing=True)
        return [str(error), found.id]
    return []


def edit_all(team: str, name: str) -> str:
    """Give a saved automation the event, action and scope of another one, and other words."""
    other = cases(kit, api, team)[name]
    made = api.create_automation(cases(kit, api, team)["action nothing"], name="theirs")
    found = api.update_automation(
        made, name="theirs, changed", description="d", enabled=False,
        scope=other.scope, event=other.event, action=other.action,
    )  # fmt: skip
    return str(found.id)


def edit(name: str, description: str) -> dict[str, Any]:
    """Switch an automation off, describe it, and let it watch for another metric."""
    found = api.automation(name)
    event = kit.OnRunMetric(scope=found.scope, filter=kit.RunEvent.metric("acc").max(4) < 0.5)
    return shown(api.update_automation(found, enabled=False, description=description, event=event))


def delete(name: str) -> bool:
    """Delete an automation."""
    return bool(api.delete_automation(api.automation(name)))


def integrations(team: str) -> list[list[str]]:
    """Return what there is to send to."""
    hooks = [[one.id, one.name, one.url_endpoint] for one in api.webhook_integrations(team)]
    return hooks + [[one.id, one.team_name, one.channel_name] for one in api.slack_integrations(entity=team)]


actions = {
    one.__name__: one
    for one in (create_all, edit_all, read, names, create, create_again, edit, delete, integrations)
}
print("ANSWER " + json.dumps(actions[sys.argv[1]](**json.loads(sys.argv[2]))))
