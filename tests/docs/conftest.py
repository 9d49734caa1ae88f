"""A server with a project to read, and an environment in which `Api()` finds it."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from wandkit import Artifact, Run
from wandkit.testing import Server

KEY = "a1b2c3d4e5" * 4


def log_job(run: Run) -> None:
    """Log the job `train` as a launch client does."""
    inputs = {"hidden": {"wb_type": "number"}, "learning_rate": {"wb_type": "number"}}
    said = {
        "source_type": "image",
        "source": {"image": "spirals:1", "entrypoint": ["python", "train.py"]},
        "input_types": {"wb_type": "typedDict", "params": {"type_map": inputs}},
        "runtime": "3.11.4",
    }
    draft = Artifact("train", "made")
    draft._type = "job"  # people may not make jobs by hand
    with draft.new_file("wandb-job.json") as file:
        json.dump(said, file)
    run.log_artifact(draft)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store where ada has the project `spirals`: runs of fifty steps with a file each, a job, a webhook."""
    folder = tmp_path_factory.mktemp("weights")
    weights = folder / "weights.json"
    weights.write_text(json.dumps([0.5] * 100))
    store = tmp_path_factory.mktemp("store") / "data"
    with Server(data_dir=store) as server:
        server.add_user("ada", api_key=KEY)
        server.add_integration("ada", "ci", "https://ci.example.org/wandkit")
        with server.api("ada") as api:
            for number in range(6):
                run = api.create_run(project="spirals", entity="ada", run_id=f"run-{number}")
                run.name = f"spiral-{number}"
                run.tags = ["demo", "best"] if number == 3 else ["demo"]
                run.config.update({"hidden": 4 * (1 + number % 2), "learning_rate": 10.0**-number})
                run.config["model"] = {"type": "mlp"}
                run.update()
                losses = [math.exp(-step / (5 + number)) for step in range(50)]
                run.log([{"loss": loss, "accuracy": 1 - loss} for loss in losses])
                run.finish()
                run.upload_file(weights, root=folder)
            log_job(run)
    return store


@pytest.fixture
def filled_server(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on a copy of the store, so that no page sees what another one wrote."""
    copy = tmp_path_factory.mktemp("copy") / "data"
    shutil.copytree(store, copy)
    with Server(data_dir=copy) as server:
        yield server


@pytest.fixture
def reader(filled_server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Server:
    """The server, with its URL and key in the environment and a folder of its own to write to."""
    monkeypatch.setenv("WANDB_BASE_URL", filled_server.url)
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("WANDB_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return filled_server
