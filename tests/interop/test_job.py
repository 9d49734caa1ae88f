"""Jobs that the official clients logged are read and called by wandkit, and the reverse."""

from __future__ import annotations

import json
import os
import signal
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from wandkit import Api
from wandkit.errors import ConfigTypeError, LaunchError

if TYPE_CHECKING:
    from conftest import Client

CONFIG = {"lr": 0.1, "layers": [8, 16]}


@pytest.fixture
def project() -> str:
    """Give the name of a project of the test's own."""
    return f"jobs-{uuid.uuid4().hex[:8]}"


def test_a_job_of_the_official_client_is_read_by_wandkit(
    client: Client, api: Api, project: str, tmp_path: Path
) -> None:
    logged = client.run("log_job.py", project)
    job = api.job(f"ada/{project}/trainer:latest", str(tmp_path / "down"))
    assert (job.source_type, job.entrypoint) == ("artifact", ["python", "train.py"])
    assert (job.input_types, job.requirements, job.runtime) == (logged["types"], ["numpy==2.0"], "3.11.4")
    assert job.source["artifact"] == f"wandb-artifact://_id/{logged['code']}"
    (versions,) = api.list_jobs("ada", project)
    assert versions["edges"][0]["node"]["artifactSequence"] == {"name": "trainer"}


def test_a_job_that_wandkit_called_is_popped_by_the_official_client(
    client: Client, api: Api, project: str, tmp_path: Path
) -> None:
    client.run("log_job.py", project)
    api.create_run_queue(project, "local-process", "ada")
    job = api.job(f"ada/{project}/trainer:latest", str(tmp_path / "down"))
    item = job.call(CONFIG, queue=project)
    taken = client.run("launch.py", "pop", json.dumps({"name": project}))
    assert (taken["runQueueItemId"], taken["runSpec"]["job"]) == (item.id, job.name)
    assert taken["runSpec"]["overrides"]["run_config"] == CONFIG
    assert (taken["runSpec"]["entity"], taken["runSpec"]["project"]) == ("ada", project)


def test_a_job_that_the_official_client_called_is_popped_by_wandkit(
    client: Client, api: Api, project: str
) -> None:
    client.run("log_job.py", project)
    queue = api.create_run_queue(project, "local-process", "ada")
    name = f"ada/{project}/trainer:latest"
    arguments = {"job": name, "config": CONFIG, "project": project, "entity": "ada", "queue": project}
    called = client.run("launch.py", "call", json.dumps(arguments))
    item = queue.pop()
    assert item is not None
    assert (called["id"], called["state"]) == (item.id, "pending")
    assert (item.run_spec["job"], item.run_spec["overrides"]["run_config"]) == (name, CONFIG)


@contextmanager
def serving(client: Client, queue: str) -> Iterator[None]:
    """Let the official launch agent serve a queue meanwhile."""
    process = client.start("serve_queue.py", queue)
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def test_the_official_agent_runs_a_job_that_wandkit_called_to_its_end(
    newest: Client, api: Api, project: str, tmp_path: Path
) -> None:
    newest.run("log_job.py", project)
    api.create_run_queue(project, "local-process", "ada")
    item = api.job(f"ada/{project}/trainer:latest", str(tmp_path / "down")).call(CONFIG, queue=project)
    with serving(newest, project):
        run = item.wait_until_finished(timeout=240)
    assert (run.state, run.project, item.state) == ("finished", project, "claimed")
    assert (run.config["lr"], run.summary["loss"]) == (0.1, 0.2)


def test_why_the_official_agent_gave_a_job_up_is_told(
    newest: Client, api: Api, project: str, tmp_path: Path
) -> None:
    newest.run("log_job.py", project, "print('no run')")
    api.create_run_queue(project, "local-process", "ada")
    item = api.job(f"ada/{project}/trainer:latest", str(tmp_path / "down")).call(CONFIG, queue=project)
    with serving(newest, project), pytest.raises(LaunchError, match=r"failed to call wandb\.init"):
        item.wait_until_finished(timeout=240)


@pytest.mark.parametrize(
    "config", [{"lr": "fast", "layers": [1]}, {"lr": 0.1}, {**CONFIG, "more": 1}, {**CONFIG, "layers": ["x"]}]
)
def test_a_config_that_the_official_client_refuses_is_refused_by_wandkit(
    newest: Client, api: Api, project: str, tmp_path: Path, config: dict[str, object]
) -> None:
    newest.run("log_job.py", project)
    job = api.job(f"ada/{project}/trainer:latest", str(tmp_path / "down"))
    arguments = {"job": job.name, "config": config, "project": project, "entity": "ada"}
    newest.run("launch.py", "call", json.dumps(arguments), code=1)
    with pytest.raises(ConfigTypeError):
        job.call(config)
