"""Sweeps that the official clients make and work on, read by wandkit; sweeps of wandkit that they work on."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from wandkit import Api
from wandkit._core.sweep_config import check_sweep_config
from wandkit._core.sweep_yaml import load_yaml
from wandkit.errors import ArgumentError

if TYPE_CHECKING:
    from conftest import Client

CONFIGS = Path(__file__).resolve().parents[3] / "shared" / "data" / "sweeps" / "configs"
GRID: dict[str, Any] = {
    "method": "grid",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"lr": {"values": [0.2, 0.1]}, "layers": {"value": 3}},
}
RANDOM: dict[str, Any] = {
    "method": "random",
    "run_cap": 2,
    "metric": {"name": "loss", "goal": "maximize"},
    "parameters": {"lr": {"min": 0.1, "max": 0.9}, "layers": {"min": 1, "max": 9}},
}
STRICTER = {
    r"method is missing": "a search without a method is none; the official client leaves that to the server",
    r"metric is missing": "a bayes search has nothing to go by without a metric",
    r"probabilities must be": "chances that do not belong to the values, or do not add up to 1, mean nothing",
    r"larger than max": "an empty range holds no value",
    r"is no key of a parameter": "a misspelt key would be ignored, and the search would be another one",
    r"must be a mapping such as": "a parameter that is a list or a bare value says nothing to a server",
}
"""What wandkit refuses before it is sent and the official clients do not, and why."""


def project_of(client: Client, word: str) -> str:
    """Return the name of a project of one client's own."""
    return f"sweep-{word}-{client.version.replace('.', '-')}"


@pytest.mark.parametrize(("word", "config"), [("grid", GRID), ("random", RANDOM)])
def test_a_sweep_of_the_official_client_runs_to_its_end(
    client: Client, api: Api, word: str, config: dict[str, Any]
) -> None:
    project = project_of(client, word)
    sweep = api.sweep(f"ada/{project}/{client.run('sweep.py', 'make', project, json.dumps(config))}")
    losses = [run.summary["loss"] for run in sweep.runs]
    best = sweep.best_run()
    assert (sweep.state, sweep.run_count, sweep.expected_run_count) == ("FINISHED", 2, 2)
    assert [run.state for run in sweep.runs] == ["finished", "finished"]
    assert best is not None
    wanted = min(losses) if word == "grid" else max(losses)
    assert best.summary["loss"] == sweep.best_loss == wanted
    assert {run.sweep.id for run in api.runs(f"ada/{project}")} == {sweep.id}
    assert [agent.total_runs for agent in sweep.agents()] == [2]


def test_an_official_agent_works_on_a_sweep_of_wandkit(client: Client, api: Api) -> None:
    sweep = api.create_sweep({**GRID, "name": "of wandkit"}, project=project_of(client, "ours"))
    client.run("sweep.py", "work", sweep.project, sweep.id)
    read = client.run("sweep.py", "read", sweep.project, sweep.id)
    sweep.load(force=True)
    best = sweep.best_run()
    assert best is not None
    assert read == {
        "state": "FINISHED",
        "name": "of wandkit",
        "config": {**GRID, "name": "of wandkit"},
        "expected": 2,
        "order": "+summary_metrics.loss",
        "best": best.id,
        "runs": sorted(run.id for run in sweep.runs),
    }
    assert sorted(run.config["lr"] for run in sweep.runs) == [0.1, 0.2]


def test_two_official_agents_share_a_grid_without_a_point_twice(newest: Client, api: Api) -> None:
    values = [0.1, 0.2, 0.3, 0.4]
    config = {**GRID, "parameters": {"lr": {"values": values}, "layers": {"value": 1}}}
    sweep = api.create_sweep(config, project=project_of(newest, "two"))
    agents = [newest.start("sweep.py", "work", sweep.project, sweep.id) for _ in range(2)]
    for agent in agents:
        printed, _ = agent.communicate(timeout=120)
        assert agent.returncode == 0, printed
    sweep.load(force=True)
    assert sorted(run.config["lr"] for run in sweep.runs) == values
    assert (sweep.state, len(sweep.agents())) == ("FINISHED", 2)


def test_the_command_line_runs_a_sweep_to_its_end(client: Client, api: Api) -> None:
    project = project_of(client, "cli")
    program = client.folder / "train.py"
    program.write_text(
        "import wandb\n"
        "with wandb.init() as run:\n"
        "    run.log({'loss': run.config['lr'] * run.config['layers']})\n"
    )
    command = [str(client.peer.python), "${program}", "${args}"]
    sweep = api.create_sweep({**GRID, "program": "train.py", "command": command}, project=project)
    printed = client.command("agent", f"ada/{project}/{sweep.id}")
    sweep.load(force=True)
    assert (sweep.state, sweep.run_count) == ("FINISHED", 2), printed
    assert sorted(run.summary["loss"] for run in sweep.runs) == pytest.approx([0.3, 0.6])


def test_an_agent_joins_a_sweep_that_has_runs_already(client: Client, api: Api) -> None:
    project = project_of(client, "join")
    (client.folder / "join.py").write_text("import wandb\nwandb.init().finish()\n")
    command = [str(client.peer.python), "${program}"]
    prior = api.create_run(run_id="prior", project=project, config={"lr": 0.2, "layers": 3})
    prior.finish()
    config = {**GRID, "program": "join.py", "command": command}
    sweep = api.create_sweep(config, project, prior_runs=["prior"])
    printed = client.command("agent", f"ada/{project}/{sweep.id}")
    sweep.load(force=True)
    assert (sweep.state, sweep.run_count) == ("FINISHED", 2), printed


def test_the_official_agent_stops_a_run_that_hyperband_gives_up(client: Client, api: Api) -> None:
    project = project_of(client, "early")
    (client.folder / "early.py").write_text(
        "import signal, wandb\n"
        "run = wandb.init()\n"
        "for _ in range(3):\n"
        "    run.log({'loss': run.config['lr']})\n"
        "if run.config['lr'] > 0.5:\n"
        "    signal.pause()\n"  # until the agent ends it
        "run.finish()\n"
    )
    config = {
        **GRID,
        "parameters": {"lr": {"values": [0.1, 0.9]}},
        "early_terminate": {"type": "hyperband", "min_iter": 3},
        "program": "early.py",
        "command": [str(client.peer.python), "${program}"],
    }
    sweep = api.create_sweep(config, project)
    printed = client.command("agent", f"ada/{project}/{sweep.id}")
    stopped = sweep.runs[1]
    sweep.load(force=True)
    assert (sweep.state, sweep.run_count, stopped.config["lr"]) == ("FINISHED", 2, 0.9), printed
    assert stopped.state != "running"
    assert "command: stop" in printed


def test_the_command_line_steers_a_sweep(newest: Client, api: Api) -> None:
    project = project_of(newest, "steer")
    api.create_run(run_id="prior", project=project, config={"lr": 0.2, "layers": 3}).finish()
    sweep = api.create_sweep(GRID, project=project, prior_runs=["prior"])
    seen: list[str] = []
    for option in ("--resume", "--pause", "--resume", "--stop"):
        newest.command("sweep", option, f"ada/{sweep.project}/{sweep.id}")
        sweep.load(force=True)
        seen.append(sweep.state)
    assert seen == ["RUNNING", "PAUSED", "RUNNING", "FINISHED"]


def test_real_configurations_are_judged_as_by_the_official_client(client: Client) -> None:
    if not CONFIGS.is_dir():
        pytest.skip("the real sweep configurations are not here")
    files = [str(path) for path in sorted(CONFIGS.iterdir())]
    official = client.run("check_sweeps.py", *files)
    reasons = {name: verdict(name) for name in files}
    laxer = [name for name in files if official[name] and not reasons[name]]
    unexplained = [
        f"{name}: {reasons[name]}"
        for name in files
        if reasons[name] and not official[name] and not any(re.search(why, reasons[name]) for why in STRICTER)
    ]
    assert (laxer, unexplained) == ([], [])


def verdict(name: str) -> str:
    """Return what wandkit says against a configuration file; empty where it says nothing."""
    try:
        check_sweep_config(load_yaml(Path(name).read_text(encoding="utf-8")))
    except ArgumentError as error:
        return str(error)
    return ""
