"""Reports: pages about runs, read and written as typed blocks.

Schema: schema/report.graphql. Operations: queries/report.graphql. Docs: docs/api/report.md.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from wandkit_generated.gql.aio import create_project, create_report, delete_report, get_report, update_report

from wandkit._async.account import AsyncAccount
from wandkit._async.runs import AsyncRuns
from wandkit._async.user import AsyncUser
from wandkit._core.display import html_table, show
from wandkit._core.jsontext import read_object
from wandkit._core.operation import UNSET
from wandkit._core.report_filter import items_of, object_of, run_set_filter
from wandkit.errors import AnswerError, ArgumentError, NotFoundError
from wandkit.paths import ProjectPath
from wandkit.paths_report import ReportPath, report_url

if TYPE_CHECKING:
    from wandkit_generated.gql.models import ReportFields

    from wandkit._async.api import AsyncApi
    from wandkit.report.block import Block
    from wandkit.report.grid import PanelGrid, RunSet
    from wandkit.report.inline import Inline
    from wandkit.report.spec import ReportSpec

__all__ = ["AsyncReport", "DRAFT", "PUBLISHED"]

PUBLISHED = "runs"
DRAFT = "runs/draft"


class AsyncReport:
    """One report. Get it from `AsyncApi.load_report`, `reports` or `create_report`.

    Attributes:
        entity: The user or team of the project.
        project: The project that the report is in.
        id: The server's id; None before the report is saved.
        type: `runs` for a report, `runs/draft` for a draft.
        name: The server's short name of the report.
        display_name: The title. It can be set; `save` sends it.
        description: What stands below the title. It can be set; `save` sends it.
        user: Who made the report; None where the server does not say.
        created_at: When it was made; None before it is saved.
        updated_at: When it was last changed.
    """

    def __init__(self, account: AsyncAccount, path: ProjectPath, text: str) -> None:
        self._account = account
        self._text = text
        self._spec: dict[str, Any] | None = None
        self._content: ReportSpec | None = None
        self._sent: dict[str, str | None] = {}
        self.entity: str = path.entity
        self.project: str = path.project
        self.id: str | None = None
        self.type: str = PUBLISHED
        self.name: str | None = None
        self.display_name: str | None = None
        self.description: str | None = None
        self.user: AsyncUser | None = None
        self.created_at: datetime | None = None
        self.updated_at: datetime | None = None

    @classmethod
    def from_fields(cls, account: AsyncAccount, fields: ReportFields) -> AsyncReport:
        """Return the report that an answer describes."""
        path = ProjectPath(fields.entity_name, fields.project_name)
        report = cls(account, path, fields.spec or "{}")
        report._take(fields)
        return report

    @classmethod
    async def fetch(cls, account: AsyncAccount, path: ReportPath) -> AsyncReport:
        """Fetch the report that `path` names.

        Raises:
            NotFoundError: No such report, or the API key may not see it.
        """
        answer = await get_report(account.gql, id=path.id)
        if answer.view is None or answer.view.type_ not in (PUBLISHED, DRAFT):
            raise NotFoundError(
                f"No report '{path}', or the API key may not see it.",
                operation="GetReport",
                host=account.settings.base_url,
                next_step="List the reports of a project with api.reports().",
            )
        report = cls.from_fields(account, answer.view)
        return report

    @classmethod
    async def from_url(cls, url: str, *, api: AsyncApi | None = None) -> AsyncReport:
        """Fetch the report at a URL; the same as `api.load_report(url)`, by default on `AsyncApi()`.

        Raises:
            PathError: `url` names no report.
            NotFoundError: No such report, or the API key may not see it.
        """
        from wandkit._async.api import AsyncApi

        report = await (api or AsyncApi()).load_report(url)
        return report

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
        """The blocks, typed; the list and what is in it can be changed. Plain strings become paragraphs."""
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
        grids = [grid for grid in items_of(spec, "blocks") if _is_grid(grid)]
        return [object_of(grid, "metadata") for grid in grids]

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
        section: Mapping[str, Any] | PanelGrid,
        per_page: int | None = None,
        only_selected: bool = True,
    ) -> AsyncRuns:
        """Return the runs that a section shows, as a listing. Nothing is sent before it is used.

        Args:
            section: One of `sections` or of `panel_grids`; its open run set counts.
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

    async def save(self, draft: bool = False, clone: bool = False) -> AsyncReport:
        """Send what was changed, and return the report; a new one is made, with its project if need be.

        Nothing is sent where nothing was changed.

        Args:
            draft: Save it as a draft, which nobody else sees; False publishes it.
            clone: Make a new report and leave the one that was loaded as it is.

        Raises:
            ArgumentError: Something in the content has a value of a wrong type; nothing was sent.
            PermissionDeniedError: The API key may not write to the project.
            NotFoundError: The report is gone.
        """
        kind = DRAFT if draft else PUBLISHED
        self._check()
        values = self._values()
        if self.id is None or clone:
            fields = await self._create(kind, values)
            self._take(fields)
        elif values != self._sent or kind != self.type:
            fields = await self._update(self.id, kind, values)
            self._take(fields)
        return self

    async def delete(self) -> None:
        """Delete the report and its drafts.

        Raises:
            ArgumentError: It was never saved.
            NotFoundError: It is gone.
        """
        if self.id is None:
            raise ArgumentError("The report was never saved; there is nothing to delete.")
        answer = await delete_report(self._account.gql, id=self.id)
        if answer.delete_view is None or not answer.delete_view.success:
            raise self._unanswered("DeleteReport")
        self.id = None

    def to_html(self, height: int = 1024, hidden: bool = False) -> str:
        """Return a small table about the report, as HTML without any request."""
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
        """Show the table about the report in a notebook; False where there is none."""
        return show(self.to_html(height, hidden))

    async def _create(self, kind: str, values: Mapping[str, str | None]) -> ReportFields:
        gql = self._account.gql
        await create_project(gql, entity=self.entity, name=self.project)
        answer = await create_report(
            gql,
            entity=self.entity,
            project=self.project,
            name=secrets.token_hex(6),
            type=kind,
            display_name=values["displayName"],
            description=values["description"],
            spec=values["spec"] or "{}",
        )
        view = answer.upsert_view.view if answer.upsert_view else None
        if view is None:
            raise self._unanswered("CreateReport")
        return view

    async def _update(self, report_id: str, kind: str, values: Mapping[str, str | None]) -> ReportFields:
        changed = {name: value for name, value in values.items() if value != self._sent.get(name)}
        spec, title = changed.get("spec"), changed.get("displayName")
        answer = await update_report(
            self._account.gql,
            id=report_id,
            type=kind if kind != self.type else UNSET,
            display_name=title if title is not None else UNSET,
            description=changed["description"] or "" if "description" in changed else UNSET,
            spec=spec if spec is not None else UNSET,
        )
        view = answer.upsert_view.view if answer.upsert_view else None
        if view is None:
            raise self._unanswered("UpdateReport")
        return view

    def _take(self, fields: ReportFields) -> None:
        """Take over what the server says of the report; the blocks in use stay the same objects."""
        self.id = fields.id
        self.type = fields.type_ or PUBLISHED
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
        """Refuse a content that cannot be written."""
        if self._content is not None:
            self._content.checked()

    def _unanswered(self, operation: str) -> AnswerError:
        return AnswerError(
            f"The server did not say what became of the report {self.display_name!r}.",
            operation=operation,
            host=self._account.settings.base_url,
            next_step="Look for it with api.reports().",
        )

    def _repr_html_(self) -> str:
        return self.to_html()

    def __repr__(self) -> str:
        """Return the project and the title."""
        return f"<Report {self.entity}/{self.project} {self.display_name!r}>"


def _is_grid(block: Any) -> bool:
    return isinstance(block, dict) and cast("dict[str, Any]", block).get("type") == "panel-grid"


def _compact(spec: Mapping[str, Any]) -> str:
    return json.dumps(spec, ensure_ascii=False, separators=(",", ":"))


def _run_set_of(section: Mapping[str, Any] | PanelGrid) -> Mapping[str, Any]:
    """Return the open run set of a section, as JSON types."""
    given: Any = section if isinstance(section, Mapping) else section.metadata.to_json()
    sets: Sequence[Any] = given.get("runSets") or []
    place = given.get("openRunSet") or 0
    if not isinstance(place, int) or not 0 <= place < len(sets):
        raise ArgumentError(
            "The section has no run set.", next_step="Give one of report.sections or report.panel_grids."
        )
    return cast("Mapping[str, Any]", sets[place])
