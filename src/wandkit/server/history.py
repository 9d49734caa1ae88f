"""Reading what a run streamed: windows of rows, samples of keys, tails for a resume.

Rows that a parquet export holds alone are read from there by the client; everything here is the live store.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from wandkit.server.filtering.fields import listed
from wandkit.server.filtering.paths import json_field, splits
from wandkit.server.model.run import Run
from wandkit.server.model.stream import EventLine, HistoryExport, HistoryLine
from wandkit.server.shapes import is_list, is_object

__all__ = ["SampleSpec", "events", "exports", "live_rows", "page", "sample", "sampled", "tail"]

DEFAULT_SAMPLES = 500
_TAIL_LINES = 10
_MAX_KEYS = 500

T = TypeVar("T")


@dataclass(frozen=True)
class SampleSpec:
    """One spec of `sampledHistory`: rows that have all `keys`, steps `min_step` to `max_step` inclusive.

    Clients that look up a sweep send a spec without keys, which has no rows.
    """

    keys: Sequence[str]
    samples: int = DEFAULT_SAMPLES
    min_step: int | None = None
    max_step: int | None = None

    @classmethod
    def parse(cls, text: str) -> SampleSpec:
        """Return the spec that the JSON text holds.

        Raises:
            ValueError: It holds none.
        """
        spec = json.loads(text)
        keys = spec.get("keys", []) if is_object(spec) else None
        if not is_list(keys) or not all(isinstance(key, str) for key in keys) or len(keys) > _MAX_KEYS:
            raise ValueError(f"a history spec needs `keys`, a list of at most {_MAX_KEYS} names")
        samples = _whole(spec, "samples")
        return cls(
            keys,
            DEFAULT_SAMPLES if samples is None else samples,
            _whole(spec, "minStep"),
            _whole(spec, "maxStep"),
        )


def sample(rows: Sequence[T], samples: int | None) -> Sequence[T]:
    """Return at most `samples` of `rows`, evenly spread, the first and last included."""
    count = len(rows)
    if samples is None or samples <= 0 or count <= samples:
        return rows
    if samples == 1:
        return [rows[-1]]
    return [rows[index * (count - 1) // (samples - 1)] for index in range(samples)]


def page(
    session: Session,
    run: Run,
    *,
    samples: int | None,
    min_step: int | None = None,
    max_step: int | None = None,
) -> list[str]:
    """Return the rows of the steps from `min_step` up to, not including, `max_step`, as JSON texts.

    Rows are thinned out only where there are more than `samples` of them (500 where that is not said).
    """
    conditions = [HistoryLine.run_id == run.id]
    if min_step is not None:
        conditions.append(HistoryLine.step >= _clamped(min_step))
    if max_step is not None:
        conditions.append(HistoryLine.step < _clamped(max_step))
    lines = _chosen(session, conditions, DEFAULT_SAMPLES if samples is None else samples)
    return _texts(session, run, lines, conditions)


def sampled(session: Session, run: Run, spec: SampleSpec) -> list[dict[str, Any]]:
    """Return the rows that have all keys of the spec, with those keys only, thinned out above `samples`."""
    if not spec.keys:
        return []
    conditions: list[ColumnElement[bool]] = [HistoryLine.run_id == run.id]
    if spec.min_step is not None:
        conditions.append(HistoryLine.step >= _clamped(spec.min_step))
    if spec.max_step is not None:
        conditions.append(HistoryLine.step <= _clamped(spec.max_step))
    text = HistoryLine.text.expression
    conditions += [json_field(text, key.split(".")).exists() for key in spec.keys]
    lines = _chosen(session, conditions, spec.samples)
    rows = map(json.loads, _texts(session, run, lines, conditions))
    return [{key: _value(row, key) for key in spec.keys} for row in rows]


def live_rows(session: Session, run: Run, keys: Sequence[str]) -> list[dict[str, Any]]:
    """Return the rows that no export holds, with those of `keys` that they have."""
    conditions = [HistoryLine.run_id == run.id]
    last = exported_step(session, run)
    if last is not None:
        conditions.append(HistoryLine.step > last)
    if list(keys) == ["_step"]:
        steps = sa.select(HistoryLine.step).where(*conditions).order_by(HistoryLine.step, HistoryLine.line)
        return [{"_step": step} for step in session.scalars(steps)]
    rows = map(json.loads, _texts(session, run, None, conditions))
    return [{key: value for key in keys if (value := _value(row, key)) is not None} for row in rows]


def exports(session: Session, run: Run) -> Sequence[HistoryExport]:
    """Return the run's parquet exports in step order."""
    found = sa.select(HistoryExport).where(HistoryExport.run_id == run.id).order_by(HistoryExport.first_step)
    return session.scalars(found).all()


def exported_step(session: Session, run: Run) -> int | None:
    """Return the last step that an export holds."""
    return session.scalar(
        sa.select(sa.func.max(HistoryExport.last_step)).where(HistoryExport.run_id == run.id)
    )


def events(session: Session, run: Run, samples: int | None) -> list[str]:
    """Return rows of system metrics, as JSON texts, thinned out above `samples`."""
    lines = session.scalars(
        sa.select(EventLine.line).where(EventLine.run_id == run.id).order_by(EventLine.line)
    ).all()
    chosen = sample(lines, DEFAULT_SAMPLES if samples is None else samples)
    texts = sa.select(EventLine.text).where(EventLine.run_id == run.id).order_by(EventLine.line)
    if len(chosen) < len(lines):
        texts = texts.where(EventLine.line.in_(listed(chosen)))
    return list(session.scalars(texts))


def tail(session: Session, run: Run, kind: type[HistoryLine] | type[EventLine]) -> str:
    """Return the last lines of a stream as a JSON list of texts, from which a client resumes."""
    lines = sa.select(kind.text).where(kind.run_id == run.id).order_by(kind.line.desc()).limit(_TAIL_LINES)
    return json.dumps(list(session.scalars(lines))[::-1])


def _chosen(
    session: Session, conditions: Sequence[ColumnElement[bool]], samples: int
) -> Sequence[int] | None:
    """Return the lines to answer with, in order, or None for all."""
    count = session.scalar(sa.select(sa.func.count()).select_from(HistoryLine).where(*conditions)) or 0
    if samples <= 0 or count <= samples:
        return None
    lines = sa.select(HistoryLine.line).where(*conditions).order_by(HistoryLine.step, HistoryLine.line)
    return sample(session.scalars(lines).all(), samples)


def _texts(
    session: Session, run: Run, lines: Sequence[int] | None, conditions: Sequence[ColumnElement[bool]]
) -> list[str]:
    if lines is not None:
        conditions = [HistoryLine.run_id == run.id, HistoryLine.line.in_(listed(lines))]
    texts = sa.select(HistoryLine.text).where(*conditions).order_by(HistoryLine.step, HistoryLine.line)
    return list(session.scalars(texts))


def _value(row: dict[str, Any], key: str) -> Any:
    """Return the value of a dotted key: the member of that very name first, then the nested one."""
    if key in row or "." not in key:
        return row.get(key)
    for steps in splits(key.split(".")):
        value: Any = row
        for step in steps:
            if is_list(value) and step.isascii() and step.isdigit() and int(step) < len(value):
                value = value[int(step)]
            elif is_object(value) and step in value:
                value = value[step]
            else:
                break
        else:
            return value
    return None


def _whole(spec: dict[str, Any], name: str) -> int | None:
    value = spec.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value:
        raise ValueError(f"`{name}` of a history spec must be a number")
    return int(value)


def _clamped(step: int) -> int:
    return max(-(2**63), min(step, 2**63 - 1))
