"""What is known of an artifact besides its entries: where it was found, and what was edited."""

from __future__ import annotations

import enum
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from wandkit._core.artifact_name import VERSION

if TYPE_CHECKING:
    from wandkit_generated.gql.models import ArtifactFields, MembershipFields

    from wandkit._core.manifest import ManifestEntry
    from wandkit.paths_artifact import ArtifactPath

__all__ = ["TTL_DISABLED", "TTL_INHERIT", "ArtifactEdits", "ArtifactOrigin", "ArtifactPlace", "ArtifactTTL"]

TTL_INHERIT = -1
TTL_DISABLED = -2


class ArtifactTTL(enum.Enum):
    """Times to live that are no length of time."""

    INHERIT = "inherit"
    """As long as the collection says."""


@dataclass(frozen=True, slots=True)
class ArtifactPlace:
    """The collection in which a version was found, and how it is called there.

    Attributes:
        version_index: Its number there; None where the server does not say.
        aliases: Its aliases there, without `vN`.
        is_portfolio: Whether the collection holds links instead of what was logged to it.
        linked_at: When it was put there.
        organization: What the organization of the entity is called, where the server says.
    """

    entity: str
    project: str
    collection: str
    version_index: int | None
    aliases: tuple[str, ...] = ()
    collection_id: str | None = None
    is_portfolio: bool = False
    linked_at: datetime | None = None
    organization: str | None = None

    @property
    def version(self) -> str:
        """`vN`; empty where the server does not say."""
        return "" if self.version_index is None else f"v{self.version_index}"

    @classmethod
    def of_source(cls, fields: ArtifactFields) -> ArtifactPlace:
        """Return the collection that the version was logged to."""
        sequence = fields.artifact_sequence
        project = sequence.project
        entity, name = (project.entity_name, project.name) if project else ("", "")
        aliases = [
            alias.alias
            for alias in fields.aliases
            if (held := alias.artifact_collection) is None or held.id == sequence.id
        ]
        return cls(
            entity,
            name,
            sequence.name,
            fields.version_index if fields.version_index is not None else number_in(aliases),
            plain(aliases),
            sequence.id,
            False,
            fields.created_at,
        )

    @classmethod
    def at(cls, fields: ArtifactFields, path: ArtifactPath) -> ArtifactPlace:
        """Return the collection at `path`, of a server that tells only the aliases in all collections."""
        source = cls.of_source(fields)
        if (source.entity, source.project, source.collection) == (path.entity, path.project, path.collection):
            return source
        aliases: list[str] = []
        held: str | None = None
        for alias in fields.aliases:
            collection = alias.artifact_collection
            project = collection.project if collection else None
            if collection is None or project is None or collection.name != path.collection:
                continue
            if (project.entity_name, project.name) == (path.entity, path.project):
                aliases.append(alias.alias)
                held = collection.id
        return cls(path.entity, path.project, path.collection, number_in(aliases), plain(aliases), held, True)

    @classmethod
    def in_listing(
        cls,
        fields: ArtifactFields,
        path: ArtifactPath,
        collection_id: str,
        version: str,
        is_portfolio: bool,
    ) -> ArtifactPlace:
        """Return the collection whose listing shows the version as `version`."""
        aliases = [
            alias.alias
            for alias in fields.aliases
            if (held := alias.artifact_collection) is not None and held.id == collection_id
        ]
        number = int(version[1:]) if VERSION.fullmatch(version) else number_in([version, *aliases])
        return cls(
            path.entity, path.project, path.collection, number, plain(aliases), collection_id, is_portfolio
        )

    @classmethod
    def of_membership(cls, member: MembershipFields, entity: str, project: str) -> ArtifactPlace:
        """Return the collection that a membership is about; `entity` and `project` where it says none."""
        collection = member.artifact_collection
        held = collection.project if collection else None
        organization = held.entity.organization if held else None
        aliases = [alias.alias for alias in member.aliases]
        return cls(
            held.entity_name if held else entity,
            held.name if held else project,
            collection.name if collection else "",
            member.version_index if member.version_index is not None else number_in(aliases),
            plain(aliases),
            collection.id if collection else None,
            bool(collection and collection.typename__ == "ArtifactPortfolio"),
            member.created_at,
            organization.name if organization else None,
        )


@dataclass
class ArtifactEdits:
    """What of a version can be edited, as it is now; lists and metadata may be changed in place.

    Attributes:
        ttl: What `ttlDurationSeconds` would be sent as; None where it was not set here.
    """

    description: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict[str, Any])
    aliases: list[str] = field(default_factory=list[str])
    tags: list[str] = field(default_factory=list[str])
    ttl: int | None = None


@dataclass
class ArtifactOrigin:
    """How a draft came to be, and what it is to be called before the server names it.

    Attributes:
        base_id: The version that it was drawn from.
        project: Where that version is: `ENTITY/PROJECT`.
        added: The names of entries by the files that they were made from.
        objects: The objects that were added, and their entries.
        client_id: A random name of 128 characters, by which others may refer to what has no id yet.
        sequence_client_id: Another one, of its collection.
    """

    incremental: bool = False
    use_as: str | None = None
    storage_region: str | None = None
    distributed_id: str | None = None
    base_id: str | None = None
    project: str | None = None
    added: dict[str, str] = field(default_factory=dict[str, str])
    objects: list[tuple[object, ManifestEntry]] = field(default_factory=list["tuple[object, ManifestEntry]"])
    client_id: str = field(default_factory=partial(secrets.token_hex, 64))
    sequence_client_id: str = field(default_factory=partial(secrets.token_hex, 64))

    @property
    def manifest_kind(self) -> str:
        """What its manifest is: whole, an addition to another, or one of several."""
        if self.incremental:
            return "INCREMENTAL"
        return "PATCH" if self.distributed_id else "FULL"

    def note(self, path: str | os.PathLike[str], name: str) -> None:
        """Remember that the entry `name` was made from the file at `path`."""
        self.added[os.path.abspath(path)] = name

    def name_of(self, path: str | os.PathLike[str]) -> str | None:
        """Return the name of the entry that was made from the file at `path`."""
        return self.added.get(os.path.abspath(path))

    def entry_of(self, value: object) -> ManifestEntry | None:
        """Return the entry of an object that was added; None of another."""
        return next((entry for held, entry in self.objects if held is value), None)


def plain(aliases: Iterable[str]) -> tuple[str, ...]:
    """Leave out the aliases that are version numbers."""
    return tuple(alias for alias in aliases if not VERSION.fullmatch(alias))


def number_in(aliases: Iterable[str]) -> int | None:
    """Return the version number among aliases, where old servers keep it."""
    return next((int(alias[1:]) for alias in aliases if VERSION.fullmatch(alias)), None)
