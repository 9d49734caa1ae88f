"""The account: one client, who it acts for, and the defaults that complete a path.

All nouns of one `AsyncApi` share its account.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from weakref import WeakSet

from wandkit_generated.gql.aio import get_default_entity

from wandkit._async.listing import AsyncListing
from wandkit._transport.aio.graphql import AsyncGraphQL
from wandkit.errors import ArgumentError
from wandkit.paths import (
    NeedsEntity,
    ObjectPath,
    ProjectPath,
    RunPath,
    SweepPath,
    parse_project_path,
    parse_run_path,
    parse_sweep_path,
)
from wandkit.settings import Settings

__all__ = ["AsyncAccount"]

P = TypeVar("P", bound=ObjectPath)
L = TypeVar("L", bound=AsyncListing[Any])


class AsyncAccount:
    """What the objects of one `AsyncApi` share.

    Attributes:
        gql: The client that sends.
        settings: Where it sends, and the defaults of paths.
    """

    def __init__(self, gql: AsyncGraphQL) -> None:
        self.gql = gql
        self.settings: Settings = gql.settings
        self._default_entity: str | None = None
        self._listings: WeakSet[AsyncListing[Any]] = WeakSet()

    async def default_entity(self) -> str | None:
        """Fetch the entity that the server takes as the account's default; asked once."""
        if self._default_entity is None:
            answer = await get_default_entity(self.gql)
            self._default_entity = answer.viewer.entity if answer.viewer else None
        return self._default_entity

    async def require_entity(self, entity: str | None = None) -> str:
        """Return `entity`, or the default one.

        Raises:
            ArgumentError: There is neither.
        """
        found = entity or self.settings.entity
        if not found:
            found = await self.default_entity()
        if not found:
            raise ArgumentError(
                "No entity was given and this account has no default one.",
                next_step="Pass entity=…, or set WANDB_ENTITY.",
            )
        return found

    async def complete(self, path: P | NeedsEntity[P]) -> P:
        """Return `path` with its entity, which is asked from the server where the text names none."""
        if not isinstance(path, NeedsEntity):
            return path
        entity = await self.default_entity()
        return path.complete(entity)

    def project_path(
        self, text: str | None, entity: str | None = None
    ) -> ProjectPath | NeedsEntity[ProjectPath]:
        """Return the project that `text` names, by the defaults of this account; nothing is sent."""
        settings = self.settings
        return parse_project_path(
            text, entity=entity or settings.entity, project=settings.project, app_url=settings.app_url
        )

    def run_path(self, text: str | None) -> RunPath | NeedsEntity[RunPath]:
        """Return the run that `text` names, by the defaults of this account; nothing is sent."""
        settings = self.settings
        return parse_run_path(
            text,
            entity=settings.entity,
            project=settings.project,
            run=settings.run,
            app_url=settings.app_url,
        )

    def sweep_path(self, text: str | None) -> SweepPath | NeedsEntity[SweepPath]:
        """Return the sweep that `text` names, by the defaults of this account; nothing is sent."""
        settings = self.settings
        return parse_sweep_path(
            text, entity=settings.entity, project=settings.project, app_url=settings.app_url
        )

    def keep(self, listing: L) -> L:
        """Remember `listing`, so that `flush` reaches it while somebody uses it."""
        self._listings.add(listing)
        return listing

    def flush(self) -> None:
        """Make every listing in use forget its pages."""
        for listing in list(self._listings):
            listing.forget()

    def __reduce__(self) -> tuple[Callable[..., AsyncAccount], tuple[AsyncGraphQL]]:
        """Cross to another process with the client alone."""
        return type(self), (self.gql,)
