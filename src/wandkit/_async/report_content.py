"""What a report says: its title, its blocks, the runs that it shows. Nothing here sends.

Schema: schema/report.graphql. Operations: queries/report.graphql. Docs: docs/api/report.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from wandkit._async.account import AsyncAccount
from wandkit._async.runs import AsyncRuns
from wandkit._async.user import AsyncUser
from wandkit._core.display import html_table, show
from wandkit._core.jsontext import read_object
from wandkit._core.report_filter import items_of, object_of, run_set_filter
from wandkit.errors import ArgumentError, ArgumentTypeError
from wandkit.paths import ProjectPath
from wandkit.paths_report import report_url

if TYPE_CHECKING:
    from wandkit_generated.gql.models import ReportFields

    from wandkit.report.block import Block
    from wandkit.report.grid import PanelGrid, RunSet
    from wandkit.report.inline import Inline
    from wandkit.report.spec import ReportSpec

__all__ = ["AsyncReportContent", "DRAFT", "PUBLISHED"]

PUBLISHED = "runs"
DRAFT = "runs/draft"


class AsyncReportContent:
    """What a report says. `AsyncReport` is the whole object."""

    def __init__(self, account: AsyncAccount, entity: str, project: str, text: str) -> None:
        self._account = account
        self._text = text
        self._spec: dict[str, Any] | None = None
        self._content: ReportSpec | None = None
        self._sent: dict[str, str | None] = {}
        self._deleted: bool = False
        self.entity: str = entity
        self.project: str = project
        self.id: str | None = None
        self.type: str = PUBLISHED
        self.parent_id: str | None = None
        self.name: str | None = None
        self.display_name: str | None = None
        self.description: str | None = None
        self.user: AsyncUser | None = None
        self.created_at: datetime | None = None
        self.updated_at: datetime | None = None

    @property
    def title(self) -> str | None:
        """The title; the same as `display_name`."""
        return self.display_name

    @title.setter
    def title(self, title: str) -> None:
        self.display_name = title

    @property
    def content(self) -> ReportSpec:
        """The typed spec: blocks, width, authors. What is changed in it, `save` sends.

        Raises:
            AnswerError: The server's spec is no spec of a report.
        """
        from wandkit.report.spec import read_spec

        if self._content is None:
            self._content = read_spec(self._read())
        return self._content

    @property
    def spec(self) -> dict[str, Any]:
        """The spec as JSON types, with all changes. Setting it replaces the whole content."""
        if self._content is not None:
            return cast("dict[str, Any]", self._content.to_json())
        return self._read()

    @spec.setter
    def spec(self, spec: Mapping[str, Any]) -> None:
        self._spec = dict(spec)
        self._content = None

    @property
    def blocks(self) -> list[Block]:
        """The blocks, typed; the list and what is in it can be changed. Plain strings become paragraphs.

        The empty paragraphs that editors put at both ends, and do not show, are not among them.
        """
        return self.content.blocks

    @blocks.setter
    def blocks(self, blocks: Iterable[Block | Inline | str]) -> None:
        from wandkit.report.spec import blocks_of

        self.content.blocks = blocks_of(blocks)

    @property
    def width(self) -> str | None:
        """How wide the page is: `readable`, `fixed` or `fluid`."""
        return self.content.width

    @width.setter
    def width(self, width: str) -> None:
        from wandkit.report.spec import check_width

        check_width(width)
        self.content.width = width

    @property
    def panel_grids(self) -> list[PanelGrid]:
        """The panel grids among the blocks."""
        return self.content.panel_grids

    @property
    def run_sets(self) -> list[RunSet]:
        """The run sets of all panel grids."""
        return self.content.run_sets

    @property
    def runsets(self) -> list[RunSet]:
        """The run sets of all panel grids, the same as `run_sets`."""
        return self.content.run_sets

    @property
    def sections(self) -> list[dict[str, Any]]:
        """The parts that show runs, as JSON types: each has its run sets; `runs` takes one of them.

        They are the panel groups of reports of the first generation, the panel grids of newer ones.
        """
        spec = self.spec
        if "panelGroups" in spec:
            return items_of(spec, "panelGroups")
        return [object_of(grid, "metadata") for grid in _grids_of(items_of(spec, "blocks"))]

    @property
    def modified(self) -> bool:
        """Whether something was changed that `save` has not sent yet."""
        return self.id is None or self._values() != self._sent

    @property
    def url(self) -> str | None:
        """The report's page in the web app; None before it is saved."""
        if self.id is None:
            return None
        app_url = self._account.settings.app_url
        return report_url(app_url, self.entity, self.project, self.display_name or "", self.id)

    def runs(
        self,
        section: Mapping[str, Any] | PanelGrid | RunSet,
        per_page: int | None = None,
        only_selected: bool = True,
    ) -> AsyncRuns:
        """Return the runs that a section shows, as a listing. Nothing is sent before it is used.

        Args:
            section: One of `sections` or of `panel_grids`, whose open run set counts; or one of `run_sets`.
            per_page: Runs on a page; left out, the size adapts.
            only_selected: Leave out the runs that are switched off in the report.

        Raises:
            ArgumentError: The section has no run set.
            FilterError: The run set holds a filter that is none.
        """
        found = _run_set_of(section)
        mongo, order = run_set_filter(found, only_selected=only_selected)
        place: Mapping[str, Any] = found.get("project") or {}
        path = ProjectPath(place.get("entityName") or self.entity, place.get("name") or self.project)
        listing = AsyncRuns(self._account, path, filters=mongo, order=order, per_page=per_page)
        return self._account.keep(listing)

    def to_html(self, height: int = 1024, hidden: bool = False) -> str:
        """Return a small table about the report, as HTML without any request.

        Args:
            height: Most pixels that the table takes.
            hidden: True folds it away until somebody opens it.
        """
        rows: dict[str, object] = {
            "report": self.display_name,
            "project": f"{self.entity}/{self.project}",
            "description": self.description,
            "author": self.user.username if self.user else None,
            "updated": self.updated_at,
            "page": self.url,
        }
        return html_table(
            {name: value for name, value in rows.items() if value}, hidden=hidden, height=height
        )

    def display(self, height: int = 1024, hidden: bool = False) -> bool:
        """Show the table about the report in a notebook; False where there is none.

        Args:
            height: Most pixels that the table takes.
            hidden: True folds it away until somebody opens it.
        """
        return show(self.to_html(height, hidden))

    def _take(self, fields: ReportFields) -> None:
        """Take over what the server says of the report; the blocks in use stay the same objects."""
        self.id = fields.id
        self._deleted = False
        self.type = fields.type_ or PUBLISHED
        self.parent_id = fields.parent_id
        self.name = fields.name
        self.display_name = fields.display_name
        self.description = fields.description
        self.user = AsyncUser.from_fields(self._account.gql, fields.user) if fields.user else None
        self.created_at = fields.created_at
        self.updated_at = fields.updated_at
        self._text = fields.spec or self._text
        self._sent = self._values()

    def _read(self) -> dict[str, Any]:
        if self._spec is None:
            self._spec = read_object(self._text, "a report's spec")
        return self._spec

    def _values(self) -> dict[str, str | None]:
        """Return what can be sent; a spec that nobody changed is the very text of the server."""
        text = self._text
        if self._spec is not None or self._content is not None:
            now = _compact(self.spec)
            text = text if now == _compact(read_object(text, "a report's spec")) else now
        return {"displayName": self.display_name, "description": self.description, "spec": text}

    def _check(self) -> None:
        """Complete the content; refuse one that cannot be written."""
        self._check_texts()
        if self._content is not None:
            self._content.complete(self.entity, self.project)
            self._content.checked()
            return
        try:
            json.dumps(self._spec, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise ArgumentError(f"The report's spec cannot be written: {error}.") from error

    def _check_texts(self) -> None:
        for name, value in (("title", self.display_name), ("description", self.description)):
            if value is not None and not isinstance(value, str):  # pyright: ignore[reportUnnecessaryIsInstance]
                raise ArgumentTypeError(f"The {name} of a report is a text, not {type(value).__name__}.")
        if self.display_name is None and self._sent.get("displayName") is not None:
            raise ArgumentTypeError("The title of a report can be changed, not taken away; set it to a text.")

    def _repr_html_(self) -> str:
        return self.to_html()

    def __repr__(self) -> str:
        """Return the project and the title."""
        return f"<Report {self.entity}/{self.project} {self.display_name!r}>"


def _grids_of(blocks: Iterable[Any]) -> Iterator[dict[str, Any]]:
    """Yield the panel grids among blocks, those under folded headings too."""
    for block in blocks:
        if isinstance(block, dict):
            found = cast("dict[str, Any]", block)
            if found.get("type") == "panel-grid":
                yield found
            yield from _grids_of(items_of(found, "collapsedChildren"))


def _compact(spec: Mapping[str, Any]) -> str:
    return json.dumps(spec, ensure_ascii=False, separators=(",", ":"))


def _run_set_of(section: Mapping[str, Any] | PanelGrid | RunSet) -> Mapping[str, Any]:
    """Return a run set, or the open one of a section, as JSON types."""
    from wandkit.report.grid import PanelGrid, RunSet

    if isinstance(section, RunSet):
        return cast("Mapping[str, Any]", section.to_json())
    given: object = section.metadata.to_json() if isinstance(section, PanelGrid) else section
    shown = cast("dict[str, Any]", given) if isinstance(given, Mapping) else dict[str, Any]()
    sets = items_of(shown, "runSets")
    place = shown.get("openRunSet") or 0
    if not isinstance(place, int) or not 0 <= place < len(sets):
        raise ArgumentError(
            "The section has no run set.", next_step="Give one of report.sections, panel_grids or run_sets."
        )
    return cast("Mapping[str, Any]", sets[place])
