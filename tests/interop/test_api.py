"""What wandkit writes is read, listed and changed by the official `wandb.Api`."""

from __future__ import annotations

import json
import math
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from wandkit import Api
from wandkit.testing import Server

sys.path.insert(0, str(Path(__file__).parent / "scripts"))
from logged import CONFIG, SUMMARY, row

if TYPE_CHECKING:
    from conftest import Client, Served

WIRE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def wire(value: Any) -> Any:
    """Return a value as it is on the wire, where numbers that JSON lacks are texts."""
    if isinstance(value, dict):
        return {key: wire(item) for key, item in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def write_run(api: Api, project: str, folder: Path, steps: int = 120) -> str:
    """Log a run by wandkit and return its path."""
    run = api.create_run(project=project, entity="ada")
    run.name, run.notes, run.group, run.job_type = "Display ü", "some notes", "g", "train"
    run.tags = ["best", "v1"]
    run.config.update(CONFIG)
    run.log([row(step) for step in range(steps)])
    run.finish()
    run.summary.update(SUMMARY)
    run.update()
    for name, text in (("note.txt", "a note\n" * 1000), ("doomed.txt", "x")):
        (folder / name).write_text(text, encoding="utf-8")
        run.upload_file(str(folder / name), root=str(folder))
    return "/".join(run.path)


def test_a_run_that_wandkit_wrote_is_read_by_the_official_api(
    client: Client, api: Api, tmp_path: Path
) -> None:
    path = write_run(api, f"written-{client.version.replace('.', '-')}", tmp_path)
    found = client.run("read_run.py", path)
    shown = {name: found[name] for name in ("state", "name", "notes", "group", "job_type", "last_step")}
    assert shown == {
        "state": "finished", "name": "Display ü", "notes": "some notes", "group": "g", "job_type": "train",
        "last_step": 119,
    }  # fmt: skip
    assert found["config"] == CONFIG
    assert found["tags"] == ["best", "v1"]
    private = ("_step", "_runtime", "_timestamp")
    rows = [{key: value for key, value in values.items() if key not in private} for values in found["scan"]]
    assert rows == [wire(row(step)) for step in range(120)]
    assert [values["_step"] for values in found["scan"]] == list(range(120))
    assert found["keys"] == [{"_step": step, "loss": row(step)["loss"]} for step in range(120)]
    assert len(found["history"]) == 120
    assert [values["loss"] for values in found["sampled"]][:1] == [1.0]
    assert len(found["sampled"]) == 5
    assert {key: wire(found["summary"][key]) for key in SUMMARY} == wire(SUMMARY)
    assert found["files"]["note.txt"] == 7000
    assert found["contents"] == {"note.txt": "a note\n" * 1000}


@pytest.mark.parametrize("upto", [30, 59])
def test_history_from_parquet_and_the_live_tail_is_read_whole(
    newest: Client, tmp_path: Path, upto: int
) -> None:
    with Server() as server:
        server.add_user("ada", api_key=newest.key)
        with server.api("ada") as api:
            path = write_run(api, "exported", tmp_path, steps=60)
            server.export_history(path, upto_step=upto, keep_rows=False)
            found = replace(newest, url=server.url).run("read_run.py", path)
            own = [dict(values) for values in api.run(path).scan_history()]
    assert [values["_step"] for values in found["scan"]] == list(range(60))
    assert [values["loss"] for values in found["scan"]] == [row(step)["loss"] for step in range(60)]
    assert [values["loss"] for values in own] == [row(step)["loss"] for step in range(60)]


def test_what_the_official_api_changes_is_seen_by_wandkit(client: Client, api: Api, tmp_path: Path) -> None:
    path = write_run(api, f"edited-{client.version.replace('.', '-')}", tmp_path, steps=5)
    client.run("edit_run.py", path)
    run = api.run(path)
    assert dict(run.config) == {**CONFIG, "lr": 0.5, "added": {"deep": [1]}}
    assert run.summary["added"] == 3
    assert run.summary["text"] == "done"
    assert sorted(run.tags) == ["best", "edited", "v1"]
    assert run.notes == "new notes"
    assert {file.name for file in run.files()} == {"note.txt", "up.txt"}
    with run.file("up.txt").download(str(tmp_path / "down")) as handle:
        assert handle.read() == "from the official client"


@pytest.fixture(scope="module")
def listed(served: Served) -> str:
    """Give a project of five runs."""
    with served.api() as api:
        for number in range(5):
            run = api.create_run(run_id=f"run{number}", project="listed", entity="ada")
            run.config.update({"lr": number / 10, "model": {"type": "ab"[number % 2]}})
            run.tags = ["odd"] if number % 2 else []
            run.summary.update({"loss": 5 - number})
            run.update()
    return "ada/listed"


@pytest.mark.parametrize(
    ("filters", "order", "ids"),
    [
        ({}, "+created_at", "run0 run1 run2 run3 run4"),
        ({}, "-created_at", "run4 run3 run2 run1 run0"),
        ({"config.lr": {"$gte": 0.2}}, "+summary_metrics.loss", "run4 run3 run2"),
        ({"config.model.type": "b", "tags": "odd"}, "-config.lr.value", "run3 run1"),
        ({"$or": [{"name": "run0"}, {"summary_metrics.loss": {"$lt": 2}}]}, "+created_at", "run0 run4"),
        ({"displayName": {"$regex": "nope"}}, "+created_at", ""),
    ],
)
def test_both_apis_list_the_same_runs(
    client: Client, api: Api, listed: str, filters: dict[str, Any], order: str, ids: str
) -> None:
    answer = client.run("list_runs.py", listed, json.dumps(filters), order)
    assert answer == {"ids": ids.split(), "count": len(ids.split())}
    assert [run.id for run in api.runs(listed, filters=filters, order=order)] == ids.split()
