"""Reports: made, saved, listed, loaded by every path, changed block by block, deleted, and their runs."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from wandkit import AsyncApi, AsyncProject, AsyncReport
from wandkit.errors import (
    AnswerError,
    ArgumentError,
    ArgumentTypeError,
    ConflictError,
    NotFoundError,
    PathError,
    PermissionDeniedError,
    WandkitError,
)
from wandkit.report import Heading, LinePanel, PanelGrid, Paragraph, Quote, RunSet, UnknownBlock
from wandkit.testing import Server

UPSERT = """mutation Upsert($project: String!, $spec: String!, $type: String!) {
  upsertView(input: {entityName: "ada", projectName: $project, spec: $spec, type: $type}) {
    view { id }
  }
}"""


@pytest.fixture
def project() -> str:
    """Give the name of a project of the test's own."""
    return f"p{uuid.uuid4().hex[:8]}"


async def stored(api: AsyncApi, project: str, spec: str, kind: str = "runs") -> str:
    """Store a view as another program would; return its id."""
    await api.create_project(project, "ada")
    answer = await api.client.execute(UPSERT, {"project": project, "spec": spec, "type": kind})
    found: str = answer["upsertView"]["view"]["id"]
    return found


async def test_a_created_report_says_what_it_is(api: AsyncApi, project: str, module_server: Server) -> None:
    report = await api.create_report(project, title="My title!", description="why", blocks=["hello"])
    assert (report.title, report.description, report.width) == ("My title!", "why", "readable")
    assert (report.entity, report.project, report.type) == ("ada", project, "runs")
    assert report.user is not None
    assert report.user.username == "ada"
    assert report.created_at is not None
    token = (report.id or "").rstrip("=")
    assert report.url == f"{module_server.url}/ada/{project}/reports/My-title---{token}"


async def test_a_new_report_is_sent_by_save_alone(api: AsyncApi, project: str) -> None:
    grid = PanelGrid.of(run_sets=[RunSet.of()])
    report = AsyncReport(project, None, "Mine", "why", "fluid", ["hello", grid], api=api)
    before = (report.id, report.url, report.modified, report.project)
    await report.save()
    loaded = await AsyncReport.from_url(report.url or "", api=api)
    assert before == (None, None, True, project)
    assert (loaded.title, loaded.description, loaded.width, loaded.entity) == ("Mine", "why", "fluid", "ada")
    assert [type(block) for block in loaded.blocks] == [Paragraph, PanelGrid]
    assert loaded.runsets[0].project == {"entityName": "ada", "name": project}


async def test_a_new_report_knows_its_entity_where_it_is_told(api: AsyncApi) -> None:
    assert AsyncReport("p", "team", api=api).entity == "team"
    assert AsyncReport("team/p", api=api).entity == "team"


async def test_a_new_report_of_a_width_that_is_none_is_refused(api: AsyncApi) -> None:
    with pytest.raises(ArgumentError, match="wide"):
        AsyncReport("p", width="wide", api=api)


async def test_a_report_is_made_with_its_project(api: AsyncApi, project: str) -> None:
    await api.create_report(f"ada/{project}")
    found = await api.from_path(f"ada/{project}")
    assert isinstance(found, AsyncProject)
    assert await found.id


@pytest.mark.parametrize("form", ["{url}", "{url}?nw=1", "ada/{project}/reports/x--{id}", "t--{id}", "{id}"])
async def test_a_report_is_loaded_by_every_form_of_its_path(api: AsyncApi, project: str, form: str) -> None:
    report = await api.create_report(project, title="T", blocks=[Heading.of("a")])
    loaded = await api.load_report(form.format(url=report.url, project=project, id=report.id))
    assert (loaded.id, loaded.title) == (report.id, "T")
    assert loaded.blocks == [Heading.of("a")]


async def test_from_path_returns_reports(api: AsyncApi, project: str) -> None:
    report = await api.create_report(project, title="T")
    for path in (report.url or "", f"ada/{project}/reports/{report.id}"):
        found = await api.from_path(path)
        assert isinstance(found, AsyncReport)
        assert found.title == "T"


async def test_a_missing_report_is_not_found(api: AsyncApi) -> None:
    with pytest.raises(NotFoundError, match="No report"):
        await api.load_report("ada/p/reports/T--Vmlldzo5OTk5OTk")


async def test_a_workspace_is_no_report(api: AsyncApi, project: str) -> None:
    view = await stored(api, project, "{}", "project-view")
    with pytest.raises(NotFoundError):
        await api.load_report(view)


async def test_a_path_that_names_no_report_is_refused(api: AsyncApi, module_server: Server) -> None:
    module_server.requests.clear()
    with pytest.raises(PathError):
        await api.load_report("ada/p/reports/only-a-title")
    assert module_server.requests == []


async def test_a_report_of_others_cannot_be_seen(api: AsyncApi, project: str, module_server: Server) -> None:
    report = await api.create_report(project)
    module_server.add_user(project)
    async with module_server.async_api(project) as other:
        with pytest.raises(NotFoundError):
            await other.load_report(report.url or "")


async def test_a_changed_block_is_saved_and_the_others_stay(api: AsyncApi, project: str) -> None:
    report = await api.create_report(project, blocks=[Heading.of("a"), "b"])
    heading = report.blocks[0]
    assert isinstance(heading, Heading)
    heading.text = "changed"
    report.blocks.append(Quote.of("c"))
    assert report.modified
    await report.save()
    loaded = await api.load_report(report.url or "")
    assert loaded.blocks == [Heading.of("changed"), Paragraph.of("b"), Quote.of("c")]
    assert not report.modified


async def test_saving_sends_what_was_changed_alone(
    api: AsyncApi, project: str, module_server: Server
) -> None:
    report = await api.create_report(project, title="T", description="D")
    module_server.requests.clear()
    await report.save()
    assert module_server.requests == []
    report.title = "U"
    await report.save()
    loaded = await api.load_report(report.url or "")
    assert (loaded.title, loaded.description) == ("U", "D")


async def test_what_is_not_known_survives_a_change(api: AsyncApi, project: str) -> None:
    spec = '{"future": 1.0, "blocks": [{"type": "hologram", "z": 1, "a": [2]}], "width": "fluid"}'
    view = await stored(api, project, spec)
    report = await api.load_report(view)
    assert isinstance(report.blocks[0], UnknownBlock)
    report.width = "fixed"
    await report.save()
    loaded = await api.load_report(view)
    assert loaded.spec == {
        "future": 1.0,
        "blocks": [{"type": "hologram", "z": 1, "a": [2]}],
        "width": "fixed",
    }


async def test_looking_at_a_report_changes_nothing(api: AsyncApi, project: str) -> None:
    view = await stored(api, project, '{"blocks": [{"level": 1, "type": "heading"}]}')
    report = await api.load_report(view)
    assert len(report.blocks) == 1
    assert report.spec == {"blocks": [{"level": 1, "type": "heading"}]}
    assert not report.modified


async def test_a_spec_can_be_replaced(api: AsyncApi, project: str) -> None:
    report = await api.create_report(project, blocks=["a"])
    report.spec = {"version": 5, "blocks": []}
    await report.save()
    loaded = await api.load_report(report.url or "")
    assert loaded.spec == {"version": 5, "blocks": []}


async def test_a_clone_is_another_report(api: AsyncApi, project: str) -> None:
    report = await api.create_report(project, title="T", blocks=["a"])
    first = report.id
    report.title = "copy"
    await report.save(clone=True)
    assert report.id != first
    listed = await api.reports(f"ada/{project}").load_all()
    assert [one.title for one in listed] == ["copy", "T"]
    assert [one.blocks for one in listed] == [[Paragraph.of("a")]] * 2


async def test_a_draft_is_not_listed_until_it_is_published(api: AsyncApi, project: str) -> None:
    report = await api.create_report(project, title="T", draft=True)
    before = await api.reports(f"ada/{project}").load_all()
    await report.save()
    after = await api.reports(f"ada/{project}").load_all()
    assert ([one.title for one in before], [one.title for one in after]) == ([], ["T"])


async def test_reports_are_paged_and_counted(api: AsyncApi, project: str) -> None:
    for title in ("a", "b", "c"):
        await api.create_report(project, title=title)
    reports = api.reports(f"ada/{project}", per_page=2)
    count = await reports.count()
    titles = [report.title async for report in reports]
    assert (count, titles) == (3, ["c", "b", "a"])
    assert reports.receipt.complete


async def test_reports_are_listed_by_name(api: AsyncApi, project: str) -> None:
    first = await api.create_report(project, title="a")
    await api.create_report(project, title="b")
    found = await api.reports(f"ada/{project}", name=first.name).load_all()
    assert [one.title for one in found] == ["a"]


async def test_one_unreadable_spec_does_not_hide_the_other_reports(api: AsyncApi, project: str) -> None:
    await stored(api, project, '{"blocks": 3}')
    await api.create_report(project, title="good", blocks=["a"])
    good, bad = await api.reports(f"ada/{project}").load_all()
    assert good.blocks == [Paragraph.of("a")]
    with pytest.raises(AnswerError):
        _ = bad.blocks


async def test_the_reports_of_no_project_are_refused(api: AsyncApi) -> None:
    with pytest.raises(PathError):
        api.reports()


async def test_the_reports_of_a_missing_project_are_not_found(api: AsyncApi, project: str) -> None:
    with pytest.raises(NotFoundError, match=project):
        await api.reports(f"ada/{project}").load_all()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("title", 3, "The title of a report is a text, not int"),
        ("title", None, "can be changed, not taken away"),
        ("description", ["x"], "The description of a report is a text, not list"),
    ],
)
async def test_a_title_and_a_description_are_texts(
    api: AsyncApi, project: str, module_server: Server, name: str, value: Any, said: str
) -> None:
    report = await api.create_report(project, title="T", description="d")
    setattr(report, name, value)
    module_server.requests.clear()
    with pytest.raises(ArgumentTypeError, match=said):
        await report.save()
    assert module_server.requests == []


async def test_a_deleted_report_is_gone(api: AsyncApi, project: str) -> None:
    report = await api.create_report(project)
    url = report.url or ""
    await report.delete()
    with pytest.raises(NotFoundError):
        await api.load_report(url)
    with pytest.raises(ArgumentError):
        await report.delete()


@pytest.mark.parametrize("of_a_report", [False, True], ids=["report", "draft"])
async def test_a_deleted_report_is_saved_as_a_new_one_only_where_that_is_said(
    api: AsyncApi, project: str, of_a_report: bool
) -> None:
    report = await api.create_report(project, title="T", blocks=["x"])
    gone = await report.create_draft() if of_a_report else report
    old = gone.id
    await gone.delete()
    with pytest.raises(NotFoundError, match=r"'T' was deleted; nothing was sent.*save\(clone=True\)"):
        await gone.save()
    await gone.save(clone=True)
    assert gone.id not in (None, old)
    gone.title = "U"
    await gone.save()
    left = {"T", "U"} if of_a_report else {"U"}
    assert {one.title async for one in api.reports(f"ada/{project}")} == left


async def test_a_report_cannot_be_made_where_one_may_not_write(api: AsyncApi) -> None:
    with pytest.raises((NotFoundError, PermissionDeniedError)):
        await api.create_report("p", "nobody")


@pytest.mark.parametrize("arguments", [{"width": "wide"}, {"blocks": [3]}])
async def test_a_bad_argument_is_refused_before_anything_is_sent(
    api: AsyncApi, module_server: Server, arguments: dict[str, Any]
) -> None:
    module_server.requests.clear()
    with pytest.raises(ArgumentError):
        await api.create_report("p", **arguments)
    assert module_server.requests == []


async def test_a_panel_grid_lists_the_runs_that_it_shows(api: AsyncApi, project: str) -> None:
    for loss in (0.5, 0.1, 2.0):
        run = await api.create_run(project=project)
        await run.log({"loss": loss})
        await run.finish()
    run_set = RunSet.of(filters="loss < 1", order=["+summary_metrics.loss"])
    grid = PanelGrid.of([LinePanel.of("loss")], [run_set])
    report = await api.create_report(project, blocks=[grid])
    loaded = await api.load_report(report.url or "")
    for section in (loaded.panel_grids[0], loaded.sections[0]):
        found: list[float] = []
        async for run in loaded.runs(section):
            summary = await run.summary
            found.append(summary["loss"])
        assert found == [0.1, 0.5]


async def test_a_run_set_of_a_new_report_names_its_project(api: AsyncApi, project: str) -> None:
    report = await api.create_report(project, blocks=[PanelGrid.of([], [RunSet.of()])])
    assert report.run_sets[0].project == {"entityName": "ada", "name": project}


async def test_the_sections_of_an_old_report_have_runs_too(api: AsyncApi, project: str) -> None:
    runs = [await api.create_run(project=project) for _ in range(2)]
    report = await api.create_report(project)
    report.spec = {
        "panelGroups": [{"openRunSet": 0, "runSets": [{"selections": {"root": 0, "tree": [runs[0].id]}}]}]
    }
    section = report.sections[0]
    selected = await report.runs(section).load_all()
    everything = await report.runs(section, only_selected=False).count()
    assert ([run.id for run in selected], everything) == ([runs[0].id], 2)


async def test_a_section_without_run_sets_is_refused(api: AsyncApi, project: str) -> None:
    report = await api.create_report(project)
    wrong: Any = 3
    for section in ({"runSets": []}, wrong):
        with pytest.raises(ArgumentError, match=r"has no run set.*panel_grids or run_sets"):
            report.runs(section)


async def test_the_table_of_a_report_sends_nothing(
    api: AsyncApi, project: str, module_server: Server
) -> None:
    report = await api.create_report(project, title="<T>")
    module_server.requests.clear()
    assert "&lt;T&gt;" in report.to_html()
    assert "<details>" in report.to_html(hidden=True)
    assert report.display() is False
    assert repr(report) == f"<Report ada/{project} '<T>'>"
    assert module_server.requests == []


async def test_a_draft_of_a_report_leaves_it_as_it_is(api: AsyncApi, project: str) -> None:
    report = await api.create_report(project, title="T", blocks=["a"])
    report.title = "U"
    draft = await report.create_draft()
    assert (draft.type, draft.parent_id, draft.title) == ("runs/draft", report.id, "U")
    loaded = await api.load_report(report.url or "")
    assert (loaded.title, loaded.parent_id) == ("T", None)
    drafts = await report.drafts()
    assert [one.id for one in drafts] == [draft.id]


async def test_a_published_draft_is_put_onto_its_report(api: AsyncApi, project: str) -> None:
    report = await api.create_report(project, title="T", description="D", blocks=["a"])
    draft = await report.create_draft()
    draft.title = "U"
    draft.blocks.append(Quote.of("b"))
    await draft.save(draft=True)
    published = await draft.publish()
    assert (published.id, published.type, published.parent_id) == (report.id, "runs", None)
    loaded = await api.load_report(report.url or "")
    assert (loaded.title, loaded.description) == ("U", "D")
    assert loaded.blocks == [Paragraph.of("a"), Quote.of("b")]
    assert await report.drafts() == []
    listed = await api.reports(f"ada/{project}").load_all()
    assert [one.id for one in listed] == [report.id]


async def test_saving_a_draft_of_a_report_publishes_it(api: AsyncApi, project: str) -> None:
    report = await api.create_report(project, title="T")
    draft = await report.create_draft()
    draft.description = "new"
    saved = await draft.save()
    loaded = await api.load_report(report.url or "")
    assert (saved.id, loaded.description) == (report.id, "new")


async def test_a_draft_does_not_overwrite_what_came_after_it(api: AsyncApi, project: str) -> None:
    report = await api.create_report(project, title="T")
    first = await report.create_draft()
    second = await report.create_draft()
    first.title, second.title = "first", "second"
    await first.publish()
    with pytest.raises(ConflictError, match="force"):
        await second.publish()
    kept = await api.load_report(report.url or "")
    assert kept.title == "first"
    await second.publish(force=True)
    loaded = await api.load_report(report.url or "")
    assert loaded.title == "second"


async def test_a_draft_that_was_put_onto_its_report_but_not_deleted_is_published_again(
    api: AsyncApi, project: str, module_server: Server
) -> None:
    report = await api.create_report(project, title="T")
    draft = await report.create_draft()
    draft.title = "U"
    refused = {"errors": [{"message": "no"}]}
    fault = module_server.fault(status=400, operation="DeleteReport", body=refused)
    with fault, pytest.raises(WandkitError):
        await draft.publish()
    assert draft.parent_id == report.id
    await draft.publish()
    assert await report.drafts() == []


async def test_a_draft_whose_deletion_was_not_answered_is_published_again(
    api: AsyncApi, project: str, module_server: Server
) -> None:
    report = await api.create_report(project, title="T")
    draft = await report.create_draft()
    draft.title = "U"
    fault = module_server.fault(drop=True, after=True, operation="DeleteReport")
    with fault, pytest.raises(WandkitError):
        await draft.publish()
    published = await draft.publish()
    assert (published.id, published.title, published.modified) == (report.id, "U", False)


async def test_a_draft_of_a_report_that_is_gone_can_become_one(api: AsyncApi, project: str) -> None:
    report = await api.create_report(project, title="T", blocks=["a"])
    draft = await report.create_draft()
    await report.delete()
    with pytest.raises(NotFoundError):
        await draft.publish()
    await draft.save(clone=True)
    assert (draft.type, draft.parent_id, draft.blocks) == ("runs", None, [Paragraph.of("a")])


async def test_only_published_reports_have_drafts(api: AsyncApi, project: str) -> None:
    draft = await api.create_report(project, draft=True)
    with pytest.raises(ArgumentError, match="published"):
        await draft.create_draft()
    await draft.delete()
    with pytest.raises(ArgumentError):
        await draft.drafts()


async def test_the_drafts_of_a_report_that_is_gone_are_not_found(api: AsyncApi, project: str) -> None:
    report = await api.create_report(project)
    again = await api.load_report(report.url or "")
    await report.delete()
    with pytest.raises(NotFoundError):
        await again.drafts()


async def test_a_width_that_reports_do_not_have_is_refused(api: AsyncApi, project: str) -> None:
    report = await api.create_report(project)
    with pytest.raises(ArgumentError, match="readable"):
        report.width = "wide"
    assert report.width == "readable"


@pytest.mark.parametrize("value", [float("nan"), {1, 2}])
async def test_a_spec_that_is_no_json_is_refused_before_anything_is_sent(
    api: AsyncApi, project: str, module_server: Server, value: Any
) -> None:
    report = await api.create_report(project)
    report.spec = {"version": value}
    module_server.requests.clear()
    with pytest.raises(ArgumentError, match="spec"):
        await report.save()
    assert module_server.requests == []


async def test_a_run_set_that_is_added_later_names_the_project_too(api: AsyncApi, project: str) -> None:
    grid = '{"type": "panel-grid", "metadata": {"runSets": [{"id": "a"}]}}'
    view = await stored(api, project, f'{{"blocks": [{grid}]}}')
    report = await api.load_report(view)
    folded = Heading.of("more")
    folded.collapsed_children = [PanelGrid.of([], [RunSet.of()])]
    report.blocks.append(folded)
    await report.save()
    loaded = await api.load_report(view)
    read, added = loaded.run_sets
    assert (read.project, added.project) == (None, {"entityName": "ada", "name": project})
    assert len(loaded.sections) == 2


@pytest.mark.parametrize("flat", [False, True])
async def test_a_run_set_of_the_last_day_lists_new_runs(api: AsyncApi, project: str, flat: bool) -> None:
    run = await api.create_run(project=project)
    run_set = RunSet.of(filters="Metric('CreatedTimestamp') within_last 1 day")
    if flat:
        run_set.filters = {"filterFormat": "filterV2"}
        run_set.filter("Metric('CreatedTimestamp') within_last 1 day and State != 'failed'")
    report = await api.create_report(project, blocks=[PanelGrid.of([], [run_set])])
    for section in (report.panel_grids[0], report.run_sets[0]):
        found = await report.runs(section).load_all()
        assert [one.id for one in found] == [run.id]
