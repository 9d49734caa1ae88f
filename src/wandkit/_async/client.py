"""Documents of the user's own: `api.client.execute`.

Docs: docs/api/api.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from wandkit_generated.gql.aio import get_server_info

from wandkit._core.awaitable import awaitable_property
from wandkit._transport.aio.graphql import AsyncGraphQL
from wandkit.errors import ArgumentError

if TYPE_CHECKING:
    from wandkit_generated.gql.models import GetServerInfo

__all__ = ["AsyncClient"]


class AsyncClient:
    """Runs GraphQL documents as they are, with the key, retries and errors of its `AsyncApi`."""

    def __init__(self, gql: AsyncGraphQL) -> None:
        self._gql = gql
        self._server_info: dict[str, Any] | None = None

    @property
    def app_url(self) -> str:
        """The address of the web app that belongs to the server."""
        return self._gql.settings.app_url

    @awaitable_property
    async def server_info(self) -> dict[str, Any]:
        """What the server says of itself: `cliVersionInfo`, `latestLocalVersionInfo`; asked once."""
        if self._server_info is None:
            answer = await get_server_info(self._gql)
            self._server_info = _info_of(answer)
        return self._server_info

    async def version_supported(self, min_version: str) -> bool:
        """Return whether the server knows clients as new as `min_version`, such as "0.12.11"."""
        info = await self.server_info
        clients: Mapping[str, Any] = info.get("cliVersionInfo") or {}
        return _numbers(min_version) <= _numbers(str(clients.get("max_cli_version") or "0"))

    async def execute(
        self,
        document: object,
        variable_values: Mapping[str, Any] | None = None,
        timeout: float | None = None,
    ) -> dict[str, Any]:
        """Run `document` and return the `data` of the answer.

        Args:
            document: The text of a query or mutation; a parsed document of graphql-core works too.
            variable_values: The variables by name.
            timeout: Seconds for one attempt; default the client's.

        Raises:
            GraphQLError: The server answered with errors; partial data is on the error.
        """
        data = await self._gql.execute_text(_text(document), variable_values, timeout=timeout)
        return data


def _info_of(answer: GetServerInfo) -> dict[str, Any]:
    found = answer.server_info
    if found is None:
        return {}
    release = found.latest_local_version_info
    return {
        "cliVersionInfo": found.cli_version_info,
        "latestLocalVersionInfo": release
        and {
            "outOfDate": release.out_of_date,
            "latestVersionString": release.latest_version_string,
            "versionOnThisInstanceString": release.version_on_this_instance_string,
        },
    }


def _numbers(version: str) -> tuple[int, ...]:
    """Return the numbers of a version; what comes after them, such as `rc1`, does not count."""
    found = re.match(r"\d+(?:\.\d+)*", version.strip())
    return tuple(int(number) for number in found.group().split(".")) if found else ()


def _text(document: object) -> str:
    """Return the source of a document, which graphql-core keeps beside what it parsed."""
    source = getattr(getattr(document, "loc", None), "source", None)
    text = document if isinstance(document, str) else getattr(source, "body", None)
    if not isinstance(text, str) or not text.strip():
        what = "an empty one" if isinstance(text, str) else type(document).__name__
        raise ArgumentError(
            f"A GraphQL document is a text, not {what}.", next_step="Pass the query as a str."
        )
    return text
