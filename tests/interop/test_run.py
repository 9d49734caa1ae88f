"""Runs that the official clients log are read back by wandkit exactly as they were logged."""

from __future__ import annotations

import math
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from wandkit import Api
from wandkit.errors import NotFoundError
from wandkit.testing import Server

sys.path.insert(0, str(Path(__file__).parent / "scripts"))
from logged import CONFIG, SUMMARY, TAGS, row

if TYPE_CHECKING:
    from conftest import Client

PRIVATE = ("_step", "_runtime", "_timestamp")


def plain(value: Any) -> Any:
    """Return a value in which NaN equals NaN, with the numbers of one kind."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return "NaN" if math.isnan(value) else value
    return value


def rows_of(api: Api, path: str) -> list[dict[str, Any]]:
    """Return the whole history of a run, as wandkit reads it."""
    return [dict(found) for found in api.run(path).scan_history()]


def logged(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows without what clients add and without the histogram of the last step."""
    return [
        {key: plain(value) for key, value in values.items() if key not in PRIVATE and key != "hist"}
        for values in found
    ]


@pytest.fixture
def path(client: Client) -> str:
    """Give the path of a finished run of 120 steps, logged by the client."""
    run_id = f"log-{client.version.replace('.', '-')}"
    client.run("log_run.py", run_id, "log", "120")
    return f"ada/log/{run_id}"


def test_a_logged_run_is_read_back_whole(client: Client, path: str, api: Api) -> None:
    run = api.run(path)
    found = rows_of(api, path)
    assert (run.state, run.name, run.notes, run.group, run.job_type) == (
        "finished", "Display ü", "some notes", "g", "train",
    )  # fmt: skip
    assert sorted(run.tags) == TAGS
    assert dict(run.config) == CONFIG
    assert [values["_step"] for values in found] == list(range(120))
    assert logged(found) == [plain(row(step)) for step in range(120)]
    assert found[-1]["hist"]["_type"] == "histogram"
    assert run.lastHistoryStep == 119
    summary = plain(dict(run.summary.items()))
    told = {
        key: value for key, value in SUMMARY.items() if key != "nothing"
    }  # they lose a NaN that is set there
    assert {key: summary[key] for key in told} == plain(told)
    assert (summary["bad"], summary["down"], summary["count"]) == ("NaN", -math.inf, 119)


def test_files_and_console_of_a_logged_run_are_there(path: str, api: Api, tmp_path: Path) -> None:
    run = api.run(path)
    names = {file.name for file in run.files()}
    assert {"config.yaml", "output.log", "requirements.txt", "wandb-metadata.json", "note.txt"} <= names
    with run.file("note.txt").download(str(tmp_path / "down")) as handle:
        assert handle.read() == "a note\n" * 1000
    assert run.metadata is not None
    assert "console line" in [line.content for line in run.console_logs()]


def test_a_resumed_run_goes_on_where_it_was(client: Client, api: Api) -> None:
    run_id = f"resume-{client.version.replace('.', '-')}"
    client.run("log_run.py", run_id, "resume", "50")
    client.run("log_run.py", run_id, "resume", "30", "resume")
    found = rows_of(api, f"ada/resume/{run_id}")
    assert [values["_step"] for values in found] == list(range(80))
    assert logged(found) == [plain(row(step)) for step in range(80)]
    assert api.run(f"ada/resume/{run_id}").summary["best/loss"] == 0.25


def test_a_run_that_ends_with_an_error_has_failed(client: Client, api: Api) -> None:
    run_id = f"fail-{client.version.replace('.', '-')}"
    client.run("log_run.py", run_id, "fail", "5", "3")
    assert api.run(f"ada/fail/{run_id}").state == "failed"
    assert len(rows_of(api, f"ada/fail/{run_id}")) == 5


def test_a_run_whose_script_raises_has_failed_and_keeps_its_rows(client: Client, api: Api) -> None:
    run_id = f"raise-{client.version.replace('.', '-')}"
    client.run("log_run.py", run_id, "raise", "40", "raise", code=1)
    assert api.run(f"ada/raise/{run_id}").state == "failed"
    assert [values["_step"] for values in rows_of(api, f"ada/raise/{run_id}")] == list(range(40))


def test_a_run_whose_processes_are_killed_has_crashed_and_keeps_what_was_sent(client: Client) -> None:
    with Server(heartbeat_timeout_s=3, settle_interval_s=0.2) as server:
        server.add_user("ada", api_key=client.key)
        process = replace(client, url=server.url).start("log_forever.py", "killed", "crash")
        with server.api("ada") as api:
            wait_for(lambda: row_count(api, "ada/crash/killed") >= 20)
            client.kill(process)
            run = api.run("ada/crash/killed")
            run.wait_until_finished(timeout=30)
            assert run.state == "crashed"
            found = rows_of(api, "ada/crash/killed")
    assert logged(found) == [plain(row(step)) for step in range(len(found))]
    assert len(found) >= 20


def row_count(api: Api, path: str) -> int:
    """Return how many rows the server has of a run; 0 before there is one."""
    try:
        return len(rows_of(api, path))
    except NotFoundError:
        return 0


def wait_for(holds: Callable[[], bool]) -> None:
    """Return once `holds` does."""
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        threading.Event().wait(0.2)
