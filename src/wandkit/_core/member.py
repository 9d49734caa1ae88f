"""Members of a registry, and how they are told apart by their ids."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass

from wandkit.errors import ArgumentError, ArgumentTypeError

__all__ = [
    "RegistryTeam",
    "RegistryUser",
    "TeamMember",
    "UserMember",
    "ids_by_kind",
    "kind_of_member",
    "member_id",
]


@dataclass(frozen=True, slots=True)
class RegistryUser:
    """A user, as far as a registry tells.

    Attributes:
        id: The server's opaque id of the user.
        name: The name to show.
        username: The name in paths.
        email: The email address, where it is shown.
    """

    id: str
    name: str | None
    username: str | None
    email: str | None


@dataclass(frozen=True, slots=True)
class RegistryTeam:
    """A team, as far as a registry tells.

    Attributes:
        id: The server's opaque id of the team.
        name: The team's name.
    """

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class UserMember:
    """A user in a registry.

    Attributes:
        id: The server's opaque id of the user.
        name: The name to show.
        username: The name in paths.
        email: The email address, where it is shown.
        role: `admin`, `member`, `viewer`, `restricted_viewer` or a role of the organization's own.
    """

    id: str
    name: str | None
    username: str | None
    email: str | None
    role: str

    @property
    def kind(self) -> str:
        """`User`, as the member's id says."""
        return "User"

    @property
    def user(self) -> RegistryUser:
        """The user, without the role."""
        return RegistryUser(self.id, self.name, self.username, self.email)


@dataclass(frozen=True, slots=True)
class TeamMember:
    """A team in a registry.

    Attributes:
        id: The server's opaque id of the team.
        name: The team's name.
        role: As for `UserMember`.
    """

    id: str
    name: str
    role: str

    @property
    def kind(self) -> str:
        """`Entity`, as the member's id says."""
        return "Entity"

    @property
    def team(self) -> RegistryTeam:
        """The team, without the role."""
        return RegistryTeam(self.id, self.name)


def member_id(member: object) -> str:
    """Return the opaque id of a member, a user, a team, or an id itself.

    Raises:
        ArgumentTypeError: It is none of these.
    """
    found = member if isinstance(member, str) else getattr(member, "id", None)
    if not isinstance(found, str) or not found:
        raise ArgumentTypeError(f"{member!r} is neither a user nor a team nor an id of one")
    return found


def kind_of_member(member: object) -> str:
    """Return `User` or `Entity`, by what the id of a member says.

    Raises:
        ArgumentError: It is the id of something else.
    """
    found = member_id(member)
    try:
        kind = base64.b64decode(found, validate=True).decode().split(":")[0]
    except (binascii.Error, UnicodeDecodeError, ValueError):
        kind = ""
    if kind not in ("User", "Entity"):
        raise ArgumentError(f"{found!r} is the id of neither a user nor a team")
    return kind


def ids_by_kind(members: Iterable[object]) -> tuple[list[str], list[str]]:
    """Return the ids of the users and those of the teams among members.

    Raises:
        ArgumentTypeError: There are none.
        ArgumentError: One is neither.
    """
    users: list[str] = []
    teams: list[str] = []
    for member in members:
        (users if kind_of_member(member) == "User" else teams).append(member_id(member))
    if not users and not teams:
        raise ArgumentTypeError("no members were given")
    return users, teams
