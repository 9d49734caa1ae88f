"""Reports, written by wandkit and by the official clients, and read by the other side."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from wandkit import Api
from wandkit.report import Heading, LinePanel, PanelGrid, Quote, UnknownBlock, UnknownPanel

if TYPE_CHECKING:
    from conftest import Client


@pytest.fixture
def project() -> str:
    """Give the name of a project of the test's own."""
    return f"p{uuid.uuid4().hex[:8]}"


def ask(client: Client, action: str, **arguments: Any) -> Any:
    """Let the client do something and return its answer."""
    return client.run("report.py", action, json.dumps(arguments))


def test_a_report_of_the_official_client_is_typed_and_lossless(
    oldest: Client, api: Api, project: str
) -> None:
    written = ask(oldest, "write", project=project)
    report = api.load_report(written["url"])
    parts = [*report.blocks, *report.panel_grids[0].panels]
    assert [part for part in parts if isinstance(part, (UnknownBlock, UnknownPanel))] == []
    assert report.content.to_json() == written["spec"]
    assert report.run_sets[0].filter_text == "Metric('state') == 'finished'"


def test_the_official_client_loads_a_report_that_wandkit_changed(
    oldest: Client, api: Api, project: str
) -> None:
    written = ask(oldest, "write", project=project)
    report = api.load_report(written["url"])
    heading = report.blocks[0]
    assert isinstance(heading, Heading)
    heading.text = "Ours"
    report.save()
    found = ask(oldest, "load", url=written["url"])
    written["spec"]["blocks"][1]["children"] = [{"text": "Ours"}]
    assert found["kinds"][0] == "H1"
    assert found["spec"] == written["spec"]


def test_the_official_client_loads_a_report_of_wandkit(oldest: Client, api: Api, project: str) -> None:
    grid = PanelGrid.of([LinePanel.of("loss")])
    blocks = [Heading.of("Ours"), Quote.of("said"), grid]
    report = api.create_report(f"ada/{project}", title="T", blocks=blocks)
    found = ask(oldest, "load", url=report.url)
    assert (found["title"], found["kinds"]) == ("T", ["H1", "BlockQuote", "PanelGrid"])
    assert found["spec"] == report.spec


def test_official_clients_list_the_reports_of_wandkit(client: Client, api: Api, project: str) -> None:
    reports = [api.create_report(f"ada/{project}", title=title, blocks=[title]) for title in ("a", "b")]
    found = ask(client, "listed", project=project)
    assert found == [{"title": one.title, "spec": one.spec, "id": one.id} for one in reversed(reports)]
