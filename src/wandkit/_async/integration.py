"""Integrations: the Slack channels and webhooks of an entity, as listings.

Schema: schema/integration.graphql. Operations: queries/integration.graphql. Docs: docs/api/integration.md.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from wandkit_generated.gql.operations import LIST_INTEGRATIONS

from wandkit._async.account import AsyncAccount
from wandkit._async.automation import missing_entity
from wandkit._async.listing import AsyncListing
from wandkit._core.pagination import Page, PageRequest
from wandkit.automation.integration import (
    Integration,
    SlackIntegration,
    WebhookIntegration,
    read_integration,
)

__all__ = ["AsyncIntegrations", "AsyncSlackIntegrations", "AsyncWebhookIntegrations"]

T = TypeVar("T")


class _IntegrationListing(AsyncListing[T]):
    """The integrations of an entity that are of one kind, or all of them."""

    def __init__(
        self,
        account: AsyncAccount,
        entity: str | None = None,
        *,
        per_page: int | None = None,
        start: str | None = None,
    ) -> None:
        super().__init__(per_page=per_page, start=start)
        self._account = account
        self._entity = entity

    async def _fetch(self, request: PageRequest, wanted: Callable[[Integration], T | None]) -> Page[T]:
        """Fetch one page and keep what is wanted of it, which may be nothing: then the next page follows."""
        entity = await self._account.require_entity(self._entity)
        self._entity = entity
        variables: dict[str, object] = {"entity": entity, "first": request.size}
        if request.cursor is not None:
            variables["after"] = request.cursor
        answer, problems = await self._account.gql.execute_with_problems(LIST_INTEGRATIONS, variables)
        if answer.entity is None:
            raise missing_entity(self._account, entity, "ListIntegrations")
        found = answer.entity.integrations
        items: list[T] = []
        keys: list[str] = []
        cursors: list[str | None] = []
        for edge in found.edges if found else []:
            told = (
                None
                if edge.node is None
                else read_integration(edge.node.model_dump(mode="json", by_alias=True))
            )
            item = None if told is None else wanted(told)
            if told is not None and item is not None:
                items.append(item)
                keys.append(told.id)
                cursors.append(edge.cursor)
        return Page(
            items=items,
            keys=keys,
            cursors=cursors,
            end_cursor=found.page_info.end_cursor if found else None,
            has_next=found.page_info.has_next_page if found else False,
            problems=problems,
        )


class AsyncIntegrations(_IntegrationListing[Integration]):
    """The integrations of an entity, whatever their kind. Get it from `AsyncApi.integrations`."""

    async def _fetch_page(self, request: PageRequest) -> Page[Integration]:
        page = await self._fetch(request, lambda told: told)
        return page

    def __repr__(self) -> str:
        """Return whose integrations these are."""
        return f"<Integrations {self._entity or 'of the default entity'}>"


class AsyncWebhookIntegrations(_IntegrationListing[WebhookIntegration]):
    """The webhooks of an entity. Get it from `AsyncApi.webhook_integrations`."""

    async def _fetch_page(self, request: PageRequest) -> Page[WebhookIntegration]:
        page = await self._fetch(request, _webhook)
        return page

    def __repr__(self) -> str:
        """Return whose integrations these are."""
        return f"<WebhookIntegrations {self._entity or 'of the default entity'}>"


class AsyncSlackIntegrations(_IntegrationListing[SlackIntegration]):
    """The Slack channels of an entity. Get it from `AsyncApi.slack_integrations`."""

    async def _fetch_page(self, request: PageRequest) -> Page[SlackIntegration]:
        page = await self._fetch(request, _slack)
        return page

    def __repr__(self) -> str:
        """Return whose integrations these are."""
        return f"<SlackIntegrations {self._entity or 'of the default entity'}>"


def _webhook(told: Integration) -> WebhookIntegration | None:
    return told if isinstance(told, WebhookIntegration) else None


def _slack(told: Integration) -> SlackIntegration | None:
    return told if isinstance(told, SlackIntegration) else None
