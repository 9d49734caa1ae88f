"""History: samples that say so, and scans that are complete whatever the run and the store of its rows."""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import pytest

from wandkit import AsyncApi, AsyncRun, History
from wandkit._core import frame, parquet
from wandkit.errors import ArgumentError, IncompleteHistoryError, MissingExtraError, NotFoundError
from wandkit.testing import Server

Rows = list[dict[str, Any]]
Store = Literal["live", "parquet", "both", "overlap"]
STORES: list[Store] = ["live", "parquet", "both", "overlap"]
HISTOGRAM = {"_type": "histogram", "values": [1, 2], "bins": [0.0, 0.5, 1.0]}

SHAPES: dict[str, Rows] = {
    "dense": [{"_step": step, "a": step * 0.5} for step in range(250)],
    "sparse": [{"_step": step * 997, "a": float(step)} for step in range(60)],
    "late": [{"_step": 50_000 + step, "a": float(step)} for step in range(60)],
    "gaps": [{"_step": step, "a": float(step)} for step in (*range(40), *range(9_000, 9_040), 20_000)],
    "alternating": [{"_step": step, "ab"[step % 2]: float(step), "c": 1.0} for step in range(120)],
    "non-finite": [
        {"_step": step, "a": (math.nan, math.inf, -math.inf, 1.0)[step % 4]} for step in range(80)
    ],
    "histograms": [{"_step": step, "h": HISTOGRAM, "n": {"x": {"y": float(step)}}} for step in range(60)],
    "texts": [{"_step": step, "a": f"text {step}", "ok": step % 2 == 0} for step in range(60)],
    "one": [{"_step": 0, "a": 1.0}],
    "empty": [],
}


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep downloaded exports in a folder of the test."""
    monkeypatch.setenv("WANDB_CACHE_DIR", str(tmp_path / "cache"))


async def log(run: AsyncRun, rows: Rows) -> Rows:
    """Log rows with their times, finish the run, and return what is to be read back."""
    stamped = [{**row, "_timestamp": 1.7e9 + row["_step"], "_runtime": float(row["_step"])} for row in rows]
    await run.log(stamped)
    await run.finish()
    return stamped


def export(server: Server, run: AsyncRun, rows: Rows, store: Store) -> None:
    """Export the run's history, in part where both stores are to have some of it."""
    if store == "live" or not rows:
        return
    path = "/".join([run.entity, run.project, run.id])
    middle = rows[len(rows) // 2]["_step"]
    if store == "overlap":
        server.export_history(path, middle, keep_rows=True)
    else:
        server.export_history(path, None if store == "parquet" else middle, keep_rows=False)


def exports_below(folder: Path) -> list[Path]:
    """Return the parquet files in a folder and those below it."""
    return list(folder.rglob("*.parquet"))


def plain(rows: Rows) -> str:
    """Return rows in a form in which NaN equals NaN and 1 equals 1.0."""
    return repr([_plain(row) for row in rows])


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("shape", SHAPES)
async def test_a_scan_reads_every_row_once(
    module_server: Server, run: AsyncRun, shape: str, store: Store
) -> None:
    logged = await log(run, SHAPES[shape])
    export(module_server, run, logged, store)
    scan = run.scan_history(page_size=20)
    assert plain([row async for row in scan]) == plain(logged)
    assert scan.receipt.complete
    assert scan.receipt.received == scan.receipt.expected == len(logged)


@pytest.mark.parametrize("store", STORES)
async def test_a_scan_of_keys_has_the_rows_with_all_of_them(
    module_server: Server, run: AsyncRun, store: Store
) -> None:
    logged = await log(run, SHAPES["alternating"])
    export(module_server, run, logged, store)
    found = [row async for row in run.scan_history(keys=["a", "c"], page_size=20)]
    assert found == [{"a": row["a"], "c": 1.0} for row in logged if "a" in row]


@pytest.mark.parametrize("store", STORES)
async def test_an_outer_scan_has_the_rows_with_any_key(
    module_server: Server, run: AsyncRun, store: Store
) -> None:
    logged = await log(run, SHAPES["alternating"])
    export(module_server, run, logged, store)
    found = [row async for row in run.scan_history(keys=["_step", "a", "b"], page_size=20, how="outer")]
    assert plain(found) == plain(
        [{key: row[key] for key in ("_step", "a", "b") if key in row} for row in logged]
    )


@pytest.mark.parametrize("store", STORES)
async def test_bounds_take_the_first_step_and_leave_the_last(
    module_server: Server, run: AsyncRun, store: Store
) -> None:
    logged = await log(run, SHAPES["gaps"])
    export(module_server, run, logged, store)
    scan = run.scan_history(min_step=30, max_step=9_010, page_size=20)
    assert [row["_step"] async for row in scan] == [*range(30, 40), *range(9_000, 9_010)]
    assert await scan.max_step == 9_009


@pytest.mark.parametrize("store", STORES)
async def test_nested_keys_are_found_by_their_dots(
    module_server: Server, run: AsyncRun, store: Store
) -> None:
    logged = await log(run, SHAPES["histograms"])
    export(module_server, run, logged, store)
    found = [row async for row in run.scan_history(keys=["n.x.y"])]
    assert found == [{"n.x.y": float(step)} for step in range(60)]


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("shape", ["dense", "alternating", "non-finite", "texts"])
async def test_a_scan_becomes_an_arrow_table(
    module_server: Server, run: AsyncRun, shape: str, store: Store
) -> None:
    logged = await log(run, SHAPES[shape])
    export(module_server, run, logged, store)
    table = await run.scan_history(page_size=20).to_arrow()
    rows = [{key: value for key, value in row.items() if value is not None} for row in table.to_pylist()]
    assert plain(rows) == plain(logged)


@pytest.mark.parametrize("store", STORES)
async def test_a_resumed_run_is_read_whole(
    module_server: Server, api: AsyncApi, run: AsyncRun, store: Store
) -> None:
    logged = await log(run, SHAPES["sparse"])
    export(module_server, run, logged, store)
    resumed = await api.run("/".join([run.entity, run.project, run.id]))
    more = await log(resumed, [{"_step": 100_000 + step, "a": 1.0} for step in range(30)])
    scan = run.scan_history(page_size=20)
    assert plain([row async for row in scan]) == plain(logged + more)
    assert scan.receipt.complete


async def test_several_exports_are_read_in_order(module_server: Server, run: AsyncRun) -> None:
    logged = await log(run, SHAPES["dense"])
    for upto in (49, 149, 199):
        module_server.export_history("/".join([run.entity, run.project, run.id]), upto, keep_rows=False)
    scan = run.scan_history(page_size=20)
    assert plain([row async for row in scan]) == plain(logged)
    assert scan.receipt.source == "both"


async def test_a_scan_can_be_looped_over_again(run: AsyncRun) -> None:
    logged = await log(run, SHAPES["dense"])
    scan = run.scan_history()
    for _ in range(2):
        assert len([row async for row in scan]) == len(logged)


async def test_next_goes_through_a_scan_once(run: AsyncRun) -> None:
    rows = await log(run, SHAPES["alternating"][:3])
    scan = run.scan_history()
    found = [await anext(scan), await anext(scan), await anext(scan)]
    with pytest.raises(StopAsyncIteration):
        await anext(scan)
    assert found == rows


async def test_the_older_name_of_a_scan_warns(run: AsyncRun) -> None:
    rows = await log(run, SHAPES["alternating"][:3])
    with pytest.warns(DeprecationWarning, match="scan_history"):
        scan = run.beta_scan_history(None, 10, 0, None, True)
    assert [row async for row in scan] == rows


async def test_a_scan_can_be_left_in_the_middle(run: AsyncRun) -> None:
    await log(run, SHAPES["dense"])
    scan = run.scan_history(page_size=10)
    async for row in scan:
        if row["_step"] == 15:
            break
    assert not scan.receipt.complete


async def test_sparse_steps_take_few_requests(module_server: Server, run: AsyncRun) -> None:
    await log(run, [{"_step": step * 100_000, "a": 1.0} for step in range(100)])
    module_server.requests.clear()
    assert len([row async for row in run.scan_history()]) == 100
    assert len(module_server.requests) <= 5


async def test_exports_are_downloaded_once(module_server: Server, run: AsyncRun) -> None:
    await log(run, SHAPES["dense"])
    export(module_server, run, SHAPES["dense"], "parquet")
    assert len([row async for row in run.scan_history()]) == 250
    module_server.requests.clear()
    assert len([row async for row in run.scan_history()]) == 250
    assert [request.operation for request in module_server.requests] == ["GetHistoryExtent"]


async def test_without_the_cache_exports_are_downloaded_anew_and_not_kept(
    module_server: Server, run: AsyncRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    await log(run, SHAPES["dense"])
    export(module_server, run, SHAPES["dense"], "parquet")
    assert len([row async for row in run.scan_history(use_cache=False)]) == 250
    assert exports_below(tmp_path) == []


async def test_exports_are_fetched_without_credentials(module_server: Server, run: AsyncRun) -> None:
    await log(run, SHAPES["dense"])
    export(module_server, run, SHAPES["dense"], "parquet")
    module_server.requests.clear()
    assert len([row async for row in run.scan_history()]) == 250
    downloads = [request for request in module_server.requests if request.method == "GET"]
    assert len(downloads) == 1


async def test_a_server_without_exports_is_read_live(run: AsyncRun) -> None:
    with Server(hidden={"Run.parquetHistory"}) as server:
        server.add_user("ada")
        async with server.async_api() as api:
            old = await api.create_run(project="old")
            logged = await log(old, SHAPES["dense"])
            scan = old.scan_history()
            assert plain([row async for row in scan]) == plain(logged)
            assert scan.receipt.source == "live"


async def test_exports_are_read_with_polars_alone(
    module_server: Server, run: AsyncRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    logged = await log(run, SHAPES["alternating"])
    export(module_server, run, logged, "both")
    monkeypatch.setattr(parquet, "engine", lambda: "polars")
    scan = run.scan_history(page_size=20)
    assert plain([row async for row in scan]) == plain(logged)
    assert scan.receipt.source == "both"


async def test_without_a_parquet_library_live_rows_are_read(
    module_server: Server, run: AsyncRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    logged = await log(run, SHAPES["dense"])
    export(module_server, run, logged, "overlap")
    monkeypatch.setattr(parquet, "engine", lambda: None)
    scan = run.scan_history()
    assert plain([row async for row in scan]) == plain(logged)
    assert scan.receipt.source == "live"


async def test_rows_in_exports_only_need_a_parquet_library(
    module_server: Server, run: AsyncRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    await log(run, SHAPES["dense"])
    export(module_server, run, SHAPES["dense"], "both")
    monkeypatch.setattr(parquet, "engine", lambda: None)
    with pytest.raises(MissingExtraError, match=r"wandkit\[arrow\]"):
        assert [row async for row in run.scan_history()] == []


async def test_a_failing_server_ends_the_scan_with_its_error(module_server: Server, run: AsyncRun) -> None:
    await log(run, SHAPES["dense"])
    with (
        module_server.fault(
            operation="GetHistoryPage", status=404, body={"errors": [{"message": "gone"}]}, skip=3
        ),
        pytest.raises(NotFoundError),
    ):
        assert [row async for row in run.scan_history(page_size=10)] == []


@pytest.mark.parametrize("keys", ["loss", [1], []])
async def test_keys_that_are_no_list_of_names_are_refused(run: AsyncRun, keys: Any) -> None:
    with pytest.raises(ArgumentError, match="keys"):
        run.scan_history(keys=keys)
    with pytest.raises(ArgumentError, match="keys"):
        await run.history(keys=keys)


async def test_a_key_that_no_row_has_is_named_with_its_neighbours(run: AsyncRun) -> None:
    await log(run, [{"_step": 0, "loss": 1.0}])
    with pytest.warns(UserWarning, match="'los'.*'loss'"):
        history = await run.history(keys=["los"], pandas=False)
    assert len(history) == 0
    assert "Did you mean 'loss'" in history.receipt.gaps[0]


async def test_a_scan_of_an_unknown_key_says_so_in_its_receipt(run: AsyncRun) -> None:
    await log(run, [{"_step": 0, "loss": 1.0}])
    scan = run.scan_history(keys=["los"])
    with pytest.warns(UserWarning, match="Did you mean 'loss'"):
        assert [row async for row in scan] == []
    assert "Did you mean 'loss'" in scan.receipt.gaps[0]


async def test_keys_that_are_never_logged_together_are_named(api: AsyncApi, run: AsyncRun) -> None:
    await log(run, [{"_step": 0, "train": 1.0}, {"_step": 1, "val": 1.0}])
    keys = ["train", "val"]
    with pytest.warns(UserWarning, match="all of 'train' and 'val'"):
        sample = await run.history(keys=keys, pandas=False)
    with pytest.warns(UserWarning, match="all of 'train' and 'val'"):
        scan = await run.scan_history(keys=keys).load()
    with pytest.warns(UserWarning, match="all of 'train' and 'val'"):
        several = await api.runs(run.project).histories(keys=keys)
    found = [sample, scan, several]
    assert [len(rows) for rows in found] == [0, 0, 0]
    assert ['how="outer"' in rows.receipt.gaps[0] for rows in found] == [True, True, True]


async def test_steps_that_have_no_row_yet_are_nothing_to_warn_of(run: AsyncRun) -> None:
    await log(run, [{"_step": 0, "train": 1.0, "val": 2.0}])
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        rows = await run.scan_history(keys=["train", "val"], min_step=1).load()
    assert (len(rows), rows.receipt.complete) == (0, True)


# Samples.


async def test_a_sample_is_a_frame_that_says_so(run: AsyncRun) -> None:
    await log(run, SHAPES["dense"])
    frame = await run.history(samples=50)
    assert len(frame) == 50
    assert frame.attrs["receipt"].sampled
    assert frame.attrs["receipt"].expected == 250


async def test_a_sample_of_everything_is_no_sample(run: AsyncRun) -> None:
    logged = await log(run, SHAPES["dense"])
    history = await run.history(samples=1000, pandas=False)
    assert history.receipt.complete
    assert plain(list(history)) == plain(logged)


async def test_a_sample_of_keys_has_the_x_axis_first(run: AsyncRun) -> None:
    await log(run, SHAPES["alternating"])
    frame = await run.history(keys=["a", "c"], x_axis="_timestamp")
    assert list(frame.columns) == ["_timestamp", "a", "c"]
    assert len(frame) == 60


async def test_without_pandas_a_sample_is_a_history_with_a_warning(
    run: AsyncRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    await log(run, SHAPES["one"])
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    with pytest.warns(UserWarning, match="pandas"):
        history: object = await run.history()
    assert isinstance(history, History)


async def test_a_history_becomes_every_kind_of_frame(run: AsyncRun) -> None:
    await log(run, SHAPES["non-finite"])
    history = await run.history(pandas=False)
    assert history.to_pandas().shape == history.to_polars().shape == (80, 4)
    assert history.to_arrow().num_rows == 80
    assert history.to_polars()["a"].is_infinite().sum() == 40


async def test_a_slice_of_a_history_is_a_history(run: AsyncRun) -> None:
    await log(run, SHAPES["dense"])
    history = await run.history(pandas=False)
    assert isinstance(history[:3], History)
    assert history[-1]["_step"] == 249


def test_a_missing_library_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "polars", None)
    with pytest.raises(MissingExtraError, match=r"wandkit\[polars\]"):
        frame.columns_from([]).to_polars()


# Exports as files.


async def test_exports_can_be_kept_as_files(module_server: Server, run: AsyncRun, tmp_path: Path) -> None:
    await log(run, SHAPES["dense"])
    export(module_server, run, SHAPES["dense"], "parquet")
    done = await run.download_history_exports(tmp_path / "exports")
    assert not done.contains_live_data
    assert done.errors is None
    assert [path.exists() for path in done.paths] == [True]


async def test_exports_that_are_not_all_are_an_error(
    module_server: Server, run: AsyncRun, tmp_path: Path
) -> None:
    await log(run, SHAPES["dense"])
    export(module_server, run, SHAPES["dense"], "both")
    with pytest.raises(IncompleteHistoryError):
        await run.download_history_exports(tmp_path)
    done = await run.download_history_exports(tmp_path, require_complete_history=False)
    assert done.contains_live_data


# Many runs.


@pytest.fixture
async def several(api: AsyncApi) -> str:
    """Give a project of four runs with histories of different lengths."""
    project = f"p{uuid4().hex[:8]}"
    for number in range(4):
        created = await api.create_run(project=project, run_id=f"r{number}")
        await log(created, [{"_step": step, "a": float(step)} for step in range(10 * (number + 1))])
    return project


async def test_histories_of_all_runs_come_in_the_order_of_the_listing(api: AsyncApi, several: str) -> None:
    history = await api.runs(several, order="+created_at").histories()
    assert list(dict.fromkeys(row["run_id"] for row in history)) == ["r0", "r1", "r2", "r3"]
    assert history.receipt.complete
    assert history.receipt.received == 100


async def test_histories_of_keys_are_one_request(module_server: Server, api: AsyncApi, several: str) -> None:
    module_server.requests.clear()
    history = await api.runs(several).histories(samples=5, keys=["a"])
    assert len(history) == 20
    assert history.receipt.sampled
    assert [request.operation for request in module_server.requests].count("ListRunHistories") == 1


async def test_histories_become_frames(api: AsyncApi, several: str) -> None:
    pandas = await api.runs(several).histories(format="pandas")
    polars = await api.runs(several).histories(format="polars")
    assert list(pandas.columns) == ["_runtime", "_step", "_timestamp", "a", "run_id"]
    assert len(pandas) == polars.height == 100
    assert pandas.attrs["receipt"].complete


async def test_histories_of_no_runs_are_empty(api: AsyncApi, several: str) -> None:
    frame = await api.runs(several, {"state": "crashed"}).histories(format="pandas")
    assert len(frame) == 0


async def test_a_server_that_refuses_histories_in_listings_is_read_run_by_run(
    module_server: Server, api: AsyncApi, several: str
) -> None:
    body = {"errors": [{"message": "query is too complex"}]}
    with module_server.fault(operation="ListRunHistories", status=400, body=body):
        history = await api.runs(several, order="+created_at").histories(keys=["a"])
    assert [row["run_id"] for row in history] == [f"r{n}" for n in range(4) for _ in range(10 * (n + 1))]
    assert history.receipt.complete


async def test_a_run_that_fails_is_named_in_the_receipt(
    module_server: Server, api: AsyncApi, several: str
) -> None:
    body = {"errors": [{"message": "no"}]}
    with (
        module_server.fault(operation="ListRunHistories", status=400, body=body),
        module_server.fault(operation="GetFullHistory", status=403, body=body, times=1),
    ):
        history = await api.runs(several, order="+created_at").histories()
    assert len(history.receipt.failures) == 1
    assert not history.receipt.complete


async def test_an_unknown_format_is_refused(api: AsyncApi, several: str) -> None:
    wrong: Any = "csv"
    with pytest.raises(ArgumentError, match="format"):
        await api.runs(several).histories(format=wrong)
