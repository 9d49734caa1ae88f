"""The methods of `AsyncApi` about integrations.

Schema: schema/integration.graphql. Operations: queries/integration.graphql. Docs: docs/api/integration.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wandkit._async.account import AsyncAccount

if TYPE_CHECKING:
    from wandkit._async.integration import (
        AsyncIntegrations,
        AsyncSlackIntegrations,
        AsyncWebhookIntegrations,
    )

__all__ = ["AsyncIntegrationMethods"]


class AsyncIntegrationMethods:
    """The methods of `AsyncApi` about integrations."""

    _account: AsyncAccount

    def integrations(
        self, entity: str | None = None, *, per_page: int | None = None, start: str | None = None
    ) -> AsyncIntegrations:
        """Return the integrations of an entity as a listing. Nothing is sent before it is used.

        Args:
            entity: The user or team; default the settings' entity, then the account's own.
            per_page: How many on a page; left out, the size adapts.
            start: A `cursor` of an earlier listing, to go on from there.

        Raises:
            NotFoundError: No such entity; raised when the listing is used.
        """
        from wandkit._async.integration import AsyncIntegrations

        listing = AsyncIntegrations(self._account, entity, per_page=per_page, start=start)
        return self._account.keep(listing)

    def webhook_integrations(
        self, entity: str | None = None, *, per_page: int | None = None, start: str | None = None
    ) -> AsyncWebhookIntegrations:
        """Return the webhooks of an entity as a listing. Nothing is sent before it is used.

        Args:
            entity: The user or team; default the settings' entity, then the account's own.
            per_page: How many integrations of any kind to ask for at once; left out, the size adapts.
            start: A `cursor` of an earlier listing, to go on from there.

        Raises:
            NotFoundError: No such entity; raised when the listing is used.
        """
        from wandkit._async.integration import AsyncWebhookIntegrations

        listing = AsyncWebhookIntegrations(self._account, entity, per_page=per_page, start=start)
        return self._account.keep(listing)

    def slack_integrations(
        self, *, entity: str | None = None, per_page: int | None = None, start: str | None = None
    ) -> AsyncSlackIntegrations:
        """Return the Slack channels of an entity as a listing. Nothing is sent before it is used.

        Args:
            entity: The user or team; default the settings' entity, then the account's own.
            per_page: How many integrations of any kind to ask for at once; left out, the size adapts.
            start: A `cursor` of an earlier listing, to go on from there.

        Raises:
            NotFoundError: No such entity; raised when the listing is used.
        """
        from wandkit._async.integration import AsyncSlackIntegrations

        listing = AsyncSlackIntegrations(self._account, entity, per_page=per_page, start=start)
        return self._account.keep(listing)
