"""Listings of runs as tables."""

from __future__ import annotations

import uuid

import pytest

from wandkit import AsyncApi, F
from wandkit.testing import Server


@pytest.fixture
async def project(api: AsyncApi, module_server: Server) -> str:
    """Give the name of a project with two runs of different keys."""
    name = f"p{uuid.uuid4().hex[:8]}"
    first = await api.create_run(
        run_id="r0", project=name, name="zero", config={"lr": 0.1, "model": {"depth": 3}}
    )
    await (await first.summary).update({"loss": 0.5})
    second = await api.create_run(run_id="r1", project=name, config={"lr": "high", "seeds": [1, 2]})
    await (await second.summary).update({"acc": 1})
    module_server.requests.clear()
    return name


async def test_a_pandas_frame_has_a_row_per_run(api: AsyncApi, project: str) -> None:
    frame = await api.runs(project, order="+created_at").to_pandas()
    assert list(frame.columns) == [
        "id", "name", "state", "created_at", "config.lr", "config.model.depth", "config.seeds",
        "summary.loss", "summary.acc",
    ]  # fmt: skip
    assert frame["id"].tolist() == ["r0", "r1"]
    assert frame["config.model.depth"].tolist()[0] == 3
    assert frame.attrs["receipt"].complete


async def test_a_frame_costs_no_request_per_run(api: AsyncApi, project: str, module_server: Server) -> None:
    await api.runs(project).to_pandas()
    assert [request.operation for request in module_server.requests] == ["ListRuns"]


async def test_a_polars_frame_keeps_every_value(api: AsyncApi, project: str) -> None:
    frame = await api.runs(project, order="+created_at").to_polars()
    assert frame["config.lr"].to_list() == ["0.1", "high"]
    assert frame["summary.acc"].to_list() == [None, 1]


async def test_an_arrow_table_has_times_with_a_zone(api: AsyncApi, project: str) -> None:
    table = await api.runs(project).to_arrow()
    assert table.column("created_at").type.tz == "UTC"
    assert table.column("config.seeds").to_pylist() == [[1, 2], None]


async def test_a_table_has_the_selected_keys_only(api: AsyncApi, project: str) -> None:
    frame = await api.runs(project, select=[F.config["lr"]]).to_pandas()
    assert list(frame.columns) == ["id", "name", "state", "created_at", "config.lr"]


@pytest.mark.parametrize("name", ["to_pandas", "to_polars", "to_arrow"])
async def test_a_table_of_no_runs_is_empty(api: AsyncApi, project: str, name: str) -> None:
    runs = api.runs(project, {"state": "none"})
    table = await getattr(runs, name)()
    assert len(table) == 0
