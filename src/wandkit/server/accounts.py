"""Making users, teams and organizations: the one place behind the command line, the tests and the API."""

from __future__ import annotations

import re

from sqlalchemy import select
from sqlalchemy.orm import Session

from wandkit.server.auth import new_key, store_key
from wandkit.server.model.entity import Entity, Membership, Organization, OrganizationMembership
from wandkit.server.model.user import User

__all__ = ["ROLES", "add_member", "add_organization", "add_team", "add_user", "find_user", "free_name"]

ROLES = ("admin", "member", "viewer")
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,128}", re.ASCII)


def add_user(
    session: Session,
    username: str,
    *,
    api_key: str | None = None,
    admin: bool = False,
    email: str | None = None,
    account_type: str = "USER",
) -> tuple[User, str]:
    """Make a user with a personal entity and one API key; return both the user and the key.

    Raises:
        ValueError: The name is taken or malformed, or the key is taken.
    """
    entity = _new_entity(session, username, "user")
    user = User(
        username=username,
        name=username,
        email=email or f"{username}@localhost",
        admin=admin,
        account_type=account_type,
    )
    session.add(user)
    session.flush()
    add_member(session, entity, user, "admin")
    key = api_key if api_key is not None else new_key()
    store_key(session, user, key)
    return user, key


def add_team(session: Session, name: str, *, organization: str | None = None) -> Entity:
    """Make a team without members; `organization` must exist already.

    Raises:
        ValueError: The name is taken or malformed, or there is no such organization.
    """
    team = _new_entity(session, name, "team")
    if organization is not None:
        found = session.scalars(select(Organization).where(Organization.name == organization)).one_or_none()
        if found is None:
            raise ValueError(f"no organization {organization!r}; make it first")
        team.organization = found
    return team


def add_organization(session: Session, name: str) -> Organization:
    """Make an organization and the entity that owns its registries.

    Raises:
        ValueError: The name is taken or malformed.
    """
    if session.scalars(select(Organization).where(Organization.name == name)).first() is not None:
        raise ValueError(f"the organization {name!r} exists already")
    entity = _new_entity(session, f"{name}-org", "organization")
    organization = Organization(name=name)
    session.add(organization)
    entity.organization = organization
    session.flush()
    return organization


def add_member(session: Session, entity: Entity, user: User, role: str = "member") -> Membership:
    """Give a user a role in an entity, or change it; its organization gains the user as a member.

    Raises:
        ValueError: There is no such role.
    """
    if role not in ROLES:
        raise ValueError(f"no role {role!r}; the roles are {', '.join(ROLES)}")
    membership = session.scalars(
        select(Membership).where(Membership.entity_id == entity.id, Membership.user_id == user.id)
    ).one_or_none()
    if membership is None:
        membership = Membership(entity=entity, user=user, role=role)
        session.add(membership)
    membership.role = role
    if entity.organization is not None:
        _join(session, entity.organization, user)
    session.flush()
    return membership


def find_user(session: Session, name_or_email: str) -> User | None:
    """Return the living user with this username or, failing that, this e-mail address."""
    living = select(User).where(User.deleted_at.is_(None))
    by_name = session.scalars(living.where(User.username == name_or_email)).one_or_none()
    return by_name or session.scalars(living.where(User.email == name_or_email)).first()


def free_name(session: Session, base: str) -> str:
    """Return `base`, or with a number behind it where that name is taken."""
    taken = set(session.scalars(select(Entity.name).where(Entity.name.startswith(base, autoescape=True))))
    number = 1
    while (name := base if number == 1 else f"{base}-{number}") in taken:
        number += 1
    return name


def _join(session: Session, organization: Organization, user: User) -> None:
    known = session.scalars(
        select(OrganizationMembership).where(
            OrganizationMembership.organization_id == organization.id,
            OrganizationMembership.user_id == user.id,
        )
    ).one_or_none()
    if known is None:
        session.add(OrganizationMembership(organization=organization, user=user, role="member"))


def _new_entity(session: Session, name: str, kind: str) -> Entity:
    if not _NAME.fullmatch(name):
        raise ValueError(f"invalid name {name!r}: use letters, digits, '-', '_' and '.', at most 128 of them")
    if session.scalars(select(Entity).where(Entity.name == name)).first() is not None:
        raise ValueError(f"the name {name!r} is taken")
    entity = Entity(name=name, kind=kind)
    session.add(entity)
    session.flush()
    return entity
