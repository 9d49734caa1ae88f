"""Listings of sweeps.

Schema: schema/sweep.graphql. Operations: queries/sweep.graphql. Docs: docs/api/sweep.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wandkit_generated.gql.operations import LIST_SWEEPS

from wandkit._async.account import AsyncAccount
from wandkit._async.listing import AsyncListing
from wandkit._async.project import missing_project
from wandkit._async.sweep import AsyncSweep
from wandkit._core.pagination import Page, PageRequest
from wandkit.errors import UnsupportedError
from wandkit.filters import Expression, Order, compile_filters, compile_order
from wandkit.paths import NeedsEntity, ProjectPath, SweepPath

__all__ = ["AsyncSweeps"]


class AsyncSweeps(AsyncListing[AsyncSweep]):
    """The sweeps of a project that a filter lets through, in order. Get it from `AsyncProject.sweeps`."""

    def __init__(
        self,
        account: AsyncAccount,
        path: ProjectPath | NeedsEntity[ProjectPath],
        *,
        filters: Mapping[str, Any] | Expression | None = None,
        order: str | Order | None = None,
        per_page: int | None = None,
        start: str | None = None,
    ) -> None:
        super().__init__(per_page=per_page, start=start)
        self._account = account
        self._path = path
        self._filters = compile_filters(filters) if filters is not None else None
        self._order = compile_order(order) if order is not None else None

    async def _fetch_page(self, request: PageRequest) -> Page[AsyncSweep]:
        account = self._account
        path = await account.complete(self._path)
        self._path = path
        await self._check_filters()
        variables: dict[str, Any] = {
            "entity": path.entity,
            "project": path.project,
            "filters": self._filters,
            "order": self._order,
            "first": request.size,
            "after": request.cursor,
        }
        sent = {name: value for name, value in variables.items() if value is not None}
        answer, problems = await account.gql.execute_with_problems(LIST_SWEEPS, sent)
        if answer.project is None:
            raise await missing_project(account.gql, path, "ListSweeps")
        connection = answer.project.sweeps
        nodes = [edge.node for edge in connection.edges] if connection else []
        return Page(
            items=[
                AsyncSweep(account, SweepPath(path.entity, path.project, node.name), node) for node in nodes
            ],
            keys=[node.id for node in nodes],
            cursors=[edge.cursor for edge in connection.edges] if connection else [],
            end_cursor=connection.page_info.end_cursor if connection else None,
            has_next=connection.page_info.has_next_page if connection else False,
            total=answer.project.total_sweeps if self._filters is None else None,
            problems=problems,
        )

    async def _check_filters(self) -> None:
        gql = self._account.gql
        if self._filters is not None and not await gql.supports("SWEEPS_QUERY_FILTERING"):
            raise UnsupportedError(
                "This server cannot filter sweeps.",
                operation="ListSweeps",
                host=gql.settings.base_url,
                next_step="It lacks the feature SWEEPS_QUERY_FILTERING; list them all and pick here.",
            )

    def __repr__(self) -> str:
        """Return whose sweeps these are."""
        path = self._path
        return f"<Sweeps {path}>" if isinstance(path, ProjectPath) else f"<Sweeps {path.rest[0]}>"
