"""Listings of reports.

Schema: schema/report.graphql. Operations: queries/report.graphql. Docs: docs/api/report.md.
"""

from __future__ import annotations

from wandkit_generated.gql.operations import LIST_REPORTS

from wandkit._async.account import AsyncAccount
from wandkit._async.listing import AsyncListing
from wandkit._async.project import missing_project
from wandkit._async.report import PUBLISHED, AsyncReport
from wandkit._core.pagination import Page, PageRequest
from wandkit.paths import NeedsEntity, ProjectPath

__all__ = ["AsyncReports"]


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
