"""Teams and their members.

Schema: schema/entity.graphql. Operations: queries/user.graphql. Docs: docs/api/team.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wandkit_generated.gql.aio import (
    create_invite,
    create_service_account,
    delete_invite,
    get_team,
    get_viewer,
)

from wandkit._core.api_key import is_whole_key
from wandkit._core.near import did_you_mean, near_matches
from wandkit._core.operation import UNSET
from wandkit._transport.aio.graphql import AsyncGraphQL
from wandkit.errors import (
    AnswerError,
    ArgumentError,
    ConflictError,
    InvalidRequestError,
    NotFoundError,
    WandkitError,
)

if TYPE_CHECKING:
    from wandkit_generated.gql.models import TeamFields, TeamFieldsMember

    from wandkit._async.api import AsyncApi
    from wandkit.automation.scope import EntityScope

__all__ = ["AsyncMember", "AsyncTeam"]


class AsyncMember:
    """One member of a team. Get it from `AsyncTeam.members`.

    Attributes:
        team: The name of the team.
        id: The server's id of the user.
        name: The name to show.
        username: The name in paths.
        email: The email address; None where it is hidden.
        admin: Whether they administer the team.
        role: Their role in the team, in the server's words.
        pending: Whether they have yet to accept an invitation.
        photo_url: Their picture.
        account_type: `USER`, `SERVICE` and the like.
        api_key: The key of a service account, in the one object that making it returned; else None.
    """

    def __init__(self, gql: AsyncGraphQL, team: str, fields: TeamFieldsMember) -> None:
        self._gql = gql
        self.team: str = team
        self.id: str = fields.id or ""
        self.name: str = fields.name
        self.username: str | None = fields.username
        self.email: str | None = fields.email
        self.admin: bool = bool(fields.admin)
        self.role: str | None = fields.role
        self.pending: bool = bool(fields.pending)
        self.photo_url: str | None = fields.photo_url
        self.account_type: str | None = fields.account_type
        self.api_key: str | None = None

    async def delete(self) -> bool:
        """Take the member out of the team; False where they are no longer in it.

        Raises:
            PermissionDeniedError: The API key may not manage the team.
        """
        try:
            answer = await delete_invite(self._gql, entity=self.team, id=self.id)
        except NotFoundError:
            return False
        return bool(answer.delete_invite and answer.delete_invite.success)

    def __repr__(self) -> str:
        """Return the name and the kind of account; a key is never shown."""
        return f"<Member {self.name} ({self.account_type})>"


class AsyncTeam:
    """One team, or a user's own entity. Get it from `AsyncApi.team`.

    Attributes:
        name: The team's name.
        members: Its members, service accounts included.
    """

    def __init__(self, gql: AsyncGraphQL, fields: TeamFields) -> None:
        self._gql = gql
        self.name: str = fields.name
        self.members: list[AsyncMember] = []
        self._take(fields)

    @classmethod
    async def fetch(cls, gql: AsyncGraphQL, name: str) -> AsyncTeam:
        """Fetch the team of this name.

        Raises:
            NotFoundError: No such team, or the API key may not see it; names near ones.
        """
        return cls(gql, await _fetch(gql, name))

    @classmethod
    async def create(cls, api: AsyncApi, team: str, admin_username: str | None = None) -> AsyncTeam:
        """Create a team; the same as `api.create_team(...)`.

        Args:
            api: Whose key makes it.
            team: What the team is to be called.
            admin_username: Who administrates it; default the account.

        Raises:
            ConflictError: The name is taken.
            PermissionDeniedError: The API key may not do this.
        """
        made = await api.create_team(team, admin_username)
        return made

    @property
    def automation_scope(self) -> EntityScope:
        """The team as the scope of automations."""
        from wandkit.automation.scope import EntityScope, TeamScope

        return (
            TeamScope(id=self.id, name=self.name) if self.is_team else EntityScope(id=self.id, name=self.name)
        )

    @property
    def id(self) -> str:
        """The server's id of the team."""
        return self._fields.id

    @property
    def available(self) -> bool | None:
        """Whether the name is still free, as the server says it."""
        return self._fields.available

    @property
    def photo_url(self) -> str | None:
        """The team's picture; None without one."""
        return self._fields.photo_url

    @property
    def avatar_url(self) -> str | None:
        """The team's picture, the same as `photo_url`."""
        return self._fields.photo_url

    @property
    def read_only(self) -> bool | None:
        """Whether the API key may only look."""
        return self._fields.read_only

    @property
    def read_only_admin(self) -> bool:
        """Whether the API key is kept from managing the team."""
        return self._fields.read_only_admin

    @property
    def is_team(self) -> bool:
        """Whether this is a team; False for a user's own entity."""
        return self._fields.is_team

    @property
    def entity_type(self) -> str | None:
        """`team`, or `user` for a user's own entity; None where an older server does not say."""
        return self._fields.entity_type

    @property
    def private_only(self) -> bool:
        """Whether all its projects are private."""
        return self._fields.private_only

    @property
    def storage_bytes(self) -> int:
        """How much it stores, in bytes, as the server counts."""
        return self._fields.storage_bytes

    @property
    def code_saving_enabled(self) -> bool:
        """Whether its runs save their code."""
        return self._fields.code_saving_enabled

    @property
    def default_access(self) -> str:
        """Who may see its new projects, in the server's words."""
        return self._fields.default_access

    @property
    def is_paid(self) -> bool | None:
        """Whether somebody pays for it."""
        return self._fields.is_paid

    @property
    def service_accounts(self) -> list[AsyncMember]:
        """Its members that are machines."""
        return [member for member in self.members if member.account_type == "SERVICE"]

    async def load(self, force: bool = False) -> AsyncTeam:
        """Return the team, fetched anew with `force`.

        Raises:
            NotFoundError: The team is gone.
        """
        if force:
            fields = await _fetch(self._gql, self.name)
            self._take(fields)
        return self

    async def invite(self, username_or_email: str, admin: bool = False) -> bool:
        """Invite a user into the team; False where there is no such user or they are in it already.

        Args:
            username_or_email: With an `@` it is an email address.
            admin: Whether they are to administer the team.

        Raises:
            PermissionDeniedError: The API key may not manage the team.
        """
        by_email = "@" in username_or_email
        try:
            answer = await create_invite(
                self._gql,
                entity=self.name,
                email=username_or_email if by_email else UNSET,
                username=UNSET if by_email else username_or_email,
                admin=admin,
            )
        except (ConflictError, InvalidRequestError, NotFoundError):
            return False
        return bool(answer.create_invite and answer.create_invite.success)

    async def remove(self, member: AsyncMember | str) -> bool:
        """Take a member out of the team; False where they are no longer in it.

        Args:
            member: A member, or their user name or email address.

        Raises:
            ArgumentError: The team has no such member; names near ones.
            PermissionDeniedError: The API key may not manage the team.
        """
        if isinstance(member, str) and self._member(member) is None:
            await self.load(force=True)  # they may have come since
        found = member if isinstance(member, AsyncMember) else self._member(member)
        if found is None:
            raise self._no_member(str(member))
        removed = await found.delete()
        self.members = [kept for kept in self.members if kept.id != found.id]
        return removed

    async def create_service_account(self, description: str) -> AsyncMember:
        """Create an account for machines in the team and return it, with its key in `api_key`.

        The key is there this once: a member that is listed later does not have it. Servers that make no key
        with the account leave it None.

        Raises:
            PermissionDeniedError: The API key may not manage the team.
        """
        answer = await create_service_account(self._gql, entity=self.name, description=description)
        made = answer.create_service_account.user if answer.create_service_account else None
        await self.load(force=True)
        found = next((member for member in self.members if made is not None and member.id == made.id), None)
        if made is None or found is None:
            raise AnswerError(
                f"The server did not say what became of the new service account of {self.name!r}.",
                operation="CreateServiceAccount",
                host=self._gql.settings.base_url,
                next_step="Look for it in team.service_accounts.",
            )
        names = [edge.node.name for edge in made.api_keys.edges if edge.node] if made.api_keys else []
        found.api_key = next((name for name in names if is_whole_key(name)), None)
        return found

    def _take(self, fields: TeamFields) -> None:
        self._fields = fields
        self.members = [AsyncMember(self._gql, self.name, member) for member in fields.members]

    def _member(self, name: str) -> AsyncMember | None:
        return next((member for member in self.members if name in (member.username, member.email)), None)

    def _no_member(self, name: str) -> ArgumentError:
        known = [member.username for member in self.members if member.username]
        return ArgumentError(
            f"The team {self.name!r} has no member {name!r}.",
            next_step=did_you_mean(near_matches(name, known)) or "Say a user name or an email address.",
        )

    def __repr__(self) -> str:
        """Return the team's name."""
        return f"<Team {self.name}>"


async def _fetch(gql: AsyncGraphQL, name: str) -> TeamFields:
    answer = await get_team(gql, name=name)
    if answer.entity is None:
        raise await _missing(gql, name)
    return answer.entity


async def _missing(gql: AsyncGraphQL, name: str) -> NotFoundError:
    """Return the error for a team that is not there, with near names of the caller's own teams."""
    try:
        answer = await get_viewer(gql)
    except WandkitError:
        known = []
    else:
        teams = answer.viewer.teams if answer.viewer else None
        known = [edge.node.name for edge in teams.edges if edge.node] if teams else []
    return NotFoundError(
        f"No team {name!r}, or the API key may not see it.",
        operation="GetTeam",
        host=gql.settings.base_url,
        next_step=did_you_mean(near_matches(name, known))
        or "Check the name, and that the key is a member's.",
    )
