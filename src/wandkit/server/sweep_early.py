"""Early termination of a sweep's runs: hyperband.

    min_iter: 3, eta: 3             brackets 3, 9, 27, 81, ...
    max_iter: 27, s: 2, eta: 3      brackets 9, 3

Iterations are counted by how often the sweep's metric was logged. A run that reaches a bracket is compared
with all runs that reached it before, by its best value so far; one that is not among the best 1/eta is asked
to stop. `strict` compares it again, at every bracket behind it, each time its agent reports.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from wandkit.server.filtering.paths import json_field
from wandkit.server.model.run import Run
from wandkit.server.model.stream import HistoryLine
from wandkit.server.model.sweep import Sweep, SweepBracket
from wandkit.server.shapes import is_object

__all__ = ["brackets", "stop_worse"]

_ETA = 3
_LIVE = ("pending", "running", "preempting")


def brackets(early: Mapping[str, Any], upto: int) -> list[int]:
    """Return the brackets that a run has reached whose metric was logged `upto` times, the lowest first."""
    return sorted({place for place in map(int, _schedule(early, upto)) if 1 <= place <= upto})


def stop_worse(session: Session, sweep: Sweep, names: Sequence[str]) -> None:
    """Note which brackets these runs of the sweep have reached, and ask those to stop that others outdid."""
    search = json.loads(sweep.search)
    early, metric = search.get("early_terminate"), search.get("metric")
    if not names or not is_object(early) or early.get("type") != "hyperband" or not is_object(metric):
        return
    sign = -1.0 if metric.get("goal") == "maximize" else 1.0
    runs = select(Run).where(
        Run.project_id == sweep.project_id, Run.name.in_(names), Run.deleted_at.is_(None)
    )
    for run in session.scalars(runs.options(undefer(Run.history_keys))):
        reached = brackets(early, _logged(run, metric["name"]))
        new = _note(session, sweep, run, metric["name"], reached, sign)
        if run.state not in _LIVE or run.stop_requested:
            continue
        share = 1 / early.get("eta", _ETA)
        judged = reached if early.get("strict") else new
        run.stop_requested = any(_is_outdone(session, sweep, run, place, share) for place in judged)


def _schedule(early: Mapping[str, Any], upto: int) -> Iterator[float]:
    eta = early.get("eta", _ETA)
    if "min_iter" in early:
        place = early["min_iter"]
        while place <= upto:
            yield place
            place *= eta
        return
    place = early["max_iter"]
    for _ in range(int(early["s"])):
        place /= eta
        yield place


def _logged(run: Run, metric: str) -> int:
    """Return how often the metric was logged."""
    keys = json.loads(run.history_keys or "{}").get("keys", {})
    return sum(one["count"] for one in keys.get(metric, {}).get("typeCounts", ()))


def _note(
    session: Session, sweep: Sweep, run: Run, metric: str, reached: list[int], sign: float
) -> list[int]:
    """Keep the run's best value at each bracket that it has newly reached, and return these brackets."""
    mine = (SweepBracket.sweep_id == sweep.id, SweepBracket.run_name == run.name)
    known = set(session.scalars(select(SweepBracket.bracket).where(*mine)))
    new = [place for place in reached if place not in known]
    if not new:
        return []
    values = _values(session, run, metric, new[-1])
    for place in new:
        best = min((sign * value for value in values[:place] if not math.isnan(value)), default=math.inf)
        session.add(SweepBracket(sweep_id=sweep.id, run_name=run.name, bracket=place, loss=best))
    session.flush()
    return new


def _values(session: Session, run: Run, metric: str, count: int) -> list[float]:
    """Return the first values of the metric; what is no number is NaN."""
    field = json_field(HistoryLine.text.expression, metric.split("."))
    found = session.scalars(
        select(field.sort_value())
        .where(HistoryLine.run_id == run.id, field.exists())
        .order_by(HistoryLine.line)
        .limit(count)
    )
    return [_number(value) for value in found]


def _number(value: object) -> float:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return math.nan


def _is_outdone(session: Session, sweep: Sweep, run: Run, place: int, share: float) -> bool:
    """Return whether the run is not among the best `share` of those that have reached the bracket."""
    rows = session.execute(
        select(SweepBracket.run_name, SweepBracket.loss)
        .where(SweepBracket.sweep_id == sweep.id, SweepBracket.bracket == place)
        .order_by(SweepBracket.loss)
    ).all()
    last = rows[math.ceil(len(rows) * share) - 1].loss
    return any(row.run_name == run.name and row.loss > last for row in rows)
