"""Versions that go: deleted by somebody, or past the lifetime that they were given."""

from __future__ import annotations

from datetime import datetime, timezone

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wandkit.server.artifact_blobs import discard_contents
from wandkit.server.blobs import BlobStore
from wandkit.server.database import Database, now, timestamp
from wandkit.server.model.artifact import Artifact
from wandkit.server.versions import remove_member

__all__ = ["delete_version", "expire_versions"]

_AT_ONCE = 100
_DAY_S = 86400.0
_ABANDONED_S = 14 * _DAY_S


def delete_version(session: Session, blobs: BlobStore, found: Artifact) -> None:
    """Delete a version: it leaves its collections, and its contents go where nothing else uses them."""
    for member in list(found.members):
        remove_member(session, member)
    session.expire(found, ["members"])
    discard_contents(session, blobs, found)
    found.state, found.updated_at = "DELETED", now()
    session.flush()


def expire_versions(database: Database, blobs: BlobStore, at: datetime | None = None) -> int:
    """Delete the versions whose lifetime is over or whose upload was given up; return how many.

    A bounded number goes at once, so that the store is never locked for long.

    Args:
        database: The database.
        blobs: The store of their contents.
        at: The moment to judge by; without it the present one.
    """
    moment = timestamp(at or datetime.now(timezone.utc))
    age = (func.julianday(moment) - func.julianday(Artifact.committed_at)) * _DAY_S
    idle = (func.julianday(moment) - func.julianday(Artifact.updated_at)) * _DAY_S
    over = select(Artifact).where(
        ((Artifact.ttl > 0) & (Artifact.state == "COMMITTED") & (age > Artifact.ttl))
        | ((Artifact.state == "PENDING") & (idle > _ABANDONED_S))
    )
    with database.read() as session:
        if session.scalars(over.limit(1)).first() is None:
            return 0
    with database.write() as session:
        expired = session.scalars(over.limit(_AT_ONCE)).all()
        for found in expired:
            delete_version(session, blobs, found)
        return len(expired)
