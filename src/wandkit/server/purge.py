"""What deleted runs and projects leave behind, freed for good some days later.

Until then a deleted run can be brought back whole. Its row stays for ever, so that its id is not used again.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from sqlalchemy import ColumnElement, Select, delete, or_, select, update
from sqlalchemy.orm import Session

from wandkit.server.artifact_deletion import delete_version
from wandkit.server.blobs import BlobStore
from wandkit.server.database import Database, timestamp
from wandkit.server.files import remove_blobs_after_commit
from wandkit.server.model.artifact import Artifact
from wandkit.server.model.collection import Collection, CollectionMember
from wandkit.server.model.file import RunFile
from wandkit.server.model.project import Project
from wandkit.server.model.run import Run
from wandkit.server.model.stream import EventLine, HistoryExport, HistoryLine, LogLine

__all__ = ["purge_deleted"]

_AT_ONCE = 50
_STREAMS = (HistoryLine, EventLine, LogLine)


def purge_deleted(database: Database, blobs: BlobStore, age_s: float, at: datetime | None = None) -> int:
    """Free what was deleted `age_s` seconds ago or earlier; return how many runs and versions that were.

    A bounded number goes at once, so that the store is never locked for long.

    Args:
        database: The database.
        blobs: The store of the contents.
        age_s: How long deleted runs can be brought back.
        at: The moment to judge by; without it the present one.
    """
    cutoff = timestamp((at or datetime.now(timezone.utc)) - timedelta(seconds=age_s))
    runs, versions = _dead_runs(cutoff), _dead_versions(cutoff)
    with database.read() as session:
        if session.scalar(runs.limit(1)) is None and session.scalar(versions.limit(1)) is None:
            return 0
    with database.write() as session:
        numbers = list(session.scalars(runs.limit(_AT_ONCE)))
        _purge_runs(session, blobs, numbers)
        found = list(session.scalars(versions.limit(_AT_ONCE)))
        for number in found:
            delete_version(session, blobs, session.get_one(Artifact, number))
        return len(numbers) + len(found)


def _dead_runs(cutoff: str) -> Select[int]:
    dead = or_(Run.deleted_at <= cutoff, Run.project_id.in_(_dead_projects(cutoff)))
    return select(Run.id).where(Run.purged.is_(False), dead)


def _dead_projects(cutoff: str) -> Select[int]:
    return select(Project.id).where(Project.deleted_at <= cutoff)


def _dead_versions(cutoff: str) -> Select[int]:
    """Select the versions of deleted projects that no collection of another project holds."""
    logged_to_it = select(Collection.id).where(Collection.project_id.in_(_dead_projects(cutoff)))
    return select(Artifact.id).where(
        Artifact.state != "DELETED", Artifact.sequence_id.in_(logged_to_it), ~_held_elsewhere()
    )


def _held_elsewhere() -> ColumnElement[bool]:
    return (
        select(CollectionMember.id)
        .join(Collection, CollectionMember.collection_id == Collection.id)
        .join(Project, Collection.project_id == Project.id)
        .where(
            CollectionMember.artifact_id == Artifact.id,
            Collection.deleted_at.is_(None),
            Project.deleted_at.is_(None),
        )
        .exists()
    )


def _purge_runs(session: Session, blobs: BlobStore, numbers: list[int]) -> None:
    """Remove the files, rows and exports of runs, and what they said; only their names stay."""
    for kind in (RunFile, HistoryExport):
        keys = session.scalars(select(kind.blob).where(kind.run_id.in_(numbers)))
        remove_blobs_after_commit(session, blobs, keys)
    for table in (RunFile, HistoryExport, *_STREAMS):
        session.execute(delete(table).where(table.run_id.in_(numbers)), execution_options=_UNSYNCED)
    nothing = {"config": "{}", "config_strict": None, "summary": "{}", "summary_strict": None}
    emptied = update(Run).where(Run.id.in_(numbers))
    session.execute(
        emptied.values(purged=True, system_metrics=None, history_keys=None, **nothing),
        execution_options=_UNSYNCED,
    )


_UNSYNCED = {"synchronize_session": False}
