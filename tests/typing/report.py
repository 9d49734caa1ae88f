"""What type checkers see of reports, their blocks, panels and filters, sync and async. Checked, never run."""

# pyright: reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from typing import Any

from typing_extensions import assert_type

from wandkit import (
    Api,
    AsyncApi,
    AsyncReport,
    AsyncReports,
    AsyncRuns,
    AsyncUser,
    F,
    Report,
    Reports,
    Runs,
    User,
)
from wandkit.report import (
    Block,
    Column,
    Gallery,
    GalleryLink,
    Heading,
    LinePanel,
    List,
    Panel,
    PanelGrid,
    Paragraph,
    ParallelCoordinates,
    ReportSpec,
    RunComparer,
    RunSet,
    Text,
    UnknownBlock,
    filter_to_mongo,
    filter_to_text,
    text_to_filter,
)


def reports(api: Api) -> None:
    """Check making, finding and listing reports."""
    grid = PanelGrid.of([LinePanel.of("loss")], [RunSet.of(filters=F.summary["loss"] < 1)])
    made = api.create_report(
        "p", "e", title="t", width="fluid", blocks=["text", Heading.of("h"), grid], draft=True
    )
    assert_type(made, Report)
    assert_type(Report("p", "e", "t", blocks=["text"], api=api).save(), Report)
    assert_type(Report.from_url("https://example.com/e/p/reports/t--id"), Report)
    assert_type(api.load_report("e/p/reports/t--id"), Report)
    listing = api.reports("e/p", name="n", per_page=10)
    assert_type(listing, Reports)
    assert_type(listing[0], Report)
    assert_type(iter(listing), Iterator[Report])
    assert_type(len(listing), int)
    api.create_report("p", blocks=[3])  # type: ignore[list-item]


def report(api: Api) -> None:
    """Check what a report is and says."""
    found = api.load_report("id")
    assert_type((found.id, found.parent_id, found.name), "tuple[str | None, str | None, str | None]")
    assert_type((found.title, found.description, found.url), "tuple[str | None, str | None, str | None]")
    assert_type((found.entity, found.project, found.type), tuple[str, str, str])
    assert_type((found.created_at, found.updated_at), tuple[datetime | None, datetime | None])
    assert_type(found.user, User | None)
    assert_type(found.blocks, list[Block])
    assert_type(found.content, ReportSpec)
    assert_type(found.spec, dict[str, Any])
    assert_type(found.sections, list[dict[str, Any]])
    assert_type(found.panel_grids, list[PanelGrid])
    assert_type(found.run_sets, list[RunSet])
    assert_type(found.modified, bool)
    assert_type(found.runs(found.panel_grids[0], only_selected=False), Runs)
    assert_type(found.runs(found.sections[0], 10), Runs)
    assert_type(found.to_html(height=10, hidden=True), str)
    found.blocks = ["text", Paragraph.of("a ", Text(text="b", bold=True))]


def changes(api: Api) -> None:
    """Check saving, drafts and deleting."""
    found = api.load_report("id")
    assert_type(found.save(draft=True), Report)
    assert_type(found.save(clone=True), Report)
    assert_type(found.create_draft(), Report)
    assert_type(found.drafts(), list[Report])
    assert_type(found.publish(force=True), Report)
    assert_type(found.delete(), None)


def parts() -> None:
    """Check blocks, panels and run sets."""
    heading = Heading.of("h", level=2)
    assert_type(heading, Heading)
    assert_type((heading.level, heading.text), tuple[int, str])
    assert_type(List.checked({"done": True}), List)
    assert_type(Gallery.of("id", GalleryLink.of("https://example.com")), Gallery)
    grid = PanelGrid.of()
    assert_type(grid.panels, list[Panel])
    panel = LinePanel.of(["loss"], range_y=(0, None), log_x=True, legend="north")
    assert_type(panel.config.smoothing_weight, "int | float | None")
    assert_type(panel.config.legend_fields, "list[str] | None")
    assert_type(RunComparer.of().config.diff_only, "str | bool | None")
    assert_type(ParallelCoordinates.of("loss", Column.of("c::lr")).config.columns, "list[Column] | None")
    run_set = RunSet.of("e", "p", filters="loss < 1", group_by=["config.lr"], order=["+createdAt"])
    assert_type((run_set.query, run_set.filter_text), tuple[str, str])
    assert_type((run_set.group_by, run_set.order), tuple[list[str], list[str]])
    assert_type(run_set.filter_mongo, dict[str, Any])
    assert_type(run_set.arguments(), tuple[dict[str, Any], str])
    assert_type(UnknownBlock(raw=1).to_json(), Any)


def translations() -> None:
    """Check the translations of filters."""
    tree = text_to_filter("loss < 1", config=["lr"])
    assert_type(tree, dict[str, Any])
    assert_type(filter_to_mongo(tree), dict[str, Any])
    assert_type(filter_to_text(tree), str)


async def async_reports(api: AsyncApi) -> None:
    """Check the async side."""
    found = await api.load_report("id")
    assert_type(found, AsyncReport)
    assert_type(await api.create_report("p"), AsyncReport)
    listing = api.reports("e/p")
    assert_type(listing, AsyncReports)
    assert_type(await listing[0], AsyncReport)
    assert_type(aiter(listing), AsyncIterator[AsyncReport])
    assert_type(await listing.count(), int)
    assert_type(found.user, AsyncUser | None)
    assert_type(found.runs(found.sections[0]), AsyncRuns)
    assert_type(await found.save(), AsyncReport)
    assert_type(await found.create_draft(), AsyncReport)
    assert_type(await found.drafts(), list[AsyncReport])
    assert_type(await found.publish(), AsyncReport)
    assert_type(await found.delete(), None)
