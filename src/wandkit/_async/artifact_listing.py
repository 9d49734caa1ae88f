"""Listings of versions: those of a collection, and those that a run logged or used.

Operations: queries/artifact.graphql. Docs: docs/api/artifact.md, docs/api/listing.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from wandkit_generated.gql.operations import LIST_ARTIFACTS, LIST_RUN_INPUTS, LIST_RUN_OUTPUTS

from wandkit._async.artifact import AsyncArtifact
from wandkit._async.listing import AsyncListing
from wandkit._async.organization import complete_artifact_path
from wandkit._core.artifact_name import check_tags
from wandkit._core.artifact_state import ArtifactPlace
from wandkit._core.operation import UNSET
from wandkit._core.pagination import Page, PageRequest
from wandkit._transport.aio.graphql import AsyncGraphQL
from wandkit.errors import ArgumentError, NotFoundError
from wandkit.filters import Expression, Order, compile_filters, compile_order
from wandkit.paths import NeedsEntity, RunPath
from wandkit.paths_artifact import ArtifactPath

if TYPE_CHECKING:
    from wandkit_generated.gql.models import (
        ListRunInputsInputArtifactConnection,
        ListRunOutputsArtifactConnection,
    )

__all__ = ["AsyncArtifacts", "AsyncRunArtifacts"]

COMMITTED = {"state": "COMMITTED"}


class AsyncArtifacts(AsyncListing[AsyncArtifact]):
    """The versions of a collection. Get it from `AsyncApi.artifacts`."""

    def __init__(
        self,
        gql: AsyncGraphQL,
        path: ArtifactPath | NeedsEntity[ArtifactPath],
        type: str,
        *,
        filters: Mapping[str, Any] | Expression | None = None,
        order: str | Order | None = None,
        tags: Sequence[str] | str | None = None,
        per_page: int | None = None,
        start: str | None = None,
    ) -> None:
        super().__init__(per_page=per_page, start=start)
        self._gql = gql
        self._path = path
        self._type = type
        self._filters = compile_filters(COMMITTED if filters is None else filters, known=frozenset({"tag"}))
        self._order = None if order is None else compile_order(order)
        self._tags = frozenset(check_tags(tags or ()))

    async def _fetch_page(self, request: PageRequest) -> Page[AsyncArtifact]:
        path = await complete_artifact_path(self._gql, self._path)
        self._path = path
        variables = {
            "entity": path.entity,
            "project": path.project,
            "type": self._type,
            "collection": path.collection,
            "filters": self._filters,
            "order": UNSET if self._order is None else self._order,
            "first": request.size,
            "after": UNSET if request.cursor is None else request.cursor,
        }
        answer, problems = await self._gql.execute_with_problems(LIST_ARTIFACTS, variables)
        kind = answer.project.artifact_type if answer.project else None
        found = kind.artifact_collection if kind else None
        if found is None or found.artifacts is None:
            raise NotFoundError(
                f"No collection {str(path)!r} of type {self._type!r}, or the API key may not see it.",
                operation="ListArtifacts",
                host=self._gql.settings.base_url,
                next_step="Check the name and the type.",
            )
        edges = [
            edge for edge in found.artifacts.edges if self._tags <= {tag.name for tag in edge.node.tags or ()}
        ]
        is_portfolio = found.typename__ == "ArtifactPortfolio"
        items: list[AsyncArtifact] = []
        for edge in edges:
            place = ArtifactPlace.in_listing(edge.node, path, found.id, edge.version, is_portfolio)
            items.append(AsyncArtifact.from_fields(self._gql, edge.node, place))
        return Page(
            items=items,
            keys=[edge.node.id for edge in edges],
            cursors=[edge.cursor for edge in edges],
            end_cursor=found.artifacts.page_info.end_cursor,
            has_next=found.artifacts.page_info.has_next_page,
            total=None if self._tags else found.artifacts.total_count,
            problems=problems,
        )

    def __repr__(self) -> str:
        """Return whose versions these are."""
        path = self._path
        return f"<Artifacts {path if isinstance(path, ArtifactPath) else path.text}>"


class AsyncRunArtifacts(AsyncListing[AsyncArtifact]):
    """The versions that a run logged or used. Get it from `AsyncRun.logged_artifacts` or `used_artifacts`."""

    def __init__(
        self,
        gql: AsyncGraphQL,
        run: RunPath,
        mode: Literal["logged", "used"] = "logged",
        *,
        per_page: int | None = None,
        start: str | None = None,
    ) -> None:
        if mode not in ("logged", "used"):
            raise ArgumentError(f"mode is 'logged' or 'used', not {mode!r}")
        super().__init__(per_page=per_page, start=start)
        self._gql = gql
        self._run = run
        self._mode = mode

    async def _fetch_page(self, request: PageRequest) -> Page[AsyncArtifact]:
        variables = {
            "entity": self._run.entity,
            "project": self._run.project,
            "run": self._run.run,
            "first": request.size,
            "after": UNSET if request.cursor is None else request.cursor,
        }
        found: ListRunOutputsArtifactConnection | ListRunInputsInputArtifactConnection | None
        if self._mode == "logged":
            answer, problems = await self._gql.execute_with_problems(LIST_RUN_OUTPUTS, variables)
            held = answer.project.run if answer.project else None
            found = held.output_artifacts if held else None
        else:
            other, problems = await self._gql.execute_with_problems(LIST_RUN_INPUTS, variables)
            user = other.project.run if other.project else None
            found = user.input_artifacts if user else None
        if found is None:
            raise NotFoundError(
                f"No run {str(self._run)!r}, or the API key may not see it.",
                operation="ListRunOutputs" if self._mode == "logged" else "ListRunInputs",
                host=self._gql.settings.base_url,
                next_step="Check the path of the run: ENTITY/PROJECT/ID.",
            )
        listed = [(edge.node, edge.cursor) for edge in found.edges if edge.node is not None]
        return Page(
            items=[AsyncArtifact.from_fields(self._gql, node) for node, _ in listed],
            keys=[node.id for node, _ in listed],
            cursors=[cursor for _, cursor in listed],
            end_cursor=found.page_info.end_cursor,
            has_next=found.page_info.has_next_page,
            total=found.total_count,
            problems=problems,
        )

    def __repr__(self) -> str:
        """Return whose artifacts these are."""
        return f"<RunArtifacts {self._mode} by {self._run}>"
