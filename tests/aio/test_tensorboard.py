"""Event files sent to a run: every value, once, however often and wherever the sync was interrupted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import pytest

from wandkit import AsyncApi, AsyncRun
from wandkit.errors import ArgumentError
from wandkit.testing import Server

if TYPE_CHECKING:
    from tests.conftest import EventWriter


@pytest.fixture
async def api(module_server: Server) -> AsyncIterator[AsyncApi]:
    """Give a client of ada."""
    async with module_server.async_api() as connected:
        yield connected


async def rows_of(run: AsyncRun) -> list[dict[str, Any]]:
    """Return the history as it is."""
    scan = run.scan_history()
    history = await scan.load()
    return [dict(row) for row in history]


async def test_scalars_become_history_on_their_step_and_wall_time(
    api: AsyncApi, event_writer: EventWriter
) -> None:
    event_writer.write(
        "events.out.tfevents.1.host",
        event_writer.scalars(0, loss=1.0, accuracy=0.25),
        event_writer.scalars(10, loss=0.5),
    )
    run = await api.sync_tensorboard(event_writer.root)
    rows = await rows_of(run)
    assert [(row["_step"], row["_timestamp"], row["logs/loss"]) for row in rows] == [
        (0, 1000.0, 1.0),
        (10, 1010.0, 0.5),
    ]
    assert rows[0]["logs/accuracy"] == 0.25
    assert (run.state, run.receipt.sent, run.receipt.complete) == ("finished", {"scalar": 3}, True)


async def test_a_second_sync_sends_only_what_is_new(api: AsyncApi, event_writer: EventWriter) -> None:
    name = "events.out.tfevents.1.host"
    event_writer.write(name, *(event_writer.scalars(step, loss=float(step)) for step in range(5)))
    first = await api.sync_tensorboard(event_writer.root)
    event_writer.write(name, event_writer.scalars(5, loss=5.0), append=True)
    second = await api.sync_tensorboard(event_writer.root, first.id)
    third = await api.sync_tensorboard(event_writer.root, first.id)
    rows = await rows_of(third)
    assert [row["logs/loss"] for row in rows] == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    assert (second.receipt.sent, second.receipt.known) == ({"scalar": 1}, 5)
    assert (third.receipt.sent, third.receipt.known) == ({}, 6)


async def test_a_folder_without_event_files_is_refused_before_a_run_is_made(
    api: AsyncApi, event_writer: EventWriter
) -> None:
    event_writer.root.mkdir()
    with pytest.raises(ArgumentError, match="no event file"):
        await api.sync_tensorboard(event_writer.root, project="none-yet")
    with pytest.raises(ArgumentError, match="no folder"):
        await api.sync_tensorboard(event_writer.root / "absent", project="none-yet")
    projects = [project.name async for project in api.projects()]
    assert "none-yet" not in projects
