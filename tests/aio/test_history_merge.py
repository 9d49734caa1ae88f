"""The merge of exports and live rows, for answers that the embedded server itself would not give."""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow
import pyarrow.parquet
import pytest

from wandkit import AsyncRun
from wandkit.errors import IncompleteHistoryError
from wandkit.testing import Server

Rows = list[dict[str, Any]]


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep downloaded exports in a folder of the test."""
    monkeypatch.setenv("WANDB_CACHE_DIR", str(tmp_path / "cache"))


def steps(start: int, stop: int, source: str = "live") -> Rows:
    """Return rows that say where they come from."""
    return [{"_step": step, "_timestamp": 1.7e9 + step, "from": source} for step in range(start, stop)]


def exported(rows: Rows) -> bytes:
    """Return rows as a hosted server exports them: `_step` as a double."""
    columns = {
        key: [row.get(key) for row in rows] for key in dict.fromkeys(key for row in rows for key in row)
    }
    if "_step" in columns:
        columns["_step"] = [None if step is None else float(step) for step in columns["_step"]]
    buffer = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(columns), buffer, row_group_size=50)
    return buffer.getvalue()


def serving(
    server: Server, files: Sequence[bytes], *, last_step: int, count: int, live_from: int | None
) -> ExitStack:
    """Make the server say that the run has these exports, and serve them."""
    stack = ExitStack()
    names = [f"{uuid4().hex}.parquet" for _ in files]
    live = [] if live_from is None else [{"_step": float(step)} for step in range(live_from, last_step + 1)]
    history = {"parquetUrls": [f"{server.url}/elsewhere/{name}" for name in names], "liveData": live}
    run = {
        "id": "x",
        "state": "finished",
        "historyKeys": {"lastStep": last_step, "keys": {}},
        "historyLineCount": count,
        "parquetHistory": history,
    }
    body = {"data": {"project": {"run": run}}}
    stack.enter_context(server.fault(operation="GetHistoryExtent", status=200, body=body))
    for name, data in zip(names, files, strict=True):
        stack.enter_context(server.fault(path=name, status=200, body=data))
    return stack


async def found(run: AsyncRun, **options: Any) -> list[tuple[int, str]]:
    """Return where the rows of a scan come from."""
    rows = [row async for row in run.scan_history(page_size=20, **options)]
    return [(row["_step"], row["from"]) for row in rows]


async def test_where_both_stores_have_a_row_it_comes_once(module_server: Server, run: AsyncRun) -> None:
    await run.log(steps(0, 200))
    await run.finish()
    files = [exported(steps(0, 150, "export"))]
    with serving(module_server, files, last_step=199, count=200, live_from=120):
        rows = await found(run)
    assert rows == [(step, "export") for step in range(120)] + [(step, "live") for step in range(120, 200)]


async def test_rows_that_only_one_store_has_are_all_there(module_server: Server, run: AsyncRun) -> None:
    await run.log([row for row in steps(0, 100) if row["_step"] % 3])
    await run.finish()
    files = [exported([row for row in steps(0, 90, "export") if row["_step"] % 2])]
    with serving(module_server, files, last_step=99, count=84, live_from=40):
        rows = await found(run)
    wanted = [step for step in range(40) if step % 2] + [s for s in range(40, 90) if s % 2 or s % 3]
    assert [step for step, _ in rows] == wanted + [step for step in range(90, 100) if step % 3]


async def test_the_overlap_holds_for_keys_too(module_server: Server, run: AsyncRun) -> None:
    await run.log(steps(0, 100))
    await run.finish()
    files = [exported(steps(0, 80, "export"))]
    with serving(module_server, files, last_step=99, count=100, live_from=60):
        rows = [row async for row in run.scan_history(keys=["from"], page_size=20)]
    assert rows == [{"from": "export"}] * 60 + [{"from": "live"}] * 40


async def test_exports_that_overlap_give_each_row_once(module_server: Server, run: AsyncRun) -> None:
    files = [exported(steps(0, 120, "first")), exported(steps(80, 200, "second"))]
    with serving(module_server, files, last_step=199, count=200, live_from=None):
        scan = run.scan_history()
        rows = [row async for row in scan]
    assert [row["_step"] for row in rows] == list(range(200))
    assert scan.receipt.complete
    assert scan.receipt.duplicates == 40


async def test_exports_in_any_order_are_read_by_step(module_server: Server, run: AsyncRun) -> None:
    files = [exported(steps(100, 200, "second")), exported(steps(0, 100, "first"))]
    with serving(module_server, files, last_step=199, count=200, live_from=None):
        rows = await found(run)
    assert [step for step, _ in rows] == list(range(200))


async def test_a_hole_between_exports_is_read_live(module_server: Server, run: AsyncRun) -> None:
    await run.log(steps(0, 200))
    await run.finish()
    files = [exported(steps(10, 50, "export")), exported(steps(90, 200, "export"))]
    with serving(module_server, files, last_step=199, count=200, live_from=None):
        rows = await found(run)
    assert [step for step, _ in rows] == list(range(200))
    assert {step for step, source in rows if source == "live"} == {*range(10), *range(50, 90)}


async def test_two_rows_of_one_step_are_both_there(module_server: Server, run: AsyncRun) -> None:
    twice = [*steps(0, 10, "export"), {"_step": 9, "_timestamp": 1.0, "from": "again"}]
    with serving(module_server, [exported(twice)], last_step=9, count=11, live_from=None):
        rows = await found(run)
    assert rows[-2:] == [(9, "export"), (9, "again")]


async def test_rows_without_a_step_are_not_lost(module_server: Server, run: AsyncRun) -> None:
    rows = [*steps(0, 5, "export"), {"from": "nowhere"}]
    with serving(module_server, [exported(rows)], last_step=4, count=6, live_from=None):
        scan = run.scan_history()
        received = [row async for row in scan]
    assert {"from": "nowhere"} in received
    assert scan.receipt.complete


async def test_an_export_without_steps_is_read_whole(module_server: Server, run: AsyncRun) -> None:
    rows = [{"from": f"row {number}"} for number in range(3)]
    with serving(module_server, [exported(rows)], last_step=-1, count=3, live_from=None):
        received = [row async for row in run.scan_history()]
    assert received == rows


async def test_rows_that_are_in_neither_store_are_in_the_receipt(
    module_server: Server, run: AsyncRun
) -> None:
    with serving(module_server, [exported(steps(0, 5))], last_step=4, count=8, live_from=None):
        scan = run.scan_history()
        assert len([row async for row in scan]) == 5
    assert not scan.receipt.complete
    assert "3 rows" in scan.receipt.gaps[0]


async def test_exported_columns_and_live_texts_make_one_table(module_server: Server, run: AsyncRun) -> None:
    await run.log(steps(0, 100))
    await run.finish()
    files = [exported([{**row, "extra": 1.5} for row in steps(0, 60, "export")])]
    with serving(module_server, files, last_step=99, count=100, live_from=60):
        table = await run.scan_history().to_arrow()
    assert table.column("_step").to_pylist() == list(range(100))
    assert table.column("extra").null_count == 40


async def test_a_column_of_two_types_becomes_texts(module_server: Server, run: AsyncRun) -> None:
    await run.log([{"_step": 5, "a": "text"}])
    await run.finish()
    files = [exported([{"_step": step, "a": 1.5} for step in range(5)])]
    with serving(module_server, files, last_step=5, count=6, live_from=5):
        table = await run.scan_history().to_arrow()
    assert table.column("a").to_pylist() == ["1.5"] * 5 + ["text"]


async def test_an_export_that_cannot_be_fetched_is_an_error(
    module_server: Server, run: AsyncRun, tmp_path: Path
) -> None:
    with (
        module_server.fault(path=r"\.parquet", status=404),
        serving(module_server, [b"x"], last_step=9, count=10, live_from=None),
    ):
        done = await run.download_history_exports(tmp_path)
    assert list(done.errors or {}) == [tmp_path / f"{run.id}_0000.parquet"]


async def test_a_run_that_is_not_exported_has_no_exports(run: AsyncRun, tmp_path: Path) -> None:
    await run.log({"a": 1})
    await run.finish()
    with pytest.raises(IncompleteHistoryError):
        await run.download_history_exports(tmp_path)
