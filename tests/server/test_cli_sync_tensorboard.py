"""`wandkit sync-tensorboard`, as a program."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from wandkit.errors import NotFoundError
from wandkit.testing import Server

if TYPE_CHECKING:
    from tests.conftest import EventWriter

NAME = "events.out.tfevents.1.host"
DEADLINE_S = 120.0
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(module_server: Server) -> Iterator[Start]:
    """Give a function that starts the program as ada."""
    started: list[subprocess.Popen[str]] = []

    def begin(*arguments: str) -> subprocess.Popen[str]:
        environment = {
            **os.environ,
            "WANDB_BASE_URL": module_server.url,
            "WANDB_API_KEY": module_server.key("ada"),
            "WANDB_PROJECT": "boards",
        }
        command = [sys.executable, "-m", "wandkit", "sync-tensorboard", *arguments]
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def test_a_folder_is_synced_and_the_receipt_is_printed(start: Start, event_writer: EventWriter) -> None:
    event_writer.write(NAME, event_writer.scalars(0, loss=1.0), event_writer.scalars(1, loss=float("nan")))
    (event_writer.root / "events.out.tfevents.2.host").write_bytes(b"garbage")
    process = start(str(event_writer.root), "--run-id", "printed", "--progress")
    printed, noted = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 0, noted
    assert "run: ada/boards/printed\n2 values in 2 files, 2 sent (2 scalar), 2 rows" in printed
    assert "note: 1 non-finite numbers" in printed
    assert "failed: events.out.tfevents.2.host: truncated" in noted
    assert "printed:  95%" in noted  # the bar: 7 bytes of 129 could not be read


def test_the_receipt_is_printed_as_json(start: Start, event_writer: EventWriter) -> None:
    event_writer.write(NAME, event_writer.scalars(0, loss=1.0))
    seen: list[dict[str, int]] = []
    for _ in range(2):
        printed, noted = start(str(event_writer.root), "--run-id", "as-json", "--json").communicate(
            timeout=DEADLINE_S
        )
        said = json.loads(printed)
        assert (said["run"], said["complete"], noted) == ("ada/boards/as-json", True, "")
        seen.append({"known": said["known"], **said["sent"]})
    assert seen == [{"known": 0, "scalar": 1}, {"known": 1}]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_growing_folder_is_followed_until_a_signal(
    module_server: Server, start: Start, event_writer: EventWriter, number: signal.Signals
) -> None:
    run_id = f"followed-{uuid4().hex[:6]}"
    event_writer.write(NAME, event_writer.scalars(0, loss=1.0), event_writer.scalars(1, loss=2.0))
    process = start(str(event_writer.root), "--run-id", run_id, "--follow")
    wait_for_rows(module_server, run_id, 1)
    event_writer.write(NAME, event_writer.scalars(2, loss=3.0), append=True)
    event_writer.write(f"more/{NAME}", event_writer.scalars(3, loss=4.0))
    wait_for_rows(module_server, run_id, 3)
    process.send_signal(number)
    printed, noted = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 0, noted
    assert "4 values in 2 files, 4 sent" in printed
    with module_server.api() as api:
        run = api.run(f"boards/{run_id}")
        rows = [(row["_step"], row.get("logs/loss", row.get("logs/more/loss"))) for row in run.scan_history()]
    assert (run.state, rows) == ("finished", [(0, 1.0), (1, 2.0), (2, 3.0), (3, 4.0)])


def wait_for_rows(server: Server, run_id: str, count: int) -> None:
    """Return when the run has so many rows."""
    deadline = time.monotonic() + DEADLINE_S
    with server.api() as api:
        while time.monotonic() < deadline:
            try:
                if (api.run(f"boards/{run_id}").history_line_count or 0) >= count:
                    return
            except NotFoundError:
                continue
    raise AssertionError(f"fewer than {count} rows of {run_id} after {DEADLINE_S} s")


def test_a_folder_without_event_files_is_refused(start: Start, event_writer: EventWriter) -> None:
    event_writer.root.mkdir()
    process = start(str(event_writer.root))
    printed, noted = process.communicate(timeout=DEADLINE_S)
    assert (process.returncode, printed) == (1, "")
    assert "there is no event file in" in noted
    assert "Traceback" not in noted
