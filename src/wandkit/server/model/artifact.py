"""Versions of artifacts, as stored: their manifests and files, and the runs that made and used them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wandkit.server.database import Base, Timestamp, now

if TYPE_CHECKING:
    from wandkit.server.model.collection import Collection, CollectionMember
    from wandkit.server.model.run import Run
    from wandkit.server.model.user import User

__all__ = [
    "TTL_FOREVER",
    "TTL_INHERITED",
    "Artifact",
    "ArtifactBlob",
    "ArtifactFile",
    "ArtifactTag",
    "ArtifactUse",
    "Manifest",
    "RunOutput",
    "Upload",
    "UploadPart",
]

TTL_INHERITED = -1
"""`Artifact.ttl` where the collection decides how many seconds a version lives."""
TTL_FOREVER = -2
"""`Artifact.ttl` where a version stays."""


class Artifact(Base):
    """One version. It belongs to the sequence it was logged to; portfolios may hold it too.

    Attributes:
        state: `PENDING` until it is committed; `DELETED` afterwards, without a manifest and files.
        client_id: The name that a client made up for it before this server knew it.
        distributed_id: Shared by the writers of one version, while it is pending.
        wanted_aliases: `[collection name, alias]` pairs that commit gives it.
        metadata_text: JSON text of an object.
    """

    __tablename__ = "artifact"
    __table_args__: Any = (
        Index("artifact_sequence", "sequence_id", "created_at"),
        Index("artifact_digest", "sequence_id", "digest"),
        Index("artifact_lifetime", "committed_at", sqlite_where=text("ttl > 0 AND state = 'COMMITTED'")),
        Index("artifact_pending", "updated_at", sqlite_where=text("state = 'PENDING'")),
        Index("artifact_client", "client_id", unique=True, sqlite_where=text("client_id IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    sequence_id: Mapped[int] = mapped_column(ForeignKey("artifact_collection.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    run_id: Mapped[int | None] = mapped_column(ForeignKey("run.id", ondelete="SET NULL"), index=True)
    state: Mapped[str] = mapped_column(String(16), default="PENDING")
    digest: Mapped[str] = mapped_column(String(64))
    digest_algorithm: Mapped[str] = mapped_column(String(16), default="MANIFEST_MD5")
    description: Mapped[str | None] = mapped_column(Text)
    metadata_text: Mapped[str | None] = mapped_column("metadata", Text)
    labels: Mapped[str | None] = mapped_column(Text)
    ttl: Mapped[int] = mapped_column(default=TTL_INHERITED)
    size: Mapped[int] = mapped_column(BigInteger, default=0)
    file_count: Mapped[int] = mapped_column(default=0)
    history_step: Mapped[int | None]
    client_id: Mapped[str | None] = mapped_column(String(128))
    distributed_id: Mapped[str | None] = mapped_column(String(128))
    wanted_aliases: Mapped[list[list[str]]] = mapped_column(JSON, default=list)
    created_at: Mapped[Timestamp] = mapped_column(default=now)
    updated_at: Mapped[Timestamp] = mapped_column(default=now, onupdate=now)
    committed_at: Mapped[Timestamp | None]

    sequence: Mapped[Collection] = relationship()
    user: Mapped[User] = relationship()
    run: Mapped[Run | None] = relationship()
    members: Mapped[list[CollectionMember]] = relationship(
        back_populates="artifact", order_by="CollectionMember.id", cascade="all, delete-orphan"
    )
    tags: Mapped[list[ArtifactTag]] = relationship(
        back_populates="artifact", order_by="ArtifactTag.id", cascade="all, delete-orphan"
    )


class ArtifactTag(Base):
    """A tag of a version."""

    __tablename__ = "artifact_tag"
    __table_args__: Any = (UniqueConstraint("artifact_id", "category", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    artifact_id: Mapped[int] = mapped_column(ForeignKey("artifact.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(256))
    category: Mapped[str] = mapped_column(String(128), default="")
    attributes: Mapped[str] = mapped_column(Text, default="{}")

    artifact: Mapped[Artifact] = relationship(back_populates="tags")


class Manifest(Base):
    """The list of a version's entries, or a part of it that one writer sent.

    Attributes:
        type: `FULL`, `INCREMENTAL` (on top of a base version) or `PATCH` (one of several writers).
        digest: Base64 of the MD5 of its text, as announced; empty before that.
        blob: The text's key in the blob store; null before the upload.
        is_current: Whether it is the whole list of a committed version.
    """

    __tablename__ = "artifact_manifest"

    id: Mapped[int] = mapped_column(primary_key=True)
    artifact_id: Mapped[int] = mapped_column(ForeignKey("artifact.id", ondelete="CASCADE"), index=True)
    base_artifact_id: Mapped[int | None]
    type: Mapped[str] = mapped_column(String(16), default="FULL")
    name: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(64))
    blob: Mapped[str | None] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInteger, default=0)
    md5: Mapped[str | None] = mapped_column(String(24))
    is_current: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[Timestamp] = mapped_column(default=now)

    artifact: Mapped[Artifact] = relationship()


class ArtifactBlob(Base):
    """One content that an entity has: addressed by its digest, there as long as a file uses it.

    Attributes:
        key: Its place in the blob store; contents that crossed over from another entity share it.
        birth_id: The version with which it came.
    """

    __tablename__ = "artifact_blob"
    __table_args__: Any = (
        UniqueConstraint("entity_id", "md5"),
        Index("artifact_blob_xxh128", "entity_id", "xxh128"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    entity_id: Mapped[int] = mapped_column(ForeignKey("entity.id"))
    md5: Mapped[str] = mapped_column(String(24))
    xxh128: Mapped[str] = mapped_column(String(24))
    size: Mapped[int] = mapped_column(BigInteger)
    key: Mapped[str] = mapped_column(String(64), index=True)
    birth_id: Mapped[int]
    created_at: Mapped[Timestamp] = mapped_column(default=now)


class ArtifactFile(Base):
    """One entry of a version: a content, a reference to one elsewhere, or, while pending, an upload to come.

    Attributes:
        digest: What the manifest says: base64 of the MD5 or XXH128 of contents, what its scheme says of
            references. While pending, the MD5 of the upload to come.
        blob_id: The content; null for references and before the upload.
        ref: The URL of a reference.
        birth_id: The version with which the content came.
    """

    __tablename__ = "artifact_file"
    __table_args__: Any = (UniqueConstraint("artifact_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    artifact_id: Mapped[int] = mapped_column(ForeignKey("artifact.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(Text)
    size: Mapped[int] = mapped_column(BigInteger, default=0)
    blob_id: Mapped[int | None] = mapped_column(ForeignKey("artifact_blob.id"), index=True)
    ref: Mapped[str | None] = mapped_column(Text)
    birth_id: Mapped[int | None]
    mimetype: Mapped[str | None] = mapped_column(String(255))
    created_at: Mapped[Timestamp] = mapped_column(default=now)

    artifact: Mapped[Artifact] = relationship()
    blob: Mapped[ArtifactBlob | None] = relationship()


class Upload(Base):
    """An upload of one file in parts; `blob` is the whole content, once every part has arrived."""

    __tablename__ = "artifact_upload"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    file_id: Mapped[int] = mapped_column(ForeignKey("artifact_file.id", ondelete="CASCADE"), index=True)
    blob: Mapped[str | None] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInteger, default=0)
    md5: Mapped[str | None] = mapped_column(String(24))
    xxh128: Mapped[str | None] = mapped_column(String(24))
    created_at: Mapped[Timestamp] = mapped_column(default=now)

    file: Mapped[ArtifactFile] = relationship()
    parts: Mapped[list[UploadPart]] = relationship(
        order_by="UploadPart.number", cascade="all, delete-orphan", passive_deletes=True
    )


class UploadPart(Base):
    """One part of an upload; `blob` is null before it arrived."""

    __tablename__ = "artifact_upload_part"

    upload_id: Mapped[str] = mapped_column(
        ForeignKey("artifact_upload.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    hex_md5: Mapped[str] = mapped_column(String(32))
    blob: Mapped[str | None] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInteger, default=0)


class RunOutput(Base):
    """A run logged a version, as the first or again with the same contents."""

    __tablename__ = "run_output"
    __table_args__: Any = (UniqueConstraint("run_id", "artifact_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"))
    artifact_id: Mapped[int] = mapped_column(ForeignKey("artifact.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[Timestamp] = mapped_column(default=now)


class ArtifactUse(Base):
    """A run used a version, under the names that it gave for that."""

    __tablename__ = "artifact_use"
    __table_args__: Any = (UniqueConstraint("run_id", "artifact_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"))
    artifact_id: Mapped[int] = mapped_column(ForeignKey("artifact.id", ondelete="CASCADE"), index=True)
    used_as: Mapped[list[str]] = mapped_column(JSON, default=list)
    created_at: Mapped[Timestamp] = mapped_column(default=now)

    run: Mapped[Run] = relationship()
