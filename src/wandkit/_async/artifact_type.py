"""Types of artifacts, and listings of types and collections.

Schema: schema/artifact.graphql. Operations: queries/artifact_type.graphql, queries/collection.graphql.
Docs: docs/api/collection.md, docs/api/listing.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from typing_extensions import Self
from wandkit_generated.gql.aio import get_artifact_type
from wandkit_generated.gql.operations import (
    LIST_ARTIFACT_TYPES,
    LIST_PROJECT_COLLECTIONS,
    LIST_TYPE_COLLECTIONS,
)

from wandkit._async.account import AsyncAccount
from wandkit._async.collection import AsyncArtifactCollection
from wandkit._async.listing import AsyncListing
from wandkit._core.operation import UNSET
from wandkit._core.pagination import Page, PageRequest
from wandkit._transport.aio.graphql import AsyncGraphQL
from wandkit.errors import NotFoundError, UnsupportedError
from wandkit.filters import Expression, Order, compile_filters, compile_order
from wandkit.paths import NeedsEntity, ProjectPath

if TYPE_CHECKING:
    from wandkit_generated.gql.models import (
        ArtifactTypeFields,
        ListProjectCollectionsArtifactCollectionConnection,
        ListTypeCollectionsArtifactCollectionConnection,
    )

    _Collections = (
        ListProjectCollectionsArtifactCollectionConnection | ListTypeCollectionsArtifactCollectionConnection
    )

__all__ = ["AsyncArtifactCollections", "AsyncArtifactType", "AsyncArtifactTypes"]

FILTERING = "ARTIFACT_COLLECTIONS_FILTERING_SORTING"

_Where = ProjectPath | NeedsEntity[ProjectPath]


class AsyncArtifactType:
    """One type of a project. Get it from `AsyncApi.artifact_type`; do not build it yourself.

    Attributes:
        entity: The user or team of the project.
        project: The project.
    """

    def __init__(self, account: AsyncAccount, path: ProjectPath, fields: ArtifactTypeFields) -> None:
        self._account = account
        self._fields = fields
        self.entity: str = path.entity
        self.project: str = path.project

    @classmethod
    async def fetch(cls, account: AsyncAccount, path: ProjectPath, name: str) -> Self:
        """Fetch the type `name` of a project.

        Raises:
            NotFoundError: The project has no such type, or the API key may not see it.
        """
        answer = await get_artifact_type(account.gql, entity=path.entity, project=path.project, name=name)
        if answer.project is None:
            raise await _missing_project(account.gql, path, "GetArtifactType")
        if answer.project.artifact_type is None:
            raise NotFoundError(
                f"No artifact type {name!r} in {str(path)!r}.",
                operation="GetArtifactType",
                host=account.settings.base_url,
                next_step="api.artifact_types() lists those that there are.",
            )
        return cls(account, path, answer.project.artifact_type)

    @property
    def id(self) -> str:
        """The server's opaque id of the type."""
        return self._fields.id

    @property
    def name(self) -> str:
        """What it is called."""
        return self._fields.name

    @property
    def type(self) -> str:
        """What it is called, the same as `name`."""
        return self._fields.name

    @property
    def description(self) -> str | None:
        """What it says about itself."""
        return self._fields.description

    @property
    def created_at(self) -> datetime:
        """When it was made."""
        return self._fields.created_at

    async def load(self) -> Self:
        """Fetch it anew and return it.

        Raises:
            NotFoundError: The project has no such type any more.
        """
        fresh = await type(self).fetch(self._account, ProjectPath(self.entity, self.project), self.name)
        self._fields = fresh._fields
        return self

    def collections(
        self,
        per_page: int | None = None,
        *,
        filters: Mapping[str, Any] | Expression | None = None,
        order: str | Order | None = None,
        start: str | None = None,
    ) -> AsyncArtifactCollections:
        """List its collections; nothing is sent before the listing is used.

        Args:
            per_page: Collections on a page; left out, the size adapts.
            filters: Which collections, by `name`, `description`, `created_at`, `updated_at` or `tag`.
            order: What to sort by: `+KEY` or `-KEY`.
            start: A `cursor` of an earlier listing, to go on from there.
        """
        path = ProjectPath(self.entity, self.project)
        return AsyncArtifactCollections(
            self._account, path, self.name, filters=filters, order=order, per_page=per_page, start=start
        )

    async def collection(self, name: str) -> AsyncArtifactCollection:
        """Fetch its collection `name`.

        Raises:
            NotFoundError: It has no such collection.
        """
        found = await AsyncArtifactCollection.fetch(
            self._account.gql, self.entity, self.project, name, self.name
        )
        return found

    def __repr__(self) -> str:
        return f"<ArtifactType {self.name}>"


class AsyncArtifactTypes(AsyncListing[AsyncArtifactType]):
    """The types of artifacts of a project. Get it from `AsyncApi.artifact_types`."""

    def __init__(
        self,
        account: AsyncAccount,
        path: _Where,
        *,
        per_page: int | None = None,
        start: str | None = None,
    ) -> None:
        super().__init__(per_page=per_page, start=start)
        self._account = account
        self._path = path

    async def _fetch_page(self, request: PageRequest) -> Page[AsyncArtifactType]:
        account = self._account
        path = await account.complete(self._path)
        self._path = path
        variables = {
            "entity": path.entity,
            "project": path.project,
            "first": request.size,
            "after": UNSET if request.cursor is None else request.cursor,
        }
        answer, problems = await account.gql.execute_with_problems(LIST_ARTIFACT_TYPES, variables)
        if answer.project is None:
            raise await _missing_project(account.gql, path, "ListArtifactTypes")
        found = answer.project.artifact_types
        listed = [(edge.node, edge.cursor) for edge in found.edges if edge.node is not None]
        return Page(
            items=[AsyncArtifactType(account, path, node) for node, _ in listed],
            keys=[node.id for node, _ in listed],
            cursors=[cursor for _, cursor in listed],
            end_cursor=found.page_info.end_cursor,
            has_next=found.page_info.has_next_page,
            problems=problems,
        )

    def __repr__(self) -> str:
        return f"<ArtifactTypes {self._path if isinstance(self._path, ProjectPath) else self._path.text}>"


class AsyncArtifactCollections(AsyncListing[AsyncArtifactCollection]):
    """Collections of a project, of one type or of all. Get it from `AsyncApi.artifact_collections`."""

    def __init__(
        self,
        account: AsyncAccount,
        path: _Where,
        type: str | None = None,
        *,
        filters: Mapping[str, Any] | Expression | None = None,
        order: str | Order | None = None,
        per_page: int | None = None,
        start: str | None = None,
    ) -> None:
        super().__init__(per_page=per_page, start=start)
        self._account = account
        self._path = path
        self._type = type
        self._filters = None if filters is None else compile_filters(filters, known=frozenset({"tag"}))
        self._order = None if order is None else compile_order(order)

    async def _fetch_page(self, request: PageRequest) -> Page[AsyncArtifactCollection]:
        account = self._account
        gql = account.gql
        await self._require_filtering(gql)
        path = await account.complete(self._path)
        self._path = path
        variables = {
            "entity": path.entity,
            "project": path.project,
            "filters": UNSET if self._filters is None else self._filters,
            "order": UNSET if self._order is None else self._order,
            "first": request.size,
            "after": UNSET if request.cursor is None else request.cursor,
        }
        found: _Collections | None
        if self._type is None:
            answer, problems = await gql.execute_with_problems(LIST_PROJECT_COLLECTIONS, variables)
            known = answer.project is not None
            found = answer.project.artifact_collections if answer.project else None
        else:
            typed, problems = await gql.execute_with_problems(
                LIST_TYPE_COLLECTIONS, {**variables, "type": self._type}
            )
            known = typed.project is not None
            kind = typed.project.artifact_type if typed.project else None
            found = kind.artifact_collections if kind else None
        if not known:
            raise await _missing_project(gql, path, "ListCollections")
        if found is None:
            return Page(items=(), keys=(), cursors=(), end_cursor=None, has_next=False, total=0)
        listed = [(edge.node, edge.cursor) for edge in found.edges if edge.node is not None]
        return Page(
            items=[AsyncArtifactCollection(gql, path.entity, path.project, node) for node, _ in listed],
            keys=[node.id for node, _ in listed],
            cursors=[cursor for _, cursor in listed],
            end_cursor=found.page_info.end_cursor,
            has_next=found.page_info.has_next_page,
            total=found.total_count,
            problems=problems,
        )

    async def _require_filtering(self, gql: AsyncGraphQL) -> None:
        wanted = self._filters not in (None, "{}") or self._order is not None
        if wanted and not await gql.supports(FILTERING):
            raise UnsupportedError(
                "this server neither filters nor sorts collections",
                operation="ListCollections",
                host=gql.settings.base_url,
                next_step="List them all, and choose among them here.",
            )

    def __repr__(self) -> str:
        where = self._path if isinstance(self._path, ProjectPath) else self._path.text
        return f"<ArtifactCollections {where}{f' {self._type}' if self._type else ''}>"


async def _missing_project(gql: AsyncGraphQL, path: ProjectPath, operation: str) -> NotFoundError:
    # Projects list their artifacts by this module.
    from wandkit._async.project import missing_project

    error = await missing_project(gql, path, operation)
    return error
