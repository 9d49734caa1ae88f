"""wandb-workspaces, the official editor of reports and workspaces, and wandkit, on the same server."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from wandkit import Api
from wandkit.errors import NotFoundError
from wandkit.report import (
    Heading,
    LinePanel,
    PanelGrid,
    Part,
    RunSet,
    UnknownBlock,
    UnknownInline,
    UnknownPanel,
)

if TYPE_CHECKING:
    from conftest import Client

SPEC = "query Spec($id: ID!) { view(id: $id) { spec } }"
VIEWS = """query Views($project: String!, $type: String) {
  project(name: $project, entityName: "ada") { allViews(viewType: $type) { edges { node { displayName } } } }
}"""


@pytest.fixture
def project(api: Api) -> str:
    """Give a project of the test's own."""
    name = f"p{uuid.uuid4().hex[:8]}"
    api.create_project(name, "ada")
    return name


@pytest.fixture
def editor(newest: Client) -> Client:
    """Give the newest official client with its editor; skip, saying why, where it has none."""
    if not list(newest.peer.folder.glob("lib/*/*/wandb_workspaces")):
        pytest.skip("wandb-workspaces is not installed: run `python tests/interop/peers.py install`")
    return newest


def ask(client: Client, action: str, **arguments: Any) -> Any:
    """Let the editor do something and return its answer."""
    return client.run("workspaces.py", action, json.dumps(arguments))


def stored(api: Api, report_id: str | None) -> str:
    """Return the very text of a report's spec, as the server has it."""
    spec: str = api.client.execute(SPEC, {"id": report_id})["view"]["spec"]
    return spec


def unknown(part: Any) -> list[object]:
    """Return what is not typed in a part, and in the parts below."""
    if isinstance(part, list):
        listed: list[Any] = part
        return [found for one in listed for found in unknown(one)]
    if isinstance(part, (UnknownBlock, UnknownInline, UnknownPanel)):
        return [part]
    if isinstance(part, Part):
        below = [getattr(part, name) for name in type(part).model_fields]
        return [*(part.model_extra or {}).items(), *unknown(below)]
    return []


def test_every_block_panel_and_key_of_the_editor_is_typed(editor: Client, api: Api, project: str) -> None:
    written = ask(editor, "write", project=project)
    report = api.load_report(written["url"])
    assert unknown(report.blocks) == []
    assert len(report.panel_grids[0].panels) == 18
    assert (report.title, report.description, report.width) == ("Theirs", "d", "fluid")


def test_a_report_of_the_editor_is_saved_back_byte_for_byte_but_for_the_change(
    editor: Client, api: Api, project: str
) -> None:
    written = ask(editor, "write", project=project)
    report = api.load_report(written["url"])
    before = stored(api, report.id)
    heading = report.blocks[3]
    assert isinstance(heading, Heading)
    heading.text = "Ours"
    report.save()
    old, new = ('{"text":"three"}', '{"text":"Ours"}')
    assert before.count(old) == 1
    assert stored(api, report.id) == before.replace(old, new)
    found = ask(editor, "load", url=written["url"])
    assert found["kinds"] == written["kinds"]
    assert found["headings"][2] == "Ours"


def test_the_run_sets_of_the_editor_say_which_runs_they_show(editor: Client, api: Api, project: str) -> None:
    written = ask(editor, "write", project=project)
    one, two, three = api.load_report(written["url"]).run_sets
    assert one.filter_text == (
        "Config('lr') >= 0.1 and (Metric('state') == 'finished' or SummaryMetric('loss') <= 1)"
        " and Metric('tags') in ['a', 'b']"
    )
    assert (one.query, one.group_by) == ("abc", ["config.lr", "group", "summary_metrics.x"])
    assert one.order == ["+createdAt", "-summary_metrics.loss"]
    assert "within_last 5 days" in two.filter_text
    assert (three.filter_text, three.filter_mongo) == ("", {})


def test_a_panel_grid_of_the_editor_lists_its_runs(editor: Client, api: Api, project: str) -> None:
    for name, lr, loss in (("abc-1", 0.5, 0.1), ("abc-2", 0.01, 0.1), ("abc-3", 0.5, 3.0), ("x", 0.5, 0.1)):
        run = api.create_run(project=project, entity="ada")
        run.config.update({"lr": lr})
        run.name, run.tags = name, ["a"]
        run.update()
        run.log({"loss": loss})
        run.finish()
    written = ask(editor, "write", project=project)
    report = api.load_report(written["url"])
    found = [run.name for run in report.runs(report.panel_grids[0])]
    assert found == ["abc-1", "abc-3"]


def test_the_editor_reads_a_filter_that_wandkit_changed_in_its_form(
    editor: Client, api: Api, project: str
) -> None:
    written = ask(editor, "write", project=project)
    report = api.load_report(written["url"])
    run_set = report.run_sets[0]
    run_set.filter("Config('lr') <= 2 or State == 'crashed'")
    run_set.group_by, run_set.order = ["config.layers"], ["+config.lr"]
    report.save()
    found = ask(editor, "load", url=written["url"])
    assert found["filters"][0] == 'Config("lr") <= 2 or Metric("State") == \'crashed\''
    assert found["groups"][0] == ["config.layers.value"]
    assert found["orders"][0] == [["lr", True]]


def test_the_editor_loads_a_report_of_wandkit(editor: Client, api: Api, project: str) -> None:
    run_set = RunSet.of("ada", project, filters="lr <= 1 and State == 'finished'", group_by=["group"])
    grid = PanelGrid.of([LinePanel.of("loss", smoothing=0.5)], [run_set])
    blocks = [Heading.of("Ours"), "text", grid]
    report = api.create_report(f"ada/{project}", title="T", blocks=blocks)
    found = ask(editor, "load", url=report.url)
    assert (found["title"], found["kinds"]) == ("T", ["H1", "P", "PanelGrid", "LinePlot"])
    assert found["filters"] == ['SummaryMetric("lr") <= 1 and Metric("State") == \'finished\'']
    assert found["groups"] == [["run.Group"]]


def test_the_editor_makes_the_project_of_a_report(editor: Client, api: Api) -> None:
    name = f"p{uuid.uuid4().hex[:8]}"
    found = ask(editor, "start", project=name)
    report = api.load_report(found["url"])
    assert (found["entity"], report.entity, report.project, report.blocks) == ("ada", "ada", name, [])
    assert report.spec["blocks"] == [{"type": "paragraph", "children": [{"text": ""}]}] * 2


def test_a_draft_of_the_editor_is_no_report_until_wandkit_publishes_it(
    editor: Client, api: Api, project: str
) -> None:
    report = api.create_report(f"ada/{project}", title="T", blocks=[Heading.of("a")])
    url = ask(editor, "resave", url=report.url, title="Draft")["url"]
    draft = api.load_report(url)
    assert (draft.type, draft.title) == ("runs/draft", "Draft")
    assert [one.title for one in api.reports(f"ada/{project}")] == ["T"]
    draft.save()
    assert [one.title for one in api.reports(f"ada/{project}")] == ["Draft", "T"]


def test_the_editor_reads_what_a_draft_of_wandkit_became(editor: Client, api: Api, project: str) -> None:
    written = ask(editor, "write", project=project)
    draft = api.load_report(written["url"]).create_draft()
    heading = draft.blocks[3]
    assert isinstance(heading, Heading)
    heading.text = "Ours"
    draft.save(draft=True)
    before = ask(editor, "load", url=written["url"])
    seen = ask(editor, "load", url=draft.url)
    draft.publish()
    after = ask(editor, "load", url=written["url"])
    assert (before["headings"][2], seen["headings"][2], after["headings"][2]) == ("three", "Ours", "Ours")
    assert after["kinds"] == written["kinds"]


def test_the_editor_shares_a_report_by_a_link_and_takes_it_back(
    editor: Client, api: Api, project: str
) -> None:
    report = api.create_report(f"ada/{project}", title="T")
    api.create_project(f"{project}-b", "ada")
    none, link, again, wider, revoked, gone = ask(editor, "share", url=report.url, other=f"{project}-b")
    assert "?accessToken=" in link
    assert (none, again, wider, revoked, gone) == (None, link, link, True, None)
    assert api.load_report(link).id == report.id


def test_a_report_that_the_editor_deleted_is_gone(editor: Client, api: Api, project: str) -> None:
    report = api.create_report(f"ada/{project}", title="T")
    assert ask(editor, "delete", url=report.url) is True
    with pytest.raises(NotFoundError):
        api.load_report(report.url or "")


def test_the_editor_saves_and_loads_workspaces(editor: Client, api: Api, project: str) -> None:
    found = ask(editor, "workspace", project=project)
    assert (found["name"], found["sections"]) == ("X", ["S"])
    assert found["filters"] == 'Config("lr") == 0.1'
    assert found["urls"][0] != found["urls"][1]
    edges = api.client.execute(VIEWS, {"project": project, "type": "project-view"})
    assert len(edges["project"]["allViews"]["edges"]) == 2
    assert list(api.reports(f"ada/{project}")) == []
