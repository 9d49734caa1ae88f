"""Console lines of a run: forward in pages, or the last ones."""

from __future__ import annotations

from datetime import datetime, timezone
from uuid import uuid4

import pytest

from wandkit import AsyncApi, AsyncRun, ConsoleLogLine
from wandkit._core.console import parse_timestamp
from wandkit.errors import ArgumentError
from wandkit.testing import Server


@pytest.fixture
async def run(api: AsyncApi) -> AsyncRun:
    """Give a run that printed thirty lines, the last one an error."""
    created = await api.create_run(project=f"p{uuid4().hex[:8]}")
    await created.log_line("\n".join(f"line {number}" for number in range(29)))
    await created.log_line("it failed", error=True)
    await created.finish()
    return created


async def test_lines_come_in_order(run: AsyncRun) -> None:
    lines = [line async for line in run.console_logs(per_page=10)]
    assert [line.number for line in lines] == list(range(30))
    assert lines[3].content == "line 3"
    assert isinstance(lines[3], ConsoleLogLine)


async def test_lines_have_their_time_and_level(run: AsyncRun) -> None:
    lines = [line async for line in run.console_logs()]
    assert lines[-1].level == "error"
    assert lines[0].level != "error"
    stamp = lines[0].timestamp
    assert stamp is not None
    assert abs((datetime.now(timezone.utc) - stamp).total_seconds()) < 600


async def test_the_last_lines_take_one_request(module_server: Server, run: AsyncRun) -> None:
    module_server.requests.clear()
    lines = [line async for line in run.console_logs(last=2)]
    assert [line.content for line in lines] == ["line 28", "it failed"]
    assert len(module_server.requests) == 1


async def test_the_last_of_nothing_is_refused(run: AsyncRun) -> None:
    with pytest.raises(ArgumentError, match="last"):
        run.console_logs(last=0)


async def test_a_server_without_the_newer_paging_is_read_all_the_same() -> None:
    with Server(hidden={"Run.logLines(useImprovedPagination:)", "LogLine.label"}) as server:
        server.add_user("ada")
        async with server.async_api() as api:
            run = await api.create_run(project="old")
            await run.log_line("hello")
            await run.finish()
            assert [line.content async for line in run.console_logs()] == ["hello"]


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("2024-05-06T07:08:09", 0),
        ("2024-05-06T07:08:09Z", 0),
        ("2024-05-06T07:08:09.1Z", 100_000),
        ("2024-05-06 07:08:09.123456789", 123_456),
        ("2024-05-06T09:08:09.5+02:00", 500_000),
        ("2024-05-06T09:08:09.5+0200", 500_000),
    ],
)
def test_timestamps_of_any_precision_are_read(text: str, micros: int) -> None:
    assert parse_timestamp(text) == datetime(2024, 5, 6, 7, 8, 9, micros, tzinfo=timezone.utc)


@pytest.mark.parametrize("text", [None, "", "yesterday", "2024-99-06T07:08:09"])
def test_what_is_no_timestamp_is_none(text: str | None) -> None:
    assert parse_timestamp(text) is None
