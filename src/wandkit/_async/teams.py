"""The methods of `AsyncApi` about teams.

Schema: schema/entity.graphql. Operations: queries/user.graphql. Docs: docs/api/team.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wandkit_generated.gql.aio import create_team

from wandkit._async.account import AsyncAccount
from wandkit._core.operation import UNSET

if TYPE_CHECKING:
    from wandkit._async.team import AsyncTeam

__all__ = ["AsyncTeamMethods"]


class AsyncTeamMethods:
    """The methods of `AsyncApi` about teams."""

    _account: AsyncAccount

    async def team(self, team: str) -> AsyncTeam:
        """Fetch the team of this name, with its members.

        Raises:
            NotFoundError: No such team, or the API key may not see it; names near ones.
        """
        from wandkit._async.team import AsyncTeam

        found = await AsyncTeam.fetch(self._account.gql, team)
        return found

    async def create_team(self, team: str, admin_username: str | None = None) -> AsyncTeam:
        """Create a team and return it.

        Args:
            team: The team's name.
            admin_username: Who is to administer it; default the caller. Another one needs an admin's key.

        Raises:
            ConflictError: The name is taken.
            PermissionDeniedError: The API key may not create teams, or not for that user.
        """
        from wandkit._async.team import AsyncTeam

        gql = self._account.gql
        answer = await create_team(gql, team=team, admin=admin_username or UNSET)
        fields = answer.create_team.entity if answer.create_team else None
        if fields is not None:
            return AsyncTeam(gql, fields)
        found = await AsyncTeam.fetch(gql, team)
        return found
