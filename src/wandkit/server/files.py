"""The files of a run: where their links point, and what an upload or a delete does to the store."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterable

from sqlalchemy import event, select
from sqlalchemy.orm import Session

from wandkit.server.blobs import Blob, BlobStore
from wandkit.server.database import now
from wandkit.server.model.file import RunFile

__all__ = [
    "check_name",
    "find_file",
    "mimetype_of",
    "remove_blobs_after_commit",
    "run_file_target",
    "store_file",
]

_MAX_NAME_BYTES = 4096
_BY_SUFFIX = {  # what runs have and the platform's own table may lack
    "yaml": "application/yaml",
    "yml": "application/yaml",
    "log": "text/plain",
    "md": "text/markdown",
    "jsonl": "application/jsonl",
    "parquet": "application/vnd.apache.parquet",
}


def run_file_target(run_id: int, name: str) -> str:
    """Return what a link to a run's file is signed for: its path on this server."""
    return f"storage/run/{run_id}/{name}"


def check_name(name: str) -> str:
    """Return `name` if a run can have a file of that name.

    Raises:
        ValueError: It is empty, too long, absolute, or has parts that lead elsewhere.
    """
    if not name or len(name.encode("utf-8", "replace")) > _MAX_NAME_BYTES or "\x00" in name:
        raise ValueError(f"invalid file name {name[:80]!r}: it is empty, too long or has a null character")
    if any(part in ("", ".", "..") for part in name.split("/")):
        raise ValueError(
            f"invalid file name {name[:80]!r}: use a relative path without empty, '.' and '..' parts"
        )
    return name


def mimetype_of(name: str, sent: str | None = None) -> str:
    """Return the media type of a file, by its name first, else as the uploader said."""
    guessed = _BY_SUFFIX.get(name.rpartition(".")[2].lower()) or mimetypes.guess_type(name, strict=False)[0]
    return guessed or (sent or "").partition(";")[0].strip()[:255] or "application/octet-stream"


def find_file(session: Session, run_id: int, name: str) -> RunFile | None:
    """Return the uploaded file of this name."""
    return session.scalars(
        select(RunFile).where(RunFile.run_id == run_id, RunFile.name == name)
    ).one_or_none()


def store_file(
    session: Session, blobs: BlobStore, run_id: int, name: str, blob: Blob, mimetype: str | None = None
) -> RunFile:
    """Make `blob` the content of the run's file `name`; an older content goes when this is committed."""
    file = find_file(session, run_id, name)
    if file is None:
        file = RunFile(run_id=run_id, name=name)
        session.add(file)
    else:
        remove_blobs_after_commit(session, blobs, [file.blob])
    file.blob, file.size, file.md5 = blob.key, blob.size, blob.md5
    file.mimetype = mimetype_of(name, mimetype)
    file.updated_at = now()
    session.flush()
    return file


def remove_blobs_after_commit(session: Session, blobs: BlobStore, keys: Iterable[str]) -> None:
    """Remove blobs once nothing in the database points to them any more."""
    doomed = list(keys)

    def remove(session: Session) -> None:
        if session.in_nested_transaction():  # a savepoint's end, which may still be undone
            return
        for key in doomed:
            blobs.remove(key)

    event.listen(session, "after_commit", remove)
