"""Custom charts, made by the newest official client and by wandkit on one server."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from wandkit import Api
from wandkit.errors import ConflictError

if TYPE_CHECKING:
    from conftest import Client

SPEC = {"mark": "bar", "data": {"name": "wandb"}, "encoding": {"x": {"field": "${field:x}"}}}


@pytest.fixture
def name() -> str:
    """Give the name of a chart of the test's own."""
    return f"bars-{uuid.uuid4().hex[:8]}"


def test_a_chart_of_the_official_client_is_listed_and_deleted_by_wandkit(
    newest: Client, api: Api, name: str
) -> None:
    made = newest.run("charts.py", "ada", "charts", name)
    (chart,) = [one for one in api.custom_charts("ada") if one.name == name]
    assert (made["id"], chart.id) == (f"ada/{name}", f"ada/{name}")
    assert (chart.display_name, chart.access, chart.spec) == ("Bars", "public", SPEC)
    assert f"the chart ada/{name} exists already" in made["again"]
    chart.delete()
    assert name not in [one.name for one in api.custom_charts("ada")]


def test_a_run_refers_to_the_chart_by_its_id(newest: Client, api: Api, name: str) -> None:
    made = newest.run("charts.py", "ada", "charts", name)
    run = api.run(f"ada/charts/{made['run']}")
    shown = run.rawconfig["_wandb"]["visualize"]["chart"]
    assert shown["panel_config"]["panelDefId"] == f"ada/{name}"


def test_a_name_that_the_official_client_took_is_taken(newest: Client, api: Api, name: str) -> None:
    newest.run("charts.py", "ada", "charts", name)
    with pytest.raises(ConflictError):
        api.create_custom_chart("ada", name, "Bars", "vega2", "private", SPEC)
