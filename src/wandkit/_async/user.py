"""Users: who logged a run, whose key this is, and their API keys.

Schema: schema/user.graphql. Operations: queries/user.graphql. Docs: docs/api/user.md.
"""

from __future__ import annotations

import warnings
from datetime import datetime
from typing import TYPE_CHECKING, Any

from wandkit_generated.gql.aio import (
    create_user,
    delete_api_key,
    generate_api_key,
    get_default_entity,
    get_viewer,
    list_users,
)

from wandkit._async.account import AsyncAccount
from wandkit._core.api_key import ApiKey, is_whole_key, shown_key
from wandkit._core.awaitable import awaitable_property
from wandkit._core.jsonvalue import read_json
from wandkit._core.operation import UNSET
from wandkit._core.pagination import LARGEST_PAGE, next_cursor
from wandkit._transport.aio.graphql import AsyncGraphQL
from wandkit.errors import (
    AnswerError,
    ArgumentError,
    AuthenticationError,
    NotFoundError,
    PermissionDeniedError,
)

if TYPE_CHECKING:
    from wandkit_generated.gql.models import AccountFields, UserFields

    from wandkit._async.api import AsyncApi

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
        keys: The user's API keys, without their texts: shown to the owner and to admins only.
        teams: The names of the user's teams, the personal entity included.
    """

    __slots__ = (
        "_gql", "_made_key", "_user_api", "admin", "deleted_at", "email", "entity", "flags", "id", "keys",
        "name", "teams", "username",
    )  # fmt: skip

    def __init__(self, gql: AsyncGraphQL, name: str | None, username: str | None) -> None:
        self._gql = gql
        self._made_key: str | None = None
        self._user_api: AsyncApi | None = None
        self.id: str = ""
        self.name: str | None = name
        self.username: str | None = username
        self.email: str | None = None
        self.admin: bool | None = None
        self.entity: str | None = None
        self.flags: dict[str, Any] = {}
        self.deleted_at: datetime | None = None
        self.keys: list[ApiKey] = []
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
        user.flags = read_json(fields.flags) if fields.flags else {}
        user.deleted_at = fields.deleted_at
        user.teams = [edge.node.name for edge in fields.teams.edges if edge.node] if fields.teams else []
        found = [edge.node for edge in fields.api_keys.edges if edge.node] if fields.api_keys else []
        user.keys = [ApiKey(key.id, shown_key(key.name), key.description) for key in found]
        return user

    @classmethod
    def from_new_account(cls, gql: AsyncGraphQL, fields: AccountFields) -> AsyncUser:
        """Return a user who has just been made, together with the key that this one answer shows."""
        user = cls.from_account(gql, fields)
        names = [edge.node.name for edge in fields.api_keys.edges if edge.node] if fields.api_keys else []
        user._made_key = next((name for name in names if is_whole_key(name)), None)
        return user

    @classmethod
    async def create(cls, api: AsyncApi, email: str, admin: bool = False) -> AsyncUser:
        """Create a user; the same as `api.create_user(...)`.

        Args:
            api: Whose key makes it; an admin's.
            email: The address of the new user.
            admin: Whether the user is an admin of the server.

        Raises:
            ConflictError: The address is taken.
            PermissionDeniedError: The API key is not that of an admin.
        """
        user = await api.create_user(email, admin)
        return user

    @property
    def api_keys(self) -> list[str]:
        """The names of the user's API keys, never their texts: `delete_api_key` takes them."""
        return [key.name for key in self.keys]

    @awaitable_property
    async def user_api(self) -> AsyncApi | None:
        """A client that acts as this user: with a key made through this object, or the caller's own.

        None where neither is at hand: the texts of other keys are known to nobody.
        """
        from wandkit._async.api import rebuild

        if self._user_api is None:
            if self._made_key is not None:
                self._user_api = rebuild(self._gql.with_key(self._made_key))
            elif await self._is_caller():
                self._user_api = rebuild(self._gql)
        return self._user_api

    async def generate_api_key(self, description: str | None = None) -> str:
        """Make one more API key of this user and return its text, which is not shown again.

        A server makes keys for the caller only; for another user this needs a key made through this object.

        Raises:
            PermissionDeniedError: The user is another one, and no key of theirs is at hand.
        """
        api = await self.user_api
        if api is None:
            raise PermissionDeniedError(
                f"Cannot make an API key for {self!r}: a server makes keys for the caller only.",
                operation="GenerateApiKey",
                host=self._gql.settings.base_url,
                next_step="Let them make one themselves.",
            )
        gql = api._account.gql  # pyright: ignore[reportPrivateUsage]
        answer = await generate_api_key(gql, description=description or UNSET)
        made = answer.generate_api_key.api_key if answer.generate_api_key else None
        if made is None or not is_whole_key(made.name):
            raise AnswerError(
                "The server did not show the new API key.",
                operation="GenerateApiKey",
                host=self._gql.settings.base_url,
                next_step="Look for it in the web app, and delete it there if it is not needed.",
            )
        self._made_key, self._user_api = made.name, None
        self.keys = [*self.keys, ApiKey(made.id, shown_key(made.name), made.description)]
        return made.name

    async def delete_api_key(self, api_key: str) -> bool:
        """Revoke an API key of this user; False where the server no longer has it.

        Args:
            api_key: The key's name as `api_keys` lists it, its id, or its text.

        Raises:
            ArgumentError: The user has no such key, or several of that name.
            PermissionDeniedError: The key belongs to somebody else, and this is no admin.
        """
        name = shown_key(api_key)
        found = [key for key in self.keys if api_key == key.id] or [k for k in self.keys if k.name == name]
        if len(found) != 1:
            what = f"{len(found)} API keys" if found else "no API key"
            raise ArgumentError(
                f"{self!r} has {what} {name!r}.",
                next_step="Say the id of one: [key.id for key in user.keys].",
            )
        try:
            answer = await delete_api_key(self._gql, id=found[0].id)
        except NotFoundError:
            deleted = False
        else:
            deleted = bool(answer.delete_api_key and answer.delete_api_key.success)
        self.keys = [key for key in self.keys if key.id != found[0].id]
        if self._made_key is not None and shown_key(self._made_key) == found[0].name:
            self._made_key = self._user_api = None
        return deleted

    async def _is_caller(self) -> bool:
        answer = await get_default_entity(self._gql)
        return answer.viewer is not None and answer.viewer.id == self.id

    def __repr__(self) -> str:
        """Return the user's names; keys are never shown."""
        return f"<User {self.username or self.name or self.id}>"

    def __getstate__(self) -> dict[str, Any]:
        """Cross to another process without the keys that were made here."""
        names = [name for name in self.__slots__ if name not in ("_made_key", "_user_api")]
        return {name: getattr(self, name) for name in names} | {"_made_key": None, "_user_api": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take up what came from another process."""
        for name, value in state.items():
            setattr(self, name, value)


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

        Args:
            username_or_email: The name in paths, or the email address.

        Raises:
            PermissionDeniedError: The API key is not that of an admin.
        """
        found = await self.users(username_or_email)
        exact = [user for user in found if username_or_email in (user.username, user.email)]
        if len(found) > 1 and len(exact) != 1:
            warnings.warn(
                f"{len(found)} users match {username_or_email!r}; the first is returned.", stacklevel=2
            )
        return next(iter(exact or found), None)

    async def users(self, username_or_email: str) -> list[AsyncUser]:
        """Fetch the users whose name or email address matches. Needs an admin's key.

        Args:
            username_or_email: The name in paths, or the email address.

        Raises:
            PermissionDeniedError: The API key is not that of an admin.
        """
        gql = self._account.gql
        found: list[AsyncUser] = []
        cursor: str | None = None
        seen: set[str] = set()
        while True:
            answer = await list_users(
                gql, query=username_or_email, first=LARGEST_PAGE, after=UNSET if cursor is None else cursor
            )
            if answer.users is None:
                return found
            found += [AsyncUser.from_account(gql, edge.node) for edge in answer.users.edges if edge.node]
            page = answer.users.page_info
            cursor = next_cursor(page.has_next_page, page.end_cursor, seen, len(found))
            if cursor is None:
                return found

    async def create_user(self, email: str, admin: bool = False) -> AsyncUser:
        """Create a user and return them. Needs an admin's key.

        Where the server makes a first key with the user, `user.user_api` acts with it.

        Args:
            email: The email address.
            admin: Whether they are to administer the whole server.

        Raises:
            PermissionDeniedError: The API key is not an admin's.
            ConflictError: There is a user of this address.
        """
        gql = self._account.gql
        answer = await create_user(gql, email=email, admin=admin)
        fields = answer.create_user.user if answer.create_user else None
        if fields is None:
            raise AnswerError(
                f"The server did not say what became of the new user {email!r}.",
                operation="CreateUser",
                host=gql.settings.base_url,
                next_step="Look for them with api.user().",
            )
        return AsyncUser.from_new_account(gql, fields)
