"""Automations that were made here fire on the embedded server."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

from wandkit import AsyncApi, AsyncArtifact
from wandkit.automation import (
    ArtifactEvent,
    DoNothing,
    Event,
    OnAddArtifactAlias,
    OnRunMetric,
    OnRunState,
    RunEvent,
)
from wandkit.testing import Server


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the cache and the staged copies of each test to itself."""
    monkeypatch.setenv("WANDB_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("WANDB_DATA_DIR", str(tmp_path / "data"))


async def watch(api: AsyncApi, event: Event) -> str:
    """Make an automation that notes an event, and return its name."""
    name = f"a{uuid4().hex[:8]}"
    await api.create_automation(event >> DoNothing(), name=name)
    return name


def fired(server: Server, name: str) -> list[dict[str, object]]:
    """Return the facts with which an automation fired."""
    return [dict(entry.facts) for entry in server.deliveries() if entry.automation == name]


async def test_a_run_that_finishes_fires(module_server: Server) -> None:
    async with module_server.async_api("ada", overrides={"entity": "ada"}) as api:
        await api.create_project("states", "ada")
        condition = (RunEvent.state == "finished") & RunEvent.name.contains("long")
        name = await watch(api, OnRunState(scope=api.project("states"), filter=condition))
        for display_name in ("a long run", "a short run"):
            run = await api.create_run(project="states")
            run.name = display_name
            await run.update()
            await run.finish()
    assert [one["run_name"] for one in fired(module_server, name)] == ["a long run"]


async def test_a_metric_that_runs_away_fires_until_it_is_switched_off(module_server: Server) -> None:
    async with module_server.async_api("ada", overrides={"entity": "ada"}) as api:
        await api.create_project("metrics", "ada")
        event = OnRunMetric(scope=api.project("metrics"), filter=RunEvent.metric("loss").avg(2) > 5)
        name = await watch(api, event)
        run = await api.create_run(project="metrics")
        await run.log([{"loss": loss} for loss in (1, 2, 9, 9)])
        await run.finish()
        saved = await api.automation(name, entity="ada")
        await api.update_automation(saved, enabled=False)
        other = await api.create_run(project="metrics")
        await other.log([{"loss": loss} for loss in (9, 9)])
        await other.finish()
    assert [one["run_id"] for one in fired(module_server, name)] == [run.id]


async def test_a_version_that_gets_an_alias_fires(module_server: Server) -> None:
    async with module_server.async_api("ada", overrides={"entity": "ada"}) as api:
        run = await api.create_run(project="models")
        draft = AsyncArtifact("net", "model")
        with draft.new_file("weights") as file:
            file.write("w")
        logged = await run.log_artifact(draft)
        model = await api.artifact_collection("model", "models/net")
        name = await watch(api, OnAddArtifactAlias(scope=model, filter=ArtifactEvent.alias == "prod"))
        logged.aliases = [*logged.aliases, "test", "prod"]
        await logged.save()
    assert [one["alias"] for one in fired(module_server, name)] == ["prod"]
