"""Artifact types and collections, as stored: sequences to log to, portfolios to link versions to.

A version is in a collection through a `CollectionMember`, which also says its number there. Aliases belong to
a collection and point to one of its versions; the number itself (`v3`) is one of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wandkit.server.database import Base, Timestamp, now

if TYPE_CHECKING:
    from wandkit.server.model.artifact import Artifact
    from wandkit.server.model.project import Project

__all__ = [
    "Alias",
    "ArtifactPortfolio",
    "ArtifactSequence",
    "ArtifactType",
    "Collection",
    "CollectionMember",
    "CollectionTag",
]


class ArtifactType(Base):
    """A kind of artifact in a project, such as `dataset`."""

    __tablename__ = "artifact_type"
    __table_args__: Any = (UniqueConstraint("project_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(128))
    description: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[Timestamp] = mapped_column(default=now)

    project: Mapped[Project] = relationship()


class Collection(Base):
    """A named list of versions. A deleted one keeps its row and gives its name free.

    Attributes:
        kind: `SEQUENCE` or `PORTFOLIO`; the two classes below.
        client_id: The name that a client made up for a sequence before this server knew it.
        next_version: The number of the next version; numbers of deleted versions are not used again.
        ttl_seconds: How long versions live that inherit it; null for ever.
    """

    __tablename__ = "artifact_collection"
    __table_args__: Any = (
        Index("collection_name", "project_id", "name", unique=True, sqlite_where=text("deleted_at IS NULL")),
        Index("collection_type", "type_id"),
    )
    __mapper_args__: Any = {"polymorphic_on": "kind"}  # noqa: RUF012

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    type_id: Mapped[int] = mapped_column(ForeignKey("artifact_type.id"))
    kind: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(128))
    description: Mapped[str | None] = mapped_column(Text)
    client_id: Mapped[str | None] = mapped_column(String(128), index=True)
    next_version: Mapped[int] = mapped_column(default=0)
    ttl_seconds: Mapped[int | None]
    created_at: Mapped[Timestamp] = mapped_column(default=now)
    updated_at: Mapped[Timestamp] = mapped_column(default=now, onupdate=now)
    deleted_at: Mapped[Timestamp | None]

    project: Mapped[Project] = relationship()
    type: Mapped[ArtifactType] = relationship()
    tags: Mapped[list[CollectionTag]] = relationship(
        back_populates="collection", order_by="CollectionTag.id", cascade="all, delete-orphan"
    )

    @property
    def state(self) -> str:
        """`READY`, or `DELETED`."""
        return "READY" if self.deleted_at is None else "DELETED"


class ArtifactSequence(Collection):
    """The versions that were logged under one name."""

    __mapper_args__: Any = {"polymorphic_identity": "SEQUENCE"}  # noqa: RUF012


class ArtifactPortfolio(Collection):
    """Versions that were logged elsewhere and linked here."""

    __mapper_args__: Any = {"polymorphic_identity": "PORTFOLIO"}  # noqa: RUF012


class CollectionMember(Base):
    """A version's place in a collection."""

    __tablename__ = "artifact_membership"
    __table_args__: Any = (
        UniqueConstraint("collection_id", "artifact_id"),
        UniqueConstraint("collection_id", "version_index"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    collection_id: Mapped[int] = mapped_column(ForeignKey("artifact_collection.id", ondelete="CASCADE"))
    artifact_id: Mapped[int] = mapped_column(ForeignKey("artifact.id", ondelete="CASCADE"), index=True)
    version_index: Mapped[int]
    created_at: Mapped[Timestamp] = mapped_column(default=now)

    collection: Mapped[Collection] = relationship()
    artifact: Mapped[Artifact] = relationship(back_populates="members")
    aliases: Mapped[list[Alias]] = relationship(
        back_populates="member", order_by="Alias.id", cascade="all, delete-orphan"
    )


class Alias(Base):
    """A name of one version within one collection; `is_version` marks the number, which stays."""

    __tablename__ = "artifact_alias"
    __table_args__: Any = (UniqueConstraint("collection_id", "alias"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    collection_id: Mapped[int] = mapped_column(ForeignKey("artifact_collection.id", ondelete="CASCADE"))
    member_id: Mapped[int] = mapped_column(
        ForeignKey("artifact_membership.id", ondelete="CASCADE"), index=True
    )
    alias: Mapped[str] = mapped_column(String(256))
    is_version: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[Timestamp] = mapped_column(default=now)

    member: Mapped[CollectionMember] = relationship(back_populates="aliases")


class CollectionTag(Base):
    """A tag of a collection."""

    __tablename__ = "artifact_collection_tag"
    __table_args__: Any = (UniqueConstraint("collection_id", "category", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    collection_id: Mapped[int] = mapped_column(ForeignKey("artifact_collection.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(256))
    category: Mapped[str] = mapped_column(String(128), default="")
    attributes: Mapped[str] = mapped_column(Text, default="{}")

    collection: Mapped[Collection] = relationship(back_populates="tags")
