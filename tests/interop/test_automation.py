"""Automations, made and changed by wandkit and by the official client in turn."""

from __future__ import annotations

import importlib.util
import json
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import wandkit.automation as kit
from wandkit import Api, Artifact
from wandkit.automation import DoNothing, OnRunMetric, OnRunState, RunEvent
from wandkit.errors import ConflictError, NotFoundError
from wandkit.testing import Server

if TYPE_CHECKING:
    from conftest import Client

INPUT = {
    "scopeId": "scopeID",
    "eventType": "triggeringEventType",
    "actionType": "triggeredActionType",
    "actionConfig": "triggeredActionConfig",
}


def _load_cases() -> Any:
    path = Path(__file__).parent / "scripts" / "automation_cases.py"
    spec = importlib.util.spec_from_file_location("automation_cases", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.cases


cases = _load_cases()


@pytest.fixture
def name() -> str:
    """Give the name of an automation of the test's own."""
    return f"a{uuid.uuid4().hex[:8]}"


@pytest.fixture
def project(api: Api, name: str) -> str:
    """Make a project of the test's own and give its name."""
    api.create_project(f"p-{name}", "ada")
    return f"p-{name}"


@pytest.fixture
def recording(
    newest: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Server, Client]]:
    """Give a server that notes requests, with a team that has a model and integrations, and its client."""
    monkeypatch.setenv("WANDB_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("WANDB_DATA_DIR", str(tmp_path / "data"))
    with Server() as server:
        server.add_user("ada", api_key=newest.key)
        server.add_team("crew", {"ada": "admin"})
        for number in range(3):
            server.add_integration("crew", f"hook{number}", f"https://hooks.example.org/{number}")
            server.add_slack_integration("crew", "Space", f"#c{number}")
        with server.api("ada") as api:
            run = api.create_run(project="spirals", entity="crew")
            draft = Artifact("net", "model")
            with draft.new_file("weights") as file:
                file.write("w")
            run.log_artifact(draft)
        yield server, replace(newest, url=server.url)


def ask(client: Client, action: str, **arguments: Any) -> Any:
    """Let the client do something and return its answer."""
    return client.run("automation.py", action, json.dumps(arguments))


def decoded(value: Any) -> Any:
    """Return JSON values with the JSON texts in them decoded, those in these too."""
    if isinstance(value, str) and value.startswith(("{", "[")):
        return decoded(json.loads(value))
    if isinstance(value, dict):
        return {key: decoded(part) for key, part in value.items()}
    return [decoded(part) for part in value] if isinstance(value, list) else value


def saved(server: Server) -> dict[str, Any]:
    """Return what was sent to save automations, by their names."""
    found = [one.variables for one in server.requests if one.operation == "CreateAutomation"]
    inputs = [one.get("input") or {INPUT.get(key, key): value for key, value in one.items()} for one in found]
    return {one["name"]: decoded({**one, "name": ""}) for one in inputs}


def test_what_wandkit_sends_is_what_the_official_client_sends(recording: tuple[Server, Client]) -> None:
    server, client = recording
    theirs = ask(client, "create_all", team="crew")
    with server.api("ada") as api:
        mine = [
            api.create_automation(new, name=f"ours: {name}").name
            for name, new in cases(kit, api, "crew").items()
        ]
    sent = saved(server)
    assert len(mine) == len(theirs) > 60
    assert {name.removeprefix("ours: "): sent[name] for name in mine} == {
        name.removeprefix("theirs: "): sent[name] for name in theirs
    }


@pytest.mark.parametrize("case", ["event metric and name", "action webhook with payload", "event of a team"])
def test_a_changed_automation_is_sent_as_the_official_client_sends_it(
    recording: tuple[Server, Client], case: str
) -> None:
    server, client = recording
    theirs = ask(client, "edit_all", team="crew", name=case)
    with server.api("ada") as api:
        new = cases(kit, api, "crew")
        mine = api.create_automation(new["action nothing"], name="ours")
        mine.name, mine.description, mine.enabled = "ours, changed", "d", False
        mine.event, mine.action = new[case].event, new[case].action
        mine.scope = new[case].scope
        api.update_automation(mine)
    found = [one.variables for one in server.requests if one.operation == "UpdateAutomation"]
    sent, ours = found[0]["input"], {INPUT.get(key, key): value for key, value in found[1].items()}
    assert (sent.pop("id"), ours.pop("id")) == (theirs, mine.id)
    assert (sent.pop("name"), ours.pop("name")) == ("theirs, changed", "ours, changed")
    assert decoded(ours) == {key: value for key, value in decoded(sent).items() if key in ours}
    assert {"description", "enabled"} < {*ours} < {*sent} | {"scopeID"}


def test_both_list_what_the_other_made(recording: tuple[Server, Client]) -> None:
    server, client = recording
    ask(client, "create_all", team="crew")
    with server.api("ada") as api:
        new = cases(kit, api, "crew")
        for name, one in new.items():
            api.create_automation(one, name=f"ours: {name}")
        found = {one.name: one for one in api.automations("crew", per_page=7)}
        for name in new:
            mine, theirs = found[f"ours: {name}"], found[f"theirs: {name}"]
            assert (mine.event, mine.action, mine.scope) == (theirs.event, theirs.action, theirs.scope), name
            assert not isinstance(theirs.event, kit.UnknownEvent), name
        assert ask(client, "names", entity="crew") == sorted(found)


def test_both_see_the_same_integrations(recording: tuple[Server, Client]) -> None:
    server, client = recording
    with server.api("ada") as api:
        hooks = [[one.id, one.name, one.url_endpoint] for one in api.webhook_integrations("crew", per_page=1)]
        channels = [
            [one.id, one.team_name, one.channel_name] for one in api.slack_integrations(entity="crew")
        ]
    assert ask(client, "integrations", team="crew") == hooks + channels
    assert (len(hooks), len(channels)) == (3, 3)


def test_one_of_the_official_client_is_found_and_edited(
    newest: Client, api: Api, name: str, project: str
) -> None:
    made = ask(newest, "create", name=name, project=project, text="long")
    found = api.automation(name)
    assert (found.id, found.description, found.enabled) == (made["id"], "theirs", True)
    assert isinstance(found.event, OnRunState)
    assert found.event.filter == ((RunEvent.state == "failed") & RunEvent.name.contains("long"))
    found.enabled = False
    found.event.filter = RunEvent.state.in_(["failed", "finished"]) & RunEvent.name.contains("short")
    api.update_automation(found, description="ours")
    seen = ask(newest, "read", name=name, entity="ada")
    assert (seen["enabled"], seen["description"], seen["event"]) == (False, "ours", "RUN_STATE")
    assert decoded(seen["filter"]) == {
        "run_filter": {"$and": [{"display_name": {"$contains": "short"}}]},
        "run_state_filter": {"states": ["FAILED", "FINISHED"]},
    }


def test_one_of_wandkit_is_found_edited_and_deleted_by_the_official_client(
    newest: Client, api: Api, name: str, project: str
) -> None:
    event = OnRunState(scope=api.project(project, "ada"), filter=RunEvent.state == "failed")
    made = api.create_automation(event >> DoNothing(), name=name, description="ours")
    seen = ask(newest, "read", name=name)
    assert (seen["id"], seen["description"], seen["event"]) == (made.id, "ours", "RUN_STATE")
    assert seen["scope"] == ["PROJECT", made.scope.id, project]
    ask(newest, "edit", name=name, description="theirs")
    found = api.automation(name, entity="ada")
    assert (found.id, found.enabled, found.description) == (made.id, False, "theirs")
    assert isinstance(found.event, OnRunMetric)
    assert found.event.filter.metric == (RunEvent.metric("acc").max(4) < 0.5)
    assert ask(newest, "delete", name=name) is True
    with pytest.raises(NotFoundError):
        api.automation(name, entity="ada")


def test_a_name_that_is_taken_is_told_to_both(newest: Client, api: Api, name: str, project: str) -> None:
    event = OnRunState(scope=api.project(project, "ada"), filter=RunEvent.state == "failed")
    made = api.create_automation(event >> DoNothing(), name=name)
    message, existing = ask(newest, "create_again", name=name, project=project)
    assert (name in message, existing) == (True, made.id)
    with pytest.raises(ConflictError, match=name):
        api.create_automation(event >> DoNothing(), name=name)


def test_a_webhook_made_by_the_mutation_of_the_official_client_is_listed(api: Api, name: str) -> None:
    document = """
    mutation CreateGenericWebhookIntegration($input: CreateGenericWebhookIntegrationInput!) {
      createGenericWebhookIntegration(input: $input) { integration { id } }
    }
    """
    given = {"entityName": "ada", "name": name, "urlEndpoint": "https://hooks.example.org/made"}
    answer = api.client.execute(document, variable_values={"input": given})
    made = answer["createGenericWebhookIntegration"]["integration"]["id"]
    found = [one for one in api.webhook_integrations("ada") if one.name == name]
    assert [(one.id, one.url_endpoint) for one in found] == [(made, "https://hooks.example.org/made")]
