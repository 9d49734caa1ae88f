"""The contents of artifacts: one per digest and entity, there as long as an entry uses it."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Collection, Iterable

from sqlalchemy import Select, delete, exists, func, select
from sqlalchemy.orm import Session

from wandkit.server.blobs import Blob, BlobStore
from wandkit.server.files import remove_blobs_after_commit
from wandkit.server.model.artifact import Artifact, ArtifactBlob, ArtifactFile, Manifest, Upload
from wandkit.server.model.collection import Collection as ArtifactCollection
from wandkit.server.model.project import Project

__all__ = [
    "blob_target",
    "blob_users",
    "discard_contents",
    "drop_manifests",
    "drop_uploads",
    "from_hex",
    "keep",
    "known_by_xxh128",
    "known_blobs",
    "manifest_target",
    "part_target",
    "release",
    "to_hex",
    "upload_target",
]


def blob_target(entity_id: int, md5: str, name: str) -> str:
    """Return what a link to a content is signed for; `name` only names the download."""
    return f"storage/artifact/{entity_id}/{to_hex(md5)}/{name.rpartition('/')[2]}"


def upload_target(artifact_id: int, md5: str) -> str:
    """Return what a link to upload a content of a pending version is signed for."""
    return f"storage/artifact-upload/{artifact_id}/{to_hex(md5)}"


def part_target(upload_id: str, number: int) -> str:
    """Return what a link to upload one part of a content is signed for."""
    return f"storage/artifact-part/{upload_id}/{number}"


def manifest_target(manifest: Manifest) -> str:
    """Return what a link to a manifest is signed for, in both directions."""
    return f"storage/manifest/{manifest.artifact_id}/{manifest.id}/{manifest.name}"


def to_hex(md5: str) -> str:
    """Return the hex form of a base64 digest of 128 bits.

    Raises:
        ValueError: It is none.
    """
    try:
        raw = b64decode(md5, validate=True)
    except (Error, ValueError):
        raw = b""
    if len(raw) != 16:
        raise ValueError(f"{md5[:80]!r} is not the base64 form of a digest of 128 bits")
    return raw.hex()


def from_hex(digest: str) -> str:
    """Return the base64 form of a hex digest of 128 bits.

    Raises:
        ValueError: It is none.
    """
    raw = bytes.fromhex(digest)
    if len(raw) != 16:
        raise ValueError(f"{digest[:80]!r} is not a digest of 128 bits")
    return b64encode(raw).decode()


def known_blobs(session: Session, entity_id: int, md5s: Collection[str]) -> dict[str, ArtifactBlob]:
    """Return the contents that the entity has, of those with these digests."""
    wanted = func.json_each(json.dumps(sorted(set(md5s)))).table_valued("value", name=None)
    statement = select(ArtifactBlob).where(
        ArtifactBlob.entity_id == entity_id, ArtifactBlob.md5.in_(select(wanted.c.value))
    )
    return {blob.md5: blob for blob in session.scalars(statement)}


def known_by_xxh128(session: Session, entity_id: int, digests: Collection[str]) -> dict[str, ArtifactBlob]:
    """Return the contents that the entity has, of those with these XXH128 digests."""
    wanted = func.json_each(json.dumps(sorted(set(digests)))).table_valued("value", name=None)
    statement = select(ArtifactBlob).where(
        ArtifactBlob.entity_id == entity_id, ArtifactBlob.xxh128.in_(select(wanted.c.value))
    )
    return {blob.xxh128: blob for blob in session.scalars(statement)}


def keep(session: Session, blobs: BlobStore, entity_id: int, blob: Blob, birth_id: int) -> ArtifactBlob:
    """Return the entity's content with the digest of `blob`: the one it has already, else this one."""
    known = known_blobs(session, entity_id, [blob.md5]).get(blob.md5)
    if known is not None:
        if known.key != blob.key:
            remove_blobs_after_commit(session, blobs, [blob.key])
        return known
    kept = ArtifactBlob(
        entity_id=entity_id,
        md5=blob.md5,
        xxh128=blob.xxh128,
        size=blob.size,
        key=blob.key,
        birth_id=birth_id,
    )
    session.add(kept)
    session.flush()
    return kept


def blob_users(entity_id: int, md5: str) -> Select[Project]:
    """Select the projects of which a version has this content of the entity."""
    return (
        select(Project)
        .distinct()
        .join(ArtifactCollection, ArtifactCollection.project_id == Project.id)
        .join(Artifact, Artifact.sequence_id == ArtifactCollection.id)
        .join(ArtifactFile, ArtifactFile.artifact_id == Artifact.id)
        .join(ArtifactBlob, ArtifactFile.blob_id == ArtifactBlob.id)
        .where(ArtifactBlob.entity_id == entity_id, ArtifactBlob.md5 == md5, Project.deleted_at.is_(None))
    )


def discard_contents(session: Session, blobs: BlobStore, artifact: Artifact) -> None:
    """Remove the files, uploads and manifests of a version, and the contents that nothing else uses."""
    drop_manifests(session, blobs, artifact, keep_id=None)
    drop_uploads(session, blobs, artifact)
    used = select(ArtifactFile.blob_id).where(
        ArtifactFile.artifact_id == artifact.id, ArtifactFile.blob_id.is_not(None)
    )
    ids = [number for number in session.scalars(used.distinct()) if number is not None]
    session.execute(delete(ArtifactFile).where(ArtifactFile.artifact_id == artifact.id))
    release(session, blobs, ids)


def drop_uploads(session: Session, blobs: BlobStore, artifact: Artifact) -> None:
    """Forget the uploads in parts of a version, with the parts that arrived."""
    mine = Upload.file_id.in_(select(ArtifactFile.id).where(ArtifactFile.artifact_id == artifact.id))
    for upload in session.scalars(select(Upload).where(mine)).all():
        keys = [upload.blob, *(part.blob for part in upload.parts)]
        remove_blobs_after_commit(session, blobs, [key for key in keys if key is not None])
        session.delete(upload)
    session.flush()


def release(session: Session, blobs: BlobStore, blob_ids: Iterable[int]) -> None:
    """Remove those of these contents that no entry uses any more."""
    asked = func.json_each(json.dumps(list(blob_ids))).table_valued("value", name=None)
    unused = ~exists().where(ArtifactFile.blob_id == ArtifactBlob.id)
    doomed = list(
        session.scalars(select(ArtifactBlob).where(ArtifactBlob.id.in_(select(asked.c.value)), unused))
    )
    if not doomed:
        return
    numbers = func.json_each(json.dumps([blob.id for blob in doomed])).table_valued("value", name=None)
    session.execute(
        delete(ArtifactBlob).where(ArtifactBlob.id.in_(select(numbers.c.value))),
        execution_options={"synchronize_session": False},
    )
    keys = func.json_each(json.dumps([blob.key for blob in doomed])).table_valued("value", name=None)
    shared = set(session.scalars(select(ArtifactBlob.key).where(ArtifactBlob.key.in_(select(keys.c.value)))))
    remove_blobs_after_commit(session, blobs, {blob.key for blob in doomed} - shared)
    for blob in doomed:
        session.expunge(blob)


def drop_manifests(session: Session, blobs: BlobStore, artifact: Artifact, *, keep_id: int | None) -> None:
    """Remove the manifests of a version but one."""
    doomed = list(session.scalars(select(Manifest).where(Manifest.artifact_id == artifact.id)))
    remove_blobs_after_commit(
        session, blobs, [found.blob for found in doomed if found.id != keep_id and found.blob]
    )
    for found in doomed:
        if found.id != keep_id:
            session.delete(found)
    session.flush()
