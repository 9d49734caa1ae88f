"""The methods of `AsyncApi` about custom charts.

Schema: schema/custom_chart.graphql. Operations: queries/custom_chart.graphql. Docs: docs/api/custom_chart.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from wandkit_generated.gql.aio import create_custom_chart

from wandkit._async.account import AsyncAccount
from wandkit._core.custom_chart import chart_access, chart_spec
from wandkit.errors import AnswerError

if TYPE_CHECKING:
    from wandkit._async.custom_chart import AsyncCustomCharts

__all__ = ["AsyncCustomChartMethods"]


class AsyncCustomChartMethods:
    """The methods of `AsyncApi` about custom charts."""

    _account: AsyncAccount

    async def create_custom_chart(
        self,
        entity: str,
        name: str,
        display_name: str,
        spec_type: Literal["vega2"],
        access: Literal["private", "public"],
        spec: str | Mapping[str, Any],
    ) -> str:
        """Make a chart and return its id, `ENTITY/NAME`, by which runs refer to it.

        Args:
            entity: The user or team that keeps it.
            name: Its name there; it cannot be taken.
            display_name: What people read.
            spec_type: The language of the specification; servers know `vega2`.
            access: `private`, for members of the entity, or `public`.
            spec: The Vega or Vega-Lite specification, as an object or as JSON text.

        Raises:
            ArgumentError: No such access, or `spec` is no JSON object; nothing was sent.
            ConflictError: The entity has a chart of this name.
            PermissionDeniedError: The API key may not write to the entity.
        """
        answer = await create_custom_chart(
            self._account.gql,
            entity=entity,
            name=name,
            display_name=display_name,
            type=spec_type,
            access=chart_access(access),
            spec=chart_spec(spec),
        )
        if answer.create_custom_chart is None:
            raise AnswerError(
                f"The server did not say whether it made the chart '{entity}/{name}'.",
                operation="CreateCustomChart",
                host=self._account.settings.base_url,
                next_step="Look for it with api.custom_charts().",
            )
        return answer.create_custom_chart.chart.id

    def custom_charts(
        self,
        entity: str | None = None,
        *,
        spec_type: str = "vega2",
        user_name: str | None = None,
        per_page: int | None = None,
        start: str | None = None,
    ) -> AsyncCustomCharts:
        """Return the charts of an entity as a listing. Nothing is sent before it is used.

        Args:
            entity: The user or team; default the settings' entity, then the account's own.
            spec_type: Only charts in this language.
            user_name: Only charts that this user made.
            per_page: Charts on a page; left out, the size adapts.
            start: A `cursor` of an earlier listing, to go on from there.

        Raises:
            NotFoundError: No such entity; raised when the listing is used.
        """
        from wandkit._async.custom_chart import AsyncCustomCharts

        listing = AsyncCustomCharts(
            self._account, entity, spec_type=spec_type, user_name=user_name, per_page=per_page, start=start
        )
        return self._account.keep(listing)
