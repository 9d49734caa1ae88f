"""Users: who logged a run, and whose key this is.

Schema: schema/user.graphql. Operations: queries/user.graphql. Docs: docs/api/user.md.
"""

from __future__ import annotations

import warnings
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json
from wandkit_generated.gql.aio import get_viewer, list_users

from wandkit._async.account import AsyncAccount
from wandkit._core.awaitable import awaitable_property
from wandkit._transport.aio.graphql import AsyncGraphQL
from wandkit.errors import AuthenticationError

if TYPE_CHECKING:
    from wandkit_generated.gql.models import AccountFields, UserFields

__all__ = ["AsyncUser", "AsyncUserMethods"]


class AsyncUser:
    """One user, as far as the API key may see it.

    Attributes:
        id: The server's id of the user; empty where only the names are known (`run.user`).
        name: The name to show.
        username: The name in paths.
        email: The email address; None where it is hidden.
        admin: Whether the user administers the server; None where it is hidden.
        entity: The user's default entity.
        flags: What the server switched on for the user.
        deleted_at: When the account was deleted.
        api_keys: The user's API keys as the server shows them: to the owner and to admins only.
        teams: The names of the user's teams, the personal entity included.
    """

    __slots__ = (
        "_gql", "admin", "api_keys", "deleted_at", "email", "entity", "flags", "id", "name", "teams",
        "username",
    )  # fmt: skip

    def __init__(self, gql: AsyncGraphQL, name: str | None, username: str | None) -> None:
        self._gql = gql
        self.id: str = ""
        self.name: str | None = name
        self.username: str | None = username
        self.email: str | None = None
        self.admin: bool | None = None
        self.entity: str | None = None
        self.flags: dict[str, Any] = {}
        self.deleted_at: datetime | None = None
        self.api_keys: list[str] = []
        self.teams: list[str] = []

    @classmethod
    def from_fields(cls, gql: AsyncGraphQL, fields: UserFields) -> AsyncUser:
        """Return the user that an answer describes in short."""
        user = cls(gql, fields.name, fields.username)
        user.id = fields.id
        user.email = fields.email
        user.admin = fields.admin
        return user

    @classmethod
    def from_account(cls, gql: AsyncGraphQL, fields: AccountFields) -> AsyncUser:
        """Return the user that an answer describes in full."""
        user = cls.from_fields(gql, fields)
        user.entity = fields.entity
        user.flags = from_json(fields.flags) if fields.flags else {}
        user.deleted_at = fields.deleted_at
        user.teams = [edge.node.name for edge in fields.teams.edges if edge.node] if fields.teams else []
        user.api_keys = (
            [edge.node.name for edge in fields.api_keys.edges if edge.node] if fields.api_keys else []
        )
        return user

    def __repr__(self) -> str:
        """Return the user's names; keys are never shown."""
        return f"<User {self.username or self.name or self.id}>"


class AsyncUserMethods:
    """The methods of `AsyncApi` about users."""

    _account: AsyncAccount
    _viewer: AsyncUser | None = None

    @awaitable_property
    async def viewer(self) -> AsyncUser:
        """The user whose API key this is; asked once.

        Raises:
            AuthenticationError: The server does not know the key.
        """
        if self._viewer is None:
            gql = self._account.gql
            answer = await get_viewer(gql)
            if answer.viewer is None:
                raise AuthenticationError(
                    "The server answers, but does not say who this is: the API key is not known there.",
                    operation="GetViewer",
                    host=gql.settings.base_url,
                    next_step="Check that the key belongs to this server.",
                )
            self._viewer = AsyncUser.from_account(gql, answer.viewer)
        return self._viewer

    @awaitable_property
    async def default_entity(self) -> str | None:
        """The entity that paths without one belong to: the server's answer for this account; asked once."""
        entity = await self._account.default_entity()
        return entity

    async def user(self, username_or_email: str) -> AsyncUser | None:
        """Fetch the user of this name or email address; None where there is none. Needs an admin's key.

        Where several match, the first exact one is returned, and a warning says so.
        """
        found = await self.users(username_or_email)
        exact = [user for user in found if username_or_email in (user.username, user.email)]
        if len(found) > 1 and len(exact) != 1:
            warnings.warn(
                f"{len(found)} users match {username_or_email!r}; the first is returned.", stacklevel=2
            )
        return next(iter(exact or found), None)

    async def users(self, username_or_email: str) -> list[AsyncUser]:
        """Fetch the users whose name or email address matches. Needs an admin's key."""
        gql = self._account.gql
        answer = await list_users(gql, query=username_or_email)
        edges = answer.users.edges if answer.users else []
        return [AsyncUser.from_account(gql, edge.node) for edge in edges if edge.node]
