"""Listings of reports, and the methods of `AsyncApi` about reports.

Schema: schema/report.graphql. Operations: queries/report.graphql. Docs: docs/api/report.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import unquote

from wandkit_generated.gql.operations import LIST_REPORTS

from wandkit._async.account import AsyncAccount
from wandkit._async.listing import AsyncListing
from wandkit._async.project import missing_project
from wandkit._async.report import PUBLISHED, AsyncReport
from wandkit._core.pagination import Page, PageRequest
from wandkit.errors import PathError
from wandkit.paths import NeedsEntity, ProjectPath
from wandkit.paths_report import parse_report_path

if TYPE_CHECKING:
    from wandkit.report.block import Block
    from wandkit.report.inline import Inline

__all__ = ["AsyncReportMethods", "AsyncReports"]


class AsyncReports(AsyncListing[AsyncReport]):
    """The reports of one project, the newest first. Get it from `AsyncApi.reports`."""

    def __init__(
        self,
        account: AsyncAccount,
        path: ProjectPath | NeedsEntity[ProjectPath],
        *,
        name: str | None = None,
        per_page: int | None = None,
        start: str | None = None,
    ) -> None:
        super().__init__(per_page=per_page, start=start)
        self._account = account
        self._path = path
        self._name = name

    async def _fetch_page(self, request: PageRequest) -> Page[AsyncReport]:
        account = self._account
        path = await account.complete(self._path)
        self._path = path
        variables = {
            "entity": path.entity,
            "project": path.project,
            "type": PUBLISHED,
            "name": self._name,
            "first": request.size,
            "after": request.cursor,
            "withCount": request.count,
        }
        answer, problems = await account.gql.execute_with_problems(LIST_REPORTS, variables)
        if answer.project is None or answer.project.all_views is None:
            raise await missing_project(account.gql, path, "ListReports")
        connection = answer.project.all_views
        found = [(edge.node, edge.cursor) for edge in connection.edges if edge.node is not None]
        return Page(
            items=[AsyncReport.from_fields(account, node) for node, _ in found],
            keys=[node.id for node, _ in found],
            cursors=[cursor for _, cursor in found],
            end_cursor=connection.page_info.end_cursor,
            has_next=connection.page_info.has_next_page,
            total=connection.total_count,
            problems=problems,
        )

    def __repr__(self) -> str:
        """Return whose reports these are."""
        path = self._path
        return f"<Reports {path}>" if isinstance(path, ProjectPath) else f"<Reports {path.rest[0]}>"


class AsyncReportMethods:
    """The methods of `AsyncApi` about reports."""

    _account: AsyncAccount

    def reports(
        self,
        path: str = "",
        name: str | None = None,
        per_page: int | None = None,
        *,
        start: str | None = None,
    ) -> AsyncReports:
        """Return the published reports of a project as a listing. Nothing is sent before it is used.

        Args:
            path: `ENTITY/PROJECT`, `PROJECT` or a URL; default the settings' project.
            name: The server's short name of one report, percent-encoded or not; None lists all.
            per_page: Reports on a page; left out, the size adapts to how quickly the server answers.
            start: A `cursor` of an earlier listing, to go on from there.

        Raises:
            PathError: `path` names no project, and there is no default one.
        """
        account = self._account
        if not path.strip("/ ") and not account.settings.project:
            raise PathError(
                "No project was given and there is no default one.",
                next_step="Pass ENTITY/PROJECT, or set WANDB_PROJECT.",
            )
        wanted = unquote(name) if name is not None else None
        listing = AsyncReports(
            account, account.project_path(path), name=wanted, per_page=per_page, start=start
        )
        return account.keep(listing)

    async def load_report(self, path: str) -> AsyncReport:
        """Fetch one report.

        Args:
            path: `ENTITY/PROJECT/reports/TITLE--ID`, `TITLE--ID`, the id, or the URL of the report.

        Raises:
            PathError: `path` names no report.
            NotFoundError: No such report, or the API key may not see it.
        """
        report = await AsyncReport.fetch(self._account, parse_report_path(path))
        return report

    async def create_report(
        self,
        project: str,
        entity: str = "",
        title: str = "Untitled Report",
        description: str = "",
        width: str = "readable",
        blocks: Iterable[Block | Inline | str] | None = None,
        *,
        draft: bool = False,
    ) -> AsyncReport:
        """Make a report, save it, and return it; its project is made if there is none.

        Args:
            project: `PROJECT`, `ENTITY/PROJECT` or a URL.
            entity: Where the project names none; default the settings' entity, then the account's own.
            title: What the report is called.
            description: What stands below the title.
            width: `readable`, `fixed` or `fluid`.
            blocks: Blocks of `wandkit.report`; a plain string is a paragraph.
            draft: Save it as a draft, which nobody else sees.

        Raises:
            ArgumentError: No such width, or something that is no block; nothing was sent.
            PermissionDeniedError: The API key may not write to the project.
        """
        from wandkit.report.spec import ReportSpec

        account = self._account
        content = ReportSpec.of(blocks or [], width)
        path = await account.complete(account.project_path(project, entity or None))
        for run_set in content.run_sets:
            if run_set.project is None:
                run_set.project = {"entityName": path.entity, "name": path.project}
        report = AsyncReport(account, path, json.dumps(content.checked()))
        report.display_name = title
        report.description = description
        await report.save(draft=draft)
        return report
