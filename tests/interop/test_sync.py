"""Real logs, sent by `wandb sync`, are read back by wandkit as the logs hold them.

The oracle is the official client's own reader of `.wandb` files, in its own environment.
"""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from wandkit import Api

if TYPE_CHECKING:
    from conftest import Client

LOGS = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "runs"
SAMPLED = 6
FOLDERS = (
    sorted({path.relative_to(LOGS).parts[0] for path in LOGS.rglob("run-*.wandb")}) if LOGS.exists() else []
)


def same(found: Any, wanted: Any) -> bool:
    """Return whether two values are equal; NaN equals NaN, numbers are compared as numbers."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        return found.keys() == wanted.keys() and all(same(found[key], wanted[key]) for key in wanted)
    if isinstance(wanted, list) and isinstance(found, list):
        return len(found) == len(wanted) and all(map(same, found, wanted))
    if isinstance(wanted, float) and isinstance(found, float) and math.isnan(wanted):
        return math.isnan(found)
    return bool(found == wanted) and isinstance(found, bool) is isinstance(wanted, bool)


def largest_logs(folder: Path) -> Iterator[Path]:
    """Yield one log per run id, the largest first."""
    by_id: dict[str, Path] = {}
    for log in sorted(folder.rglob("run-*.wandb"), key=lambda path: (path.stat().st_size, str(path))):
        by_id[log.stem] = log
    yield from reversed(by_id.values())


@pytest.mark.skipif(not FOLDERS, reason=f"no real logs at {LOGS.parent}")
@pytest.mark.parametrize("folder", FOLDERS)
def test_synced_logs_are_read_back_as_they_are(newest: Client, oldest: Client, api: Api, folder: str) -> None:
    project = f"synced-{folder[:4]}"
    logs = [copied(log, newest.folder / "logs") for log in largest_logs(LOGS / folder)]
    held = sampled(oldest.run("read_logs.py", *map(str, logs)))
    sync(newest, oldest, project, held)
    runs = {run.id: run for run in api.runs(f"ada/{project}")}
    checked = [content for content in held.values() if content["id"] in runs and content["whole"]]
    for content in checked:
        run = runs[content["id"]]
        rows = [dict(row) for row in run.scan_history()]
        assert same(rows, json.loads(content["history"])), (content["log"], "history")
        config, summary = visible(json.loads(content["config"])), visible(json.loads(content["summary"]))
        assert same(visible(dict(run.config)), config), (content["log"], "config")
        found = visible(dict(run.summary.items()))
        if "_step" not in summary:  # the newest client adds it
            found.pop("_step", None)
        # The newest client leaves out what an old log says of its summary.
        assert not content["sends_summary"] or same(found, summary), (content["log"], "summary")
    assert len(checked) >= sum(content["whole"] for content in held.values())


def sampled(contents: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the logs of newer clients and the largest of older ones, whose sync takes long, by path."""
    old = [content["log"] for content in contents if not content["new"]]
    return {content["log"]: content for content in contents if content["log"] not in old[SAMPLED:]}


def copied(log: Path, folder: Path) -> Path:
    """Return a copy of a log, because a sync leaves marks beside it."""
    target = folder / log.parent.name / log.name
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(log, target)
    return target


def sync(newest: Client, oldest: Client, project: str, held: dict[str, dict[str, Any]]) -> None:
    """Send each log by the client of its own generation: the newest drops the summaries of old logs."""
    old = [log for log, content in held.items() if not content["new"]]
    new = [str(Path(log).parent) for log in held if log not in old]
    if new:
        newest.command(
            "sync", "--yes", "--include-online", "--include-synced", "-e", "ada", "-p", project, *new
        )
    with ThreadPoolExecutor(4) as pool:  # one program each, because one alone takes seconds per log
        for _ in pool.map(
            lambda log: oldest.command("sync", "-e", "ada", "-p", project, str(Path(log).parent)), old
        ):
            pass


def visible(values: dict[str, Any]) -> dict[str, Any]:
    """Return values without those that clients keep for themselves."""
    return {key: value for key, value in values.items() if key not in ("_wandb", "wandb_version")}
