"""Custom charts: specifications of charts that an entity keeps under names.

Schema: schema/custom_chart.graphql. Operations: queries/custom_chart.graphql. Docs: docs/api/custom_chart.md.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from wandkit_generated.gql.aio import delete_custom_chart, get_team
from wandkit_generated.gql.operations import LIST_CUSTOM_CHARTS

from wandkit._async.account import AsyncAccount
from wandkit._async.automation import missing_entity
from wandkit._async.listing import AsyncListing
from wandkit._async.user import AsyncUser
from wandkit._core.jsontext import read_object
from wandkit._core.pagination import Page, PageRequest
from wandkit.errors import NotFoundError

if TYPE_CHECKING:
    from wandkit_generated.gql.models import CustomChartFields

__all__ = ["AsyncCustomChart", "AsyncCustomCharts"]


class AsyncCustomChart:
    """One chart. Get it from `AsyncApi.custom_charts`.

    Attributes:
        id: What runs refer to it by: `ENTITY/NAME`.
        entity: The user or team that keeps it.
        name: Its name there.
        display_name: What people read.
        type: The language of the specification, `vega2`.
        access: `private`, for members of the entity, or `public`.
        user: Who made it.
        created_at: When it was made.
        updated_at: When it was last changed; None where the server does not say.
    """

    def __init__(self, account: AsyncAccount, fields: CustomChartFields) -> None:
        self._account = account
        self._spec = fields.spec
        self.id: str = fields.id
        self.entity: str = fields.entity.name
        self.name: str = fields.name
        self.display_name: str = fields.display_name
        self.type: str = fields.type_
        self.access: str = fields.access.lower()
        self.user: AsyncUser = AsyncUser.from_fields(account.gql, fields.user)
        self.created_at: datetime = fields.created_at
        self.updated_at: datetime | None = fields.updated_at

    @property
    def spec(self) -> dict[str, Any]:
        """The specification as JSON types.

        Raises:
            AnswerError: What the server keeps is no JSON object.
        """
        return read_object(self._spec, "spec of the chart")

    async def delete(self) -> None:
        """Delete the chart; runs that refer to it keep their tables and show them without it.

        Raises:
            NotFoundError: It is gone.
            PermissionDeniedError: The API key may not write to the entity.
        """
        answer = await delete_custom_chart(self._account.gql, entity=self.entity, name=self.name)
        if answer.delete_custom_chart is None or not answer.delete_custom_chart.success:
            raise NotFoundError(
                f"No chart {self.id!r}, or the API key may not delete it.",
                operation="DeleteCustomChart",
                host=self._account.settings.base_url,
                next_step="List the charts with api.custom_charts().",
            )

    def __repr__(self) -> str:
        """Return the id."""
        return f"<CustomChart {self.id}>"


class AsyncCustomCharts(AsyncListing[AsyncCustomChart]):
    """Charts that the API key may see, the newest first. Get it from `AsyncApi.custom_charts`."""

    def __init__(
        self,
        account: AsyncAccount,
        entity: str | None,
        *,
        spec_type: str,
        user_name: str | None = None,
        per_page: int | None = None,
        start: str | None = None,
    ) -> None:
        super().__init__(per_page=per_page, start=start)
        self._account = account
        self._entity = entity
        self._type = spec_type
        self._user_name = user_name

    async def _fetch_page(self, request: PageRequest) -> Page[AsyncCustomChart]:
        entity = await self._account.require_entity(self._entity)
        self._entity = entity
        variables = {
            "entity": entity,
            "type": self._type,
            "userName": self._user_name,
            "first": request.size,
            "after": request.cursor,
        }
        answer, problems = await self._account.gql.execute_with_problems(LIST_CUSTOM_CHARTS, variables)
        if answer.custom_charts is None:
            raise NotFoundError(
                f"No charts of {entity!r}, or the API key may not see them.",
                operation="ListCustomCharts",
                host=self._account.settings.base_url,
                next_step="Look at api.viewer.teams for the entities of this key.",
            )
        found = answer.custom_charts
        if not found.edges and request.cursor is None:
            await self._require(entity)
        return Page(
            items=[AsyncCustomChart(self._account, edge.node) for edge in found.edges],
            keys=[edge.node.id for edge in found.edges],
            cursors=[edge.cursor for edge in found.edges],
            end_cursor=found.page_info.end_cursor,
            has_next=found.page_info.has_next_page,
            problems=problems,
        )

    async def _require(self, entity: str) -> None:
        """Tell an entity without charts from one that is not there: servers list nothing for either."""
        team = await get_team(self._account.gql, name=entity)
        if team.entity is None:
            raise missing_entity(self._account, entity, "ListCustomCharts")

    def __repr__(self) -> str:
        """Return whose charts these are."""
        return f"<CustomCharts {self._entity or 'of the default entity'}>"
