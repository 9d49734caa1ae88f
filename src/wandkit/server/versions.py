"""Versions in collections: their numbers, and the aliases that point to them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from wandkit.server.database import now
from wandkit.server.model.artifact import Artifact
from wandkit.server.model.collection import Alias, Collection, CollectionMember

__all__ = [
    "LATEST",
    "add_member",
    "check_collection_name",
    "find_collection",
    "find_member",
    "is_version",
    "member_of",
    "remove_aliases",
    "remove_member",
    "set_aliases",
    "split_name",
]

LATEST = "latest"
_VERSION = re.compile(r"v(0|[1-9][0-9]*)")
_NAME = re.compile(r"[A-Za-z0-9_.\- ]{1,128}")
_MAX_ALIAS = 128


def is_version(alias: str) -> bool:
    """Return whether an alias is the number of a version, such as `v3`."""
    return _VERSION.fullmatch(alias) is not None


def split_name(name: str) -> tuple[str, str]:
    """Return collection and alias of `collection`, `collection:alias` or `collection:v3`."""
    collection, _, alias = name.partition(":")
    return collection, alias or LATEST


def check_collection_name(name: str) -> None:
    """Return if a collection can have this name.

    Raises:
        ValueError: It cannot.
    """
    if not _NAME.fullmatch(name) or not name.strip():
        raise ValueError(
            f"invalid artifact collection name {name[:140]!r}: use letters, digits, '-', '_' and '.', "
            "at most 128 of them"
        )


def find_collection(session: Session, project_id: int, name: str) -> Collection | None:
    """Return the project's collection of this name."""
    return session.scalars(
        select(Collection).where(
            Collection.project_id == project_id, Collection.name == name, Collection.deleted_at.is_(None)
        )
    ).one_or_none()


def member_of(session: Session, collection: Collection, artifact: Artifact) -> CollectionMember | None:
    """Return the version's place in the collection."""
    return session.scalars(
        select(CollectionMember).where(
            CollectionMember.collection_id == collection.id, CollectionMember.artifact_id == artifact.id
        )
    ).one_or_none()


def find_member(session: Session, collection: Collection, alias: str) -> CollectionMember | None:
    """Return the version that an alias (or a number such as `v3`) of the collection means."""
    return session.scalars(
        select(CollectionMember)
        .join(Alias, Alias.member_id == CollectionMember.id)
        .where(Alias.collection_id == collection.id, Alias.alias == alias)
    ).one_or_none()


def add_member(session: Session, collection: Collection, artifact: Artifact) -> CollectionMember:
    """Return the version's place in the collection, made with the next number where it has none."""
    known = member_of(session, collection, artifact)
    if known is not None:
        return known
    member = CollectionMember(
        collection=collection, artifact=artifact, version_index=collection.next_version, aliases=[]
    )
    collection.next_version += 1
    collection.updated_at = now()
    session.add(member)
    session.flush()
    member.aliases.append(
        Alias(collection_id=collection.id, alias=f"v{member.version_index}", is_version=True)
    )
    session.flush()
    return member


def remove_member(session: Session, member: CollectionMember) -> None:
    """Take a version out of a collection, with its aliases there."""
    member.collection.updated_at = now()
    session.delete(member)
    session.flush()


def set_aliases(session: Session, member: CollectionMember, aliases: Iterable[str]) -> list[str]:
    """Point aliases to a version, wherever in its collection they pointed before; return the new ones.

    Raises:
        ValueError: One cannot be an alias, or is the number of another version.
    """
    added: list[str] = []
    for alias in dict.fromkeys(aliases):
        if is_version(alias):
            if alias != f"v{member.version_index}":
                raise ValueError(f"the alias {alias!r} is the number of another version")
            continue
        _check_alias(alias)
        known = session.scalars(
            select(Alias).where(Alias.collection_id == member.collection_id, Alias.alias == alias)
        ).one_or_none()
        if known is not None and known.member_id == member.id:
            continue
        if known is not None:
            session.delete(known)
            session.flush()
        session.add(Alias(collection_id=member.collection_id, alias=alias, member=member))
        added.append(alias)
        session.flush()
    return added


def remove_aliases(session: Session, member: CollectionMember, aliases: Iterable[str]) -> list[str]:
    """Take aliases from a version; numbers stay. Return those that it had."""
    wanted = set(aliases)
    doomed = [alias for alias in member.aliases if alias.alias in wanted and not alias.is_version]
    for alias in doomed:
        member.aliases.remove(alias)
    session.flush()
    return [alias.alias for alias in doomed]


def _check_alias(alias: str) -> None:
    if not alias or len(alias) > _MAX_ALIAS or any(character in alias for character in "/:\n\r\x00"):
        raise ValueError(
            f"invalid alias {alias[:140]!r}: it is empty, has '/' or ':', or exceeds {_MAX_ALIAS} characters"
        )
