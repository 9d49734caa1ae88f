"""The methods of `AsyncApi` about organizations and registries.

Operations: queries/registry.graphql. Docs: docs/api/registry.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from wandkit._async.account import AsyncAccount
from wandkit.filters import Expression, Order

if TYPE_CHECKING:
    from wandkit._async.registry import AsyncRegistry
    from wandkit._async.registry_listing import AsyncRegistries
    from wandkit._core.organization import Organization

__all__ = ["AsyncRegistryMethods"]


class AsyncRegistryMethods:
    """The methods of `AsyncApi` about organizations and registries."""

    _account: AsyncAccount

    async def organization(self, name: str | None = None) -> Organization:
        """Fetch an organization.

        Args:
            name: Its name or that of its entity; default the settings' organization, then the account's.

        Raises:
            NotFoundError: There is none of this name, or the account belongs to none.
            ArgumentError: The account belongs to several, and `name` is None.
        """
        from wandkit._async.organization import find_organization

        found = await find_organization(self._account.gql, name)
        return found

    async def registry(self, name: str, organization: str | None = None) -> AsyncRegistry:
        """Fetch a registry.

        Args:
            name: Its name, with or without `wandb-registry-`.
            organization: Whose it is; default the settings' organization, then the account's.

        Raises:
            NotFoundError: No such registry, or the API key may not see it.
        """
        from wandkit._async.organization import find_organization
        from wandkit._async.registry import AsyncRegistry

        place = await find_organization(self._account.gql, organization)
        found = await AsyncRegistry.fetch(self._account.gql, place, name)
        return found

    def registries(
        self,
        organization: str | None = None,
        filter: Mapping[str, Any] | Expression | None = None,
        order: str | Order | None = None,
        per_page: int | None = None,
        start: str | None = None,
    ) -> AsyncRegistries:
        """Return the registries of an organization as a listing. Nothing is sent before it is used.

        Args:
            organization: Whose; default the settings' organization, then the account's.
            filter: Which registries, by `name`, `description`, `created_at` or `updated_at`.
            order: What to sort by: `+KEY` or `-KEY`.
            per_page: Registries on a page; left out, the size adapts.
            start: A `cursor` of an earlier listing, to go on from there.

        Raises:
            FilterError: `filter` or `order` is malformed.
            UnsupportedError: The server cannot search registries; raised when the listing is used.
        """
        from wandkit._async.registry_listing import AsyncRegistries

        listing = AsyncRegistries(
            self._account.gql, organization, filter, order, per_page=per_page, start=start
        )
        return self._account.keep(listing)

    async def create_registry(
        self,
        name: str,
        visibility: str,
        organization: str | None = None,
        description: str | None = None,
        artifact_types: Iterable[str] | None = None,
    ) -> AsyncRegistry:
        """Create a registry and return it.

        Args:
            name: Its name.
            visibility: `organization`: everybody in it may look; or `restricted`: only members.
            organization: Whose it is to be; default the settings' organization, then the account's.
            description: What it says about itself.
            artifact_types: The types of artifact that may be linked; default all.

        Raises:
            ArgumentError: There is one of this name, or an argument cannot be used.
            UnsupportedError: The server does not make registries.
        """
        from wandkit._async.registry import create_registry

        made = await create_registry(
            self._account.gql, name, visibility, organization, description, artifact_types
        )
        return made
