"""History as parquet: what hosted servers make of runs that are done, so that clients read them in bulk.

Every numeric column is double, `_step` too; NaN and infinities are numbers there. Texts are texts, values
with parts are structs or lists where all rows agree on their shape, and JSON text otherwise.
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from wandkit.server.blobs import BlobStore
from wandkit.server.database import Database, timestamp
from wandkit.server.history import exported_step
from wandkit.server.model.entity import Entity
from wandkit.server.model.project import Project
from wandkit.server.model.run import TERMINAL_STATES, Run
from wandkit.server.model.stream import HistoryExport, HistoryLine
from wandkit.server.shapes import is_object

if TYPE_CHECKING:
    import pyarrow

__all__ = ["export_due", "export_history", "export_run", "parquet_of"]

_NON_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def export_history(
    session: Session,
    blobs: BlobStore,
    path: tuple[str, str, str],
    upto_step: int | None = None,
    *,
    keep_rows: bool = True,
) -> HistoryExport | None:
    """Export the history of the run at entity, project and name; see `export_run`.

    Raises:
        ValueError: There is no such run.
    """
    entity, project, name = path
    run = session.scalars(
        sa.select(Run)
        .join(Project, Project.id == Run.project_id)
        .join(Entity, Entity.id == Project.entity_id)
        .where(Entity.name == entity, Project.name == project, Run.name == name, Run.deleted_at.is_(None))
    ).one_or_none()
    if run is None:
        raise ValueError(f"no run {'/'.join(path)}")
    return export_run(session, blobs, run, upto_step, keep_rows=keep_rows)


def export_run(
    session: Session, blobs: BlobStore, run: Run, upto_step: int | None = None, *, keep_rows: bool = True
) -> HistoryExport | None:
    """Export the rows that no export of the run holds yet; return the new one, or None without such rows.

    Args:
        upto_step: The last step to export; None for all of them.
        keep_rows: Whether the rows stay in the live store too, so that servers and clients without parquet
            see them.
    """
    conditions = [HistoryLine.run_id == run.id]
    exported = exported_step(session, run)
    if exported is not None:
        conditions.append(HistoryLine.step > exported)
    if upto_step is not None:
        conditions.append(HistoryLine.step <= upto_step)
    lines = sa.select(HistoryLine.step, HistoryLine.text).where(*conditions)
    found = session.execute(lines.order_by(HistoryLine.step, HistoryLine.line)).all()
    if not found:
        return None
    blob = blobs.put(parquet_of(json.loads(text) for _, text in found))
    export = HistoryExport(
        run_id=run.id,
        first_step=found[0][0],
        last_step=found[-1][0],
        row_count=len(found),
        blob=blob.key,
        size=blob.size,
        md5=blob.md5,
    )
    session.add(export)
    if not keep_rows:
        session.execute(sa.delete(HistoryLine).where(*conditions))
    session.flush()
    return export


def export_due(database: Database, blobs: BlobStore, age_s: float) -> None:
    """Export the history of every run that ended more than `age_s` seconds ago; live rows stay."""
    cutoff = timestamp(datetime.now(timezone.utc) - timedelta(seconds=age_s))
    exported = sa.select(sa.func.max(HistoryExport.last_step)).where(HistoryExport.run_id == Run.id)
    due = sa.select(Run.id).where(
        Run.state.in_(TERMINAL_STATES),
        Run.deleted_at.is_(None),
        Run.heartbeat_at < cutoff,
        Run.last_step > sa.func.coalesce(exported.scalar_subquery(), -(2**63)),
    )
    with database.read() as session:
        run_ids = session.scalars(due).all()
    for run_id in run_ids:
        with database.write() as session:
            run = session.get(Run, run_id)
            if run is not None and run.state in TERMINAL_STATES:
                export_run(session, blobs, run)


def parquet_of(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Return the rows as a parquet file, a column per key in the order of first appearance."""
    import pyarrow
    import pyarrow.parquet

    rows = list(rows)
    names = dict.fromkeys(name for row in rows for name in row)
    columns = {name: _column([row.get(name) for row in rows]) for name in names}
    out = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(columns), out, compression="snappy")
    return out.getvalue()


def _column(values: Sequence[Any]) -> pyarrow.Array:
    import pyarrow

    kinds = {_kind(value) for value in values if value is not None}
    if kinds == {"number"}:
        numbers = [_NON_FINITE[value] if isinstance(value, str) else value for value in values]
        return pyarrow.array(numbers, pyarrow.float64())
    if all(value is None or isinstance(value, str) for value in values):
        return pyarrow.array(values, pyarrow.string())
    if len(kinds) == 1:
        try:
            return pyarrow.array(values)
        except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError, pyarrow.ArrowNotImplementedError):
            pass
    return pyarrow.array([None if value is None else json.dumps(value) for value in values], pyarrow.string())


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, str):
        return "number" if value in _NON_FINITE else "text"
    return f"object of {sorted(value)}" if is_object(value) else "list"
