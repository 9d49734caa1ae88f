"""Automations on metrics: conditions on windows of values, asked for each value as it is logged.

An automation fires for a run when its condition comes to hold, and again only after it ceased to hold.
"""

from __future__ import annotations

import json
import math
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from wandkit.server.automation_event import METRIC_EVENTS, Change, Threshold, ZScore
from wandkit.server.automation_fire import fire, run_holds, understood_filter, watching
from wandkit.server.automation_watch import run_facts
from wandkit.server.model.automation import Automation, MetricWindow
from wandkit.server.model.run import Run
from wandkit.server.model.stream import EventLine, HistoryLine
from wandkit.server.shapes import is_object

__all__ = ["Condition", "forget_windows", "holds", "values_needed", "watch_rows"]

Condition = Threshold | Change | ZScore
Line = type[HistoryLine] | type[EventLine]

_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "$gt": operator.gt,
    "$gte": operator.ge,
    "$lt": operator.lt,
    "$lte": operator.le,
    "$eq": operator.eq,
    "$ne": operator.ne,
}


def values_needed(condition: Condition) -> int:
    """Return how many of the last values a condition looks at."""
    if isinstance(condition, ZScore):
        return condition.window + 1
    if condition.aggregate is None:
        return 2 if isinstance(condition, Change) else 1
    return condition.window + (condition.prior_window if isinstance(condition, Change) else 0)


def holds(condition: Condition, values: Sequence[float]) -> bool:
    """Return whether a condition holds after these values; not before its windows are full.

    Args:
        condition: The condition.
        values: What was logged so far, or the end of it: at least `values_needed` values count.
    """
    if len(values) < values_needed(condition):
        return False
    if isinstance(condition, ZScore):
        return _deviates(condition, values)
    window = 1 if condition.aggregate is None else condition.window
    current = _aggregate(condition.aggregate, values[-window:])
    if isinstance(condition, Threshold):
        return _COMPARISONS[condition.comparison](current, condition.threshold)
    before = 1 if condition.aggregate is None else condition.prior_window
    prior = _aggregate(condition.aggregate, values[-window - before : -window])
    change = current - prior
    if condition.relative:
        change = change / abs(prior) if prior else math.copysign(math.inf, change) if change else 0.0
    return _exceeds(change, condition.direction, condition.threshold)


def watch_rows(session: Session, run: Run, kind: Line, rows: Iterable[tuple[int, Mapping[str, Any]]]) -> None:
    """Fire the automations whose condition comes to hold with newly stored rows.

    Args:
        session: The session that writes the rows.
        run: The run.
        kind: Whether they are rows of history or of system metrics.
        rows: The number of each line, and its values.
    """
    automations = watching(session, run.project, METRIC_EVENTS)
    if not automations:
        return
    listed = list(rows)
    for automation in automations:
        parsed = understood_filter(automation)
        if parsed is None or parsed.metric is None:
            continue
        fresh = _values(parsed.metric.name, (values for _, values in listed))
        if fresh and run_holds(session, parsed, run):
            _follow(session, run, automation, parsed.metric, fresh, (kind, listed[0][0]))


def forget_windows(session: Session, *, run_id: int | None = None, automation_id: int | None = None) -> None:
    """Forget what was seen of a run, or by an automation, because it is no longer so."""
    statement = delete(MetricWindow)
    if run_id is not None:
        statement = statement.where(MetricWindow.run_id == run_id)
    if automation_id is not None:
        statement = statement.where(MetricWindow.automation_id == automation_id)
    session.execute(statement.execution_options(synchronize_session="fetch"))


def _follow(
    session: Session,
    run: Run,
    automation: Automation,
    condition: Condition,
    fresh: Sequence[float],
    start: tuple[Line, int],
) -> None:
    needed = values_needed(condition)
    window = session.get(MetricWindow, (automation.id, run.id))
    if window is None:
        before = _stored_values(session, run, condition.name, *start)
        window = MetricWindow(automation_id=automation.id, run_id=run.id, values=before[-needed:])
        window.held = holds(condition, before)
        session.add(window)
    values = list(window.values)
    held = window.held
    for value in fresh:
        values = [*values, value][-needed:]
        came, held = held, holds(condition, values)
        if held and not came:
            facts = run_facts(session, automation.event_type, run)
            facts |= {"metric_name": condition.name, "metric_value": value, "metric_values": values}
            fire(session, automation, run.project, facts)
    window.values, window.held = values, held


def _stored_values(session: Session, run: Run, name: str, kind: Line, start: int) -> list[float]:
    lines = select(kind.text).where(kind.run_id == run.id, kind.line < start).order_by(kind.line)
    texts = session.scalars(lines.execution_options(yield_per=5000))
    return _values(name, (json.loads(text) for text in texts))


def _values(name: str, rows: Iterable[Mapping[str, Any]]) -> list[float]:
    found: list[float] = []
    for row in rows:
        value = _lookup(row, name)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
            found.append(float(value))
    return found


def _lookup(row: Mapping[str, Any], name: str) -> Any:
    if name in row:
        return row[name]
    if f"system.{name}" in row:
        return row[f"system.{name}"]
    head, dot, rest = name.partition(".")
    inner = row.get(head) if dot else None
    return _lookup(inner, rest) if is_object(inner) else None


def _aggregate(how: str | None, values: Sequence[float]) -> float:
    if how == "MAX":
        return max(values)
    if how == "MIN":
        return min(values)
    return math.fsum(values) / len(values)


def _deviates(condition: ZScore, values: Sequence[float]) -> bool:
    before = values[-condition.window - 1 : -1]
    mean = math.fsum(before) / len(before)
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in before) / len(before))
    if deviation == 0.0:
        return False
    return _exceeds((values[-1] - mean) / deviation, condition.direction, condition.threshold)


def _exceeds(amount: float, direction: str, threshold: float) -> bool:
    if direction == "INCREASE":
        return amount >= threshold
    return -amount >= threshold if direction == "DECREASE" else abs(amount) >= threshold
