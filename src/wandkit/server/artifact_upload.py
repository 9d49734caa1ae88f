"""What arrives for pending versions: whole contents, parts of them, manifests."""

from __future__ import annotations

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from wandkit.server.artifact_blobs import keep, to_hex
from wandkit.server.blobs import CHUNK_BYTES, Blob, BlobStore, BlobWriter
from wandkit.server.files import remove_blobs_after_commit
from wandkit.server.model.artifact import Artifact, ArtifactFile, Manifest, Upload, UploadPart

__all__ = ["UploadRefused", "attach", "join_parts", "store_manifest", "store_part", "whole_upload"]


class UploadRefused(Exception):
    """The upload cannot be taken; `status` is the HTTP answer."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


def attach(session: Session, blobs: BlobStore, artifact: Artifact, blob: Blob) -> None:
    """Make `blob` the content of the pending version's files that have its digest."""
    kept = keep(session, blobs, artifact.sequence.project.entity_id, blob, artifact.id)
    session.execute(
        update(ArtifactFile)
        .where(
            ArtifactFile.artifact_id == artifact.id,
            ArtifactFile.digest == blob.md5,
            ArtifactFile.ref.is_(None),
        )
        .values(blob_id=kept.id, size=kept.size, birth_id=kept.birth_id)
    )


def store_part(session: Session, blobs: BlobStore, upload_id: str, number: int, blob: Blob) -> bool:
    """Keep one part of an upload; return whether every part is there and nobody joins them yet.

    Raises:
        UploadRefused: There is no such part, or it has another digest than was announced.
    """
    part = session.get(UploadPart, (upload_id, number))
    upload = session.get(Upload, upload_id)
    if part is None or upload is None:
        raise UploadRefused("no such upload", 404)
    if to_hex(blob.md5) != part.hex_md5:
        raise UploadRefused("the part has another digest than was announced")
    if part.blob is not None or upload.blob is not None:
        remove_blobs_after_commit(session, blobs, [blob.key])
        return False
    part.blob, part.size = blob.key, blob.size
    session.flush()
    missing = select(func.count()).where(UploadPart.upload_id == upload_id, UploadPart.blob.is_(None))
    return not session.scalar(missing)


def join_parts(blobs: BlobStore, keys: list[str]) -> Blob:
    """Return one new blob with the contents of several, one after the other."""
    writer = BlobWriter(blobs, blobs.max_bytes)
    try:
        for key in keys:
            with blobs.path(key).open("rb") as file:
                while piece := file.read(CHUNK_BYTES):
                    writer.write(piece)
        return writer.commit()
    except BaseException:
        writer.abandon()
        raise


def whole_upload(session: Session, blobs: BlobStore, upload: Upload, joined: Blob | None = None) -> Blob:
    """Return the content of an upload, joined from its parts if it was not yet; the parts go."""
    if upload.blob is None:
        keys = [part.blob for part in upload.parts if part.blob is not None]
        blob = joined or join_parts(blobs, keys)
        upload.blob, upload.size = blob.key, blob.size
        upload.md5, upload.xxh128 = blob.md5, blob.xxh128
        remove_blobs_after_commit(session, blobs, keys)
        for part in upload.parts:
            part.blob = None
        session.flush()
    return Blob(upload.blob, upload.size, upload.md5 or "", upload.xxh128 or "")


def store_manifest(session: Session, blobs: BlobStore, manifest: Manifest, blob: Blob) -> None:
    """Keep the text of a manifest.

    Raises:
        UploadRefused: The version is committed, or the text has another digest than was announced.
    """
    if manifest.artifact.state != "PENDING":
        raise UploadRefused("the version is committed already", 409)
    if manifest.digest and manifest.digest != blob.md5:
        raise UploadRefused("the manifest has another digest than was announced")
    if manifest.blob is not None:
        remove_blobs_after_commit(session, blobs, [manifest.blob])
    manifest.blob, manifest.size, manifest.md5 = blob.key, blob.size, blob.md5
