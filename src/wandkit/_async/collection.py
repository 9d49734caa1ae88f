"""Collections: the versions of one artifact, or a portfolio of links to versions of others.

Schema: schema/artifact.graphql. Operations: queries/collection.graphql. Docs: docs/api/collection.md.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from typing_extensions import Self
from wandkit_generated.gql.aio import (
    delete_portfolio,
    delete_sequence,
    get_collection,
    get_collection_by_name,
    list_collection_aliases,
    move_sequence,
    update_portfolio,
    update_sequence,
)
from wandkit_generated.gql.operations import ADD_COLLECTION_TAGS, DELETE_COLLECTION_TAGS

from wandkit._core.artifact_name import check_tags, check_type
from wandkit._core.awaitable import awaitable_property
from wandkit._core.operation import UNSET
from wandkit._core.pagination import LARGEST_PAGE, next_cursor
from wandkit._transport.aio.graphql import AsyncGraphQL
from wandkit.errors import ArgumentError, NotFoundError
from wandkit.paths_artifact import ArtifactPath

if TYPE_CHECKING:
    from wandkit_generated.gql.models import CollectionFields

    from wandkit._async.artifact_listing import AsyncArtifacts
    from wandkit.automation.scope import ArtifactCollectionScope

__all__ = ["AsyncArtifactCollection"]


class AsyncArtifactCollection:
    """One collection. Get it from `AsyncApi.artifact_collection` or a listing; do not build it yourself.

    Edits stay here until `save` sends them.
    """

    def __init__(self, gql: AsyncGraphQL, entity: str, project: str, fields: CollectionFields) -> None:
        self._gql = gql
        self._home = (entity, project)
        self._take(fields)

    def _take(self, fields: CollectionFields) -> None:
        self._fields = fields
        self._name = fields.name
        self._type = fields.default_artifact_type.name
        self._description = fields.description
        self._tags = [edge.node.name for edge in fields.tags.edges]

    @classmethod
    async def fetch(
        cls, gql: AsyncGraphQL, entity: str, project: str, name: str, type: str | None = None
    ) -> Self:
        """Fetch a collection, which must be of `type` where one is given.

        Raises:
            NotFoundError: No such collection, or the API key may not see it.
        """
        found: CollectionFields | None
        if type is None:
            answer = await get_collection_by_name(gql, entity=entity, project=project, name=name)
            found = answer.project.artifact_collection if answer.project else None
        else:
            typed = await get_collection(gql, entity=entity, project=project, type=type, name=name)
            kind = typed.project.artifact_type if typed.project else None
            found = kind.artifact_collection if kind else None
        if found is None:
            of_type = f" of type {type!r}" if type else ""
            raise NotFoundError(
                f"No collection {f'{entity}/{project}/{name}'!r}{of_type}, or the API key may not see it.",
                operation="GetCollection",
                host=gql.settings.base_url,
                next_step="Check the name and the type.",
            )
        return cls(gql, entity, project, found)

    @property
    def id(self) -> str:
        """The server's opaque id of the collection."""
        return self._fields.id

    @property
    def automation_scope(self) -> ArtifactCollectionScope:
        """The collection as the scope of automations."""
        from wandkit.automation.scope import ArtifactCollectionScope

        kind: Literal["ArtifactSequence", "ArtifactPortfolio"]
        kind = "ArtifactSequence" if self.is_sequence() else "ArtifactPortfolio"
        return ArtifactCollectionScope(id=self.id, name=self._fields.name, kind=kind, entity=self.entity)

    @property
    def entity(self) -> str:
        """The user or team of its project."""
        return self._fields.project.entity_name if self._fields.project else self._home[0]

    @property
    def project(self) -> str:
        """The project or registry that it is in."""
        return self._fields.project.name if self._fields.project else self._home[1]

    @property
    def project_id(self) -> str | None:
        """The server's opaque id of its project."""
        return self._fields.project.id if self._fields.project else None

    @property
    def project_internal_id(self) -> str | None:
        """The server's number of its project, as text; None where the server does not tell."""
        return self._fields.project.internal_id if self._fields.project else None

    @property
    def name(self) -> str:
        """Its name; settable, `save` renames it."""
        return self._name

    @name.setter
    def name(self, value: str) -> None:
        if not value or "/" in value or ":" in value:
            raise ArgumentError(f"{value!r} cannot name a collection")
        self._name = value

    @property
    def type(self) -> str:
        """The type of its artifacts; settable for what is no portfolio, `save` moves it."""
        return self._type

    @type.setter
    def type(self, value: str) -> None:
        if not self.is_sequence():
            raise ArgumentError("the type of a portfolio cannot change")
        self._type = check_type(value, self._name)

    @property
    def description(self) -> str | None:
        """What it says about itself; settable, `save` sends it."""
        return self._description

    @description.setter
    def description(self, value: str | None) -> None:
        self._description = value

    @property
    def tags(self) -> list[str]:
        """Its tags, to edit in place; settable, `save` sends the difference."""
        return self._tags

    @tags.setter
    def tags(self, value: Iterable[str]) -> None:
        self._tags = check_tags(value)

    @property
    def created_at(self) -> datetime:
        """When it was made."""
        return self._fields.created_at

    @property
    def updated_at(self) -> datetime | None:
        """When it was last changed."""
        return self._fields.updated_at

    @awaitable_property
    async def aliases(self) -> list[str]:
        """The aliases of all its versions, fetched each time."""
        found: list[str] = []
        after: str | None = None
        seen: set[str] = set()
        while True:
            answer = await list_collection_aliases(self._gql, id=self.id, first=LARGEST_PAGE, after=after)
            if answer.artifact_collection is None:
                raise NotFoundError(
                    f"The collection {f'{self.entity}/{self.project}/{self.name}'!r} is gone.",
                    operation="ListCollectionAliases",
                    host=self._gql.settings.base_url,
                    next_step="Fetch it anew: api.artifact_collection(TYPE, NAME).",
                )
            held = answer.artifact_collection.aliases
            found += [edge.node.alias for edge in held.edges if edge.node]
            page = held.page_info
            after = next_cursor(page.has_next_page, page.end_cursor, seen, len(found))
            if after is None:
                return list(dict.fromkeys(found))

    def is_sequence(self) -> bool:
        """Whether artifacts are logged to it; False of a portfolio, which holds links."""
        return self._fields.typename__ != "ArtifactPortfolio"

    def artifacts(self, per_page: int | None = None, start: str | None = None) -> AsyncArtifacts:
        """List its versions, newest first as the server orders them; nothing is sent before it is used.

        Args:
            per_page: Versions on a page; left out, the size adapts.
            start: A `cursor` of an earlier listing, to go on from there.
        """
        from wandkit._async.artifact_listing import AsyncArtifacts

        path = ArtifactPath(self.entity, self.project, self._fields.name)
        return AsyncArtifacts(
            self._gql, path, self._fields.default_artifact_type.name, per_page=per_page, start=start
        )

    async def load(self) -> Self:
        """Fetch it anew, dropping what was edited, and return it.

        Raises:
            NotFoundError: The collection is gone, or the API key may not see it.
        """
        fresh = await type(self).fetch(self._gql, self.entity, self.project, self._fields.name)
        self._take(fresh._fields)
        return self

    async def save(self) -> None:
        """Send what was edited: name, description, type, and which tags came and went.

        Raises:
            ArgumentError: A tag cannot be used.
            ConflictError: The name is taken.
        """
        held = self._fields
        wanted = check_tags(self._tags)
        name = self._name if self._name != held.name else UNSET
        text = (self._description or "") if self._description != held.description else UNSET
        kind, description = self._type, self._description
        if name is not UNSET or text is not UNSET:
            if self.is_sequence():
                await update_sequence(self._gql, id=held.id, name=name, description=text)
            else:
                await update_portfolio(self._gql, id=held.id, name=name, description=text)
        if kind != held.default_artifact_type.name:
            await move_sequence(self._gql, id=held.id, type=kind)
        before = [edge.node.name for edge in held.tags.edges]
        for some, others, operation in (
            (wanted, before, ADD_COLLECTION_TAGS),
            (before, wanted, DELETE_COLLECTION_TAGS),
        ):
            changed = [{"tagName": tag} for tag in some if tag not in others]
            if changed:
                place = {"entity": self.entity, "project": self.project, "collection": self._name}
                await self._gql.execute(operation, {**place, "tags": changed})
        self._description = description
        fresh = await type(self).fetch(self._gql, self.entity, self.project, self._name)
        self._take(fresh._fields)

    async def change_type(self, new_type: str) -> None:
        """Move it to another type at once. Deprecated: set `type`, then `save`.

        Raises:
            ArgumentError: It is a portfolio, or the type is reserved.
        """
        warnings.warn(
            "ArtifactCollection.change_type is deprecated; set type, then save.",
            DeprecationWarning,
            stacklevel=2,
        )
        self.type = new_type
        await self.save()

    async def delete(self) -> None:
        """Delete it with all its versions; of a portfolio, the links only.

        Raises:
            PermissionDeniedError: The API key may not do this.
        """
        if self.is_sequence():
            await delete_sequence(self._gql, id=self.id)
        else:
            await delete_portfolio(self._gql, id=self.id)

    def __repr__(self) -> str:
        """Return the path and the type."""
        return f"<ArtifactCollection {self.entity}/{self.project}/{self._name} ({self._type})>"
