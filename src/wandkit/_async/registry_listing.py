"""Listings of registries, of the collections in them and of the versions in those; chained as you like.

Operations: queries/registry.graphql. Docs: docs/api/registry.md, docs/api/listing.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from wandkit_generated.gql.aio import get_registry_search
from wandkit_generated.gql.operations import (
    LIST_REGISTRIES,
    LIST_REGISTRY_COLLECTIONS,
    LIST_REGISTRY_VERSIONS,
)

from wandkit._async.artifact import AsyncArtifact
from wandkit._async.collection import AsyncArtifactCollection
from wandkit._async.listing import AsyncListing
from wandkit._async.organization import find_organization
from wandkit._async.registry import AsyncRegistry
from wandkit._core.artifact_state import ArtifactPlace
from wandkit._core.operation import UNSET
from wandkit._core.organization import Organization
from wandkit._core.pagination import Page, PageRequest
from wandkit._core.registry import (
    ADVANCED,
    BASIC,
    COLLECTION_KEYS,
    REGISTRY_KEYS,
    SAME_KEYS,
    VERSION_KEYS,
    keys_in,
    registry_filter,
    sorted_by,
    spelled,
)
from wandkit._transport.aio.graphql import AsyncGraphQL
from wandkit.errors import ArgumentError, NotFoundError, UnsupportedError
from wandkit.filters import Expression, Order, compile_order
from wandkit.paths_artifact import REGISTRY_PREFIX

__all__ = ["AsyncRegistries", "AsyncRegistryCollections", "AsyncRegistryVersions"]

SEARCH = "ARTIFACT_REGISTRY_SEARCH"

_Filter = Mapping[str, Any] | Expression | None

Owner = TypeVar("Owner")
T = TypeVar("T")


async def _chained_page(
    owners: AsyncListing[Owner], within: Callable[[Owner], AsyncListing[T]], request: PageRequest
) -> Page[T]:
    """Fetch a page of the listings within `owners`, one after the other; cursors name both places."""
    number, colon, cursor = (request.cursor or "0:").partition(":")
    if not colon or not number.isdigit():
        raise ArgumentError(f"{request.cursor!r} is no cursor of a listing in the order of another one")
    place = int(number)
    some = await owners[place : place + 2]
    if not some:
        return Page([], [], [], request.cursor, has_next=False)
    listing = within(some[0])
    asked = PageRequest(request.size, cursor or None, count=False)
    page = await listing._fetch_page(asked)  # pyright: ignore[reportPrivateUsage]
    return Page(
        items=page.items,
        keys=page.keys,
        cursors=[None if inner is None else f"{place}:{inner}" for inner in page.cursors],
        end_cursor=f"{place}:{page.end_cursor}" if page.has_next else f"{place + 1}:",
        has_next=page.has_next or len(some) > 1,
        problems=page.problems,
    )


class _RegistryQuery:
    """What listings of an organization share: whose they are, and the page they ask for."""

    def __init__(self, gql: AsyncGraphQL, organization: Organization | str | None) -> None:
        self.gql = gql
        self.organization = organization
        self._advanced: bool | None = None

    async def place(self) -> Organization:
        """Return the organization.

        Raises:
            UnsupportedError: The server cannot search registries.
        """
        if not await self.gql.supports(SEARCH):
            raise UnsupportedError(
                "this server cannot search registries",
                operation="ListRegistries",
                host=self.gql.settings.base_url,
                next_step="Ask for one by its path: api.artifact('ORG/wandb-registry-NAME/COLLECTION').",
            )
        if not isinstance(self.organization, Organization):
            self.organization = await find_organization(self.gql, self.organization)
        return self.organization

    async def is_advanced(self) -> bool:
        """Whether the organization has the search that knows sizes, times of linking, and orders."""
        place = await self.place()
        if self._advanced is None:
            answer = await get_registry_search(self.gql, organization=place.name)
            features = answer.organization.advanced_registry_features if answer.organization else None
            self._advanced = bool(features and features.advanced_search)
        return self._advanced

    def gone(self, operation: str) -> NotFoundError:
        """Return the error for an organization that is not there."""
        return NotFoundError(
            f"No organization {self.organization!r}, or the API key may not see it.",
            operation=operation,
            host=self.gql.settings.base_url,
            next_step="api.organization() fetches that of the account.",
        )


class AsyncRegistries(AsyncListing[AsyncRegistry]):
    """The registries of an organization. Get it from `AsyncApi.registries`."""

    def __init__(
        self,
        gql: AsyncGraphQL,
        organization: str | None = None,
        filter: _Filter = None,
        order: str | Order | None = None,
        *,
        per_page: int | None = None,
        start: str | None = None,
    ) -> None:
        super().__init__(per_page=per_page, start=start)
        self._query = _RegistryQuery(gql, organization)
        found = registry_filter(filter, REGISTRY_KEYS)
        named = {"name": {"$regex": f"^{REGISTRY_PREFIX}"}}
        self._filter = named if found is None else {"$and": [named, json.loads(found)]}
        self._order = None if order is None else compile_order(order)

    def collections(
        self,
        filter: _Filter = None,
        order: str | Order | None = None,
        per_page: int | None = None,
        start: str | None = None,
    ) -> AsyncRegistryCollections:
        """Return the collections in these registries as a listing. Nothing is sent before it is used.

        Where the registries have an order, their collections come in that order, those of one registry after
        those of another.

        Args:
            filter: Which collections, by `name`, `tag`, `description`, `created_at` or `updated_at`.
            order: What to sort by: `+KEY` or `-KEY`.
            per_page: Collections on a page; left out, the size adapts.
            start: A `cursor` of an earlier listing, to go on from there.
        """
        query = self._query
        return AsyncRegistryCollections(
            query.gql,
            query.organization,
            self._filter,
            filter,
            order,
            per_page=per_page,
            start=start,
            owners=None if self._order is None else self,
        )

    def versions(
        self,
        filter: _Filter = None,
        order: str | Order | None = None,
        per_page: int | None = None,
        start: str | None = None,
    ) -> AsyncRegistryVersions:
        """Return the versions in these registries as a listing. Nothing is sent before it is used.

        Where the registries have an order, their versions come in that order, those of one registry after
        those of another.

        Args:
            filter: Which versions, by `tag`, `alias`, `version`, `metadata.KEY`, `created_at` and others.
            order: What to sort by.
            per_page: Versions on a page; left out, the size adapts.
            start: A `cursor` of an earlier listing, to go on from there.
        """
        query = self._query
        return AsyncRegistryVersions(
            query.gql,
            query.organization,
            self._filter,
            None,
            filter,
            order,
            per_page=per_page,
            start=start,
            owners=None if self._order is None else self,
        )

    async def _fetch_page(self, request: PageRequest) -> Page[AsyncRegistry]:
        query = self._query
        place = await query.place()
        variables = {
            "organization": place.name,
            "filters": json.dumps(self._filter),
            "order": UNSET if self._order is None else self._order,
            "first": request.size,
            "after": UNSET if request.cursor is None else request.cursor,
        }
        answer, problems = await query.gql.execute_with_problems(LIST_REGISTRIES, variables)
        owner = answer.organization.org_entity if answer.organization else None
        if owner is None or owner.projects is None:
            raise query.gone("ListRegistries")
        found = owner.projects
        listed = [(edge.node, edge.cursor) for edge in found.edges if edge.node is not None]
        return Page(
            items=[AsyncRegistry(query.gql, place, node) for node, _ in listed],
            keys=[node.id for node, _ in listed],
            cursors=[cursor for _, cursor in listed],
            end_cursor=found.page_info.end_cursor,
            has_next=found.page_info.has_next_page,
            problems=problems,
        )

    def __repr__(self) -> str:
        return "<Registries>"


class AsyncRegistryCollections(AsyncListing[AsyncArtifactCollection]):
    """Collections in registries. Get it from `AsyncRegistry.collections` or `AsyncRegistries.collections`."""

    def __init__(
        self,
        gql: AsyncGraphQL,
        organization: Organization | str | None,
        registries: Mapping[str, Any],
        filter: _Filter = None,
        order: str | Order | None = None,
        *,
        per_page: int | None = None,
        start: str | None = None,
        owners: AsyncRegistries | None = None,
    ) -> None:
        super().__init__(per_page=per_page, start=start)
        self._query = _RegistryQuery(gql, organization)
        self._registries = registries
        self._given = (filter, order)
        self._filter = registry_filter(filter, COLLECTION_KEYS)
        self._order = None if order is None else compile_order(order)
        self._owners = owners

    def versions(
        self,
        filter: _Filter = None,
        order: str | Order | None = None,
        per_page: int | None = None,
        start: str | None = None,
    ) -> AsyncRegistryVersions:
        """Return the versions in these collections as a listing. Nothing is sent before it is used.

        Where the collections have an order, their versions come in that order, those of one collection after
        those of another.

        Args:
            filter: Which versions, by `tag`, `alias`, `version`, `metadata.KEY`, `created_at` and others.
            order: What to sort by.
            per_page: Versions on a page; left out, the size adapts.
            start: A `cursor` of an earlier listing, to go on from there.
        """
        query = self._query
        ordered = self._order is not None or self._owners is not None
        return AsyncRegistryVersions(
            query.gql,
            query.organization,
            self._registries,
            self._filter,
            filter,
            order,
            per_page=per_page,
            start=start,
            owners=self if ordered else None,
        )

    def _within(self, registry: AsyncRegistry) -> AsyncRegistryCollections:
        filter, order = self._given
        return registry.collections(filter, order)

    async def _fetch_page(self, request: PageRequest) -> Page[AsyncArtifactCollection]:
        if self._owners is not None:
            page = await _chained_page(self._owners, self._within, request)
            return page
        query = self._query
        place = await query.place()
        variables = {
            "organization": place.name,
            "registryFilters": json.dumps(self._registries),
            "filters": UNSET if self._filter is None else self._filter,
            "order": UNSET if self._order is None else self._order,
            "first": request.size,
            "after": UNSET if request.cursor is None else request.cursor,
        }
        answer, problems = await query.gql.execute_with_problems(LIST_REGISTRY_COLLECTIONS, variables)
        owner = answer.organization.org_entity if answer.organization else None
        if owner is None or owner.artifact_collections is None:
            raise query.gone("ListRegistryCollections")
        found = owner.artifact_collections
        listed = [(edge.node, edge.cursor) for edge in found.edges if edge.node is not None]
        return Page(
            items=[AsyncArtifactCollection(query.gql, place.org_entity.name, "", node) for node, _ in listed],
            keys=[node.id for node, _ in listed],
            cursors=[cursor for _, cursor in listed],
            end_cursor=found.page_info.end_cursor,
            has_next=found.page_info.has_next_page,
            total=found.total_count,
            problems=problems,
        )

    def __repr__(self) -> str:
        return "<RegistryCollections>"


class AsyncRegistryVersions(AsyncListing[AsyncArtifact]):
    """Versions in registries, as links. Get it from `AsyncRegistry.versions` or a listing of registries."""

    def __init__(
        self,
        gql: AsyncGraphQL,
        organization: Organization | str | None,
        registries: Mapping[str, Any],
        collections: str | None = None,
        filter: _Filter = None,
        order: str | Order | None = None,
        *,
        per_page: int | None = None,
        start: str | None = None,
        owners: AsyncRegistries | AsyncRegistryCollections | None = None,
    ) -> None:
        super().__init__(per_page=per_page, start=start)
        self._query = _RegistryQuery(gql, organization)
        self._registries = registries
        self._collections = collections
        self._given = (filter, order)
        self._filter = registry_filter(filter, VERSION_KEYS)
        self._order = None if order is None else compile_order(order)
        self._owners = owners

    def _within(self, owner: AsyncRegistry | AsyncArtifactCollection) -> AsyncRegistryVersions:
        filter, order = self._given
        if isinstance(owner, AsyncRegistry):
            return owner.versions(filter, order)
        query, only = self._query, json.dumps({"id": owner.id})
        return AsyncRegistryVersions(query.gql, query.organization, self._registries, only, filter, order)

    async def _fetch_page(self, request: PageRequest) -> Page[AsyncArtifact]:
        if isinstance(self._owners, AsyncRegistries):
            page = await _chained_page(self._owners, self._within, request)
            return page
        if self._owners is not None:
            page = await _chained_page(self._owners, self._within, request)
            return page
        query = self._query
        place = await query.place()
        variables = {
            "organization": place.name,
            "withOrganization": False,
            **await self._wanted(),
            "first": request.size,
            "after": UNSET if request.cursor is None else request.cursor,
        }
        answer, problems = await query.gql.execute_with_problems(LIST_REGISTRY_VERSIONS, variables)
        owner = answer.organization.org_entity if answer.organization else None
        if owner is None or owner.artifact_memberships is None:
            raise query.gone("ListRegistryVersions")
        found = owner.artifact_memberships
        items: list[AsyncArtifact] = []
        keys: list[str] = []
        cursors: list[str] = []
        for edge in found.edges:
            if edge.node is None or edge.node.artifact is None:
                continue
            member = ArtifactPlace.of_membership(edge.node, place.org_entity.name, "")
            where = replace(member, organization=place.name)
            items.append(AsyncArtifact.from_fields(query.gql, edge.node.artifact, where))
            keys.append(edge.node.id)
            cursors.append(edge.cursor)
        return Page(
            items=items,
            keys=keys,
            cursors=cursors,
            end_cursor=found.page_info.end_cursor,
            has_next=found.page_info.has_next_page,
            problems=problems,
        )

    async def _wanted(self) -> dict[str, Any]:
        """Return filters and order as the search of this organization spells them.

        Raises:
            FilterError: It does not know a key.
            UnsupportedError: It does not sort versions.
        """
        texts = {"collectionFilters": self._collections, "filters": self._filter}
        documents = {name: json.loads(text) for name, text in texts.items() if text is not None}
        documents["registryFilters"] = dict(self._registries)
        search = BASIC
        asked = {key for document in documents.values() for key in keys_in(document)}
        if self._order is not None or not asked <= SAME_KEYS:
            search = ADVANCED if await self._query.is_advanced() else BASIC
        if self._order is not None and not search.orders:
            raise UnsupportedError(
                "this server does not sort the versions in registries",
                operation="ListRegistryVersions",
                host=self._query.gql.settings.base_url,
                next_step="Load them all, and sort them here.",
            )
        keys = {
            "registryFilters": search.registries,
            "collectionFilters": search.collections,
            "filters": search.versions,
        }
        found: dict[str, Any] = {
            name: json.dumps(spelled(document, keys[name])) for name, document in documents.items()
        }
        return found if self._order is None else {**found, "order": sorted_by(self._order, search.orders)}

    def __repr__(self) -> str:
        return "<RegistryVersions>"
