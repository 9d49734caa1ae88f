"""Sweeps, jobs and queues with what real programs wrote; skipped where that data is absent."""

from __future__ import annotations

import json
import warnings
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from wandkit import AsyncApi, AsyncArtifact
from wandkit.errors import ArgumentError, InvalidRequestError
from wandkit.testing import Server

DATA = Path(__file__).parents[3] / "shared" / "data"
LAUNCH = DATA / "manifests" / "launch_jobs"
JOB_FILE = LAUNCH / "wandb_sweeps_59.wandb-job.json"
AGENT = "mutation CreateAgent($input: CreateAgentInput!) { createAgent(input: $input) { agent { id } } }"
BEAT = """mutation Heartbeat($id: ID!) {
  agentHeartbeat(input: {id: $id, runState: "{}"}) { commands }
}"""

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the real data, ../shared/data, is absent")


@pytest.fixture
async def api(module_server: Server) -> AsyncIterator[AsyncApi]:
    """Give a client of ada's."""
    async with module_server.async_api("ada", overrides={"entity": "ada"}) as api:
        yield api


async def first_command(api: AsyncApi, project: str, sweep: str) -> dict[str, Any] | None:
    """Register an agent and return what it is told first; None where it is to wait."""
    place = {"host": "box", "entityName": "ada", "projectName": project, "sweep": sweep}
    made = await api.client.execute(AGENT, variable_values={"input": place})
    agent = made["createAgent"]["agent"]["id"]
    told = await api.client.execute(BEAT, variable_values={"id": agent})
    commands: list[dict[str, Any]] = json.loads(told["agentHeartbeat"]["commands"])
    return commands[0] if commands else None


async def test_agents_get_points_of_every_real_configuration_that_can_be_searched(api: AsyncApi) -> None:
    outcomes: dict[str, int] = {}
    for path in sorted((DATA / "sweeps" / "configs").iterdir()):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)
                sweep = await api.create_sweep(path, "real-sweeps", "ada")
        except (ArgumentError, InvalidRequestError) as error:
            outcome = "refused by name" if "parameter" in str(error) else "refused"
        else:
            command = await first_command(api, sweep.project, sweep.id)
            if sweep.config["method"] == "custom":
                assert command is None, path  # whoever drives a custom search makes its points
                outcome = "custom"
            else:
                assert command is not None, path
                assert set(command["args"]) == set(sweep.config["parameters"]), path
                outcome = "searched"
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    assert outcomes["searched"] > 180
    assert outcomes["searched"] > 8 * (outcomes["refused"] + outcomes["refused by name"])


async def test_runs_that_a_real_server_drew_are_taken_as_prior_runs(api: AsyncApi) -> None:
    (path,) = sorted((DATA / "sweeps" / "server_payloads").glob("*.decoded.json"))
    seen = json.loads(path.read_text(encoding="utf-8"))["jsonPayload"]["data"]
    names = [f"prior-{number}" for number, _ in enumerate(seen["runs"][:5])]
    for name, run in zip(names, seen["runs"], strict=False):
        config = {key: entry["value"] for key, entry in run["config"].items()}
        made = await api.create_run(run_id=name, project="prior", entity="ada", config=config)
        await made.finish()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sweep = await api.create_sweep(seen["config"], "prior", "ada", prior_runs=names)
    taken = [run async for run in sweep.runs]
    assert sorted(run.id for run in taken) == sorted(names)
    assert sweep.order == "-summary_metrics.test_accuracy"
    configs = [await run.config for run in taken]
    assert all(set(config) <= set(seen["config"]["parameters"]) for config in configs)


async def test_a_real_job_is_read_and_called(api: AsyncApi, tmp_path: Path) -> None:
    run = await api.create_run(project="real-jobs", entity="ada")
    draft = AsyncArtifact("real", "made")
    draft._type = "job"  # people may not make jobs by hand
    with draft.new_file("wandb-job.json") as file:
        file.write(JOB_FILE.read_text(encoding="utf-8"))
    await run.log_artifact(draft)
    job = await api.job("ada/real-jobs/real:latest", str(tmp_path / "down"))
    said = json.loads(JOB_FILE.read_text(encoding="utf-8"))
    assert (job.source_type, job.entrypoint) == ("artifact", said["source"]["entrypoint"])
    assert (job.input_types, job.output_types) == (said["input_types"], said["output_types"])
    assert job.runtime == said["runtime"]
    queue = await api.create_run_queue("real-jobs", "local-process", "ada")
    item = await job.call({}, queue=queue.name)
    assert (await item.run_spec)["job"] == job.name


async def test_real_run_configs_come_through_a_queue_unchanged(api: AsyncApi) -> None:
    queue = await api.create_run_queue("real-configs", "kubernetes", "ada")
    configs = [
        yaml.safe_load(path.read_text(encoding="utf-8"))
        for path in sorted((LAUNCH / "wandb_launch-jobs").iterdir())
        if path.suffix in (".yml", ".yaml")
    ]
    for config in configs:
        await queue.push({"job": "ada/p/j:v0", "overrides": {"run_config": config}})
    popped = [await queue.pop() for _ in configs]
    specs = [await item.run_spec for item in popped if item is not None]
    assert len(configs) > 10
    assert [spec["overrides"]["run_config"] for spec in specs] == configs


async def test_a_real_queue_item_is_read_as_it_was_handed_out(api: AsyncApi) -> None:
    path = DATA / "cassettes" / "launch" / "run_queue_item_2023-11.json"
    seen = json.loads(path.read_text(encoding="utf-8"))["popFromRunQueue"]["runSpec"]
    queue = await api.create_run_queue("real-items", "local-container", "ada")
    await queue.push({key: value for key, value in seen.items() if not key.startswith("_")})
    item = await queue.pop()
    assert item is not None
    assert (item.entity, item.project) == (seen["entity"], seen["project"])
    spec = await item.run_spec
    assert {key: spec[key] for key in ("job", "author", "overrides", "resource", "resource_args")} == {
        key: seen[key] for key in ("job", "author", "overrides", "resource", "resource_args")
    }
