"""The events that automations watch: which there are, in which scopes, and what their filters say.

A filter is JSON text. Artifact events have a filter of their own keys; run events have an object of a filter
of runs (as text or as it is) and a condition on a state or a metric.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wandkit.server.filtering.automation import event_lookup
from wandkit.server.filtering.errors import FilterSyntaxError
from wandkit.server.filtering.operators import compile_filter
from wandkit.server.filtering.run import run_field
from wandkit.server.shapes import is_list, is_object

__all__ = [
    "ARTIFACT_EVENTS",
    "COLLECTION",
    "ENTITY",
    "METRIC_EVENTS",
    "PROJECT",
    "RUN_STATE",
    "SCOPES",
    "Change",
    "EventFilter",
    "Threshold",
    "ZScore",
    "feature_of",
    "parse_filter",
]

PROJECT, COLLECTION, ENTITY = "PROJECT", "ARTIFACT_COLLECTION", "ENTITY"
RUN_STATE = "RUN_STATE"
METRIC_EVENTS = frozenset({"RUN_METRIC", "RUN_METRIC_CHANGE", "RUN_METRIC_ZSCORE"})
ARTIFACT_EVENTS = frozenset(
    {
        "ADD_ARTIFACT_ALIAS", "UPDATE_ARTIFACT_ALIAS", "ADD_ARTIFACT_TAG", "REMOVE_ARTIFACT_TAG",
        "ADD_COLLECTION_TAG", "REMOVE_COLLECTION_TAG", "CREATE_ARTIFACT", "LINK_MODEL", "UNLINK_ARTIFACT",
    }
)  # fmt: skip
SCOPES: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(ARTIFACT_EVENTS, frozenset({PROJECT, COLLECTION, ENTITY})),
    **dict.fromkeys({RUN_STATE, *METRIC_EVENTS}, frozenset({PROJECT, ENTITY})),
    "CREATE_ARTIFACT": frozenset({COLLECTION}),
}
"""The scopes in which each event can be watched."""

_OLD = frozenset({"ADD_ARTIFACT_ALIAS", "UPDATE_ARTIFACT_ALIAS", "CREATE_ARTIFACT", "LINK_MODEL"})
_STATES = frozenset({"RUNNING", "FINISHED", "FAILED", "CRASHED"})
_AGGREGATES = frozenset({"MAX", "MIN", "AVERAGE"})
_DIRECTIONS = frozenset({"INCREASE", "DECREASE", "ANY"})
_COMPARISONS = frozenset({"$gt", "$gte", "$lt", "$lte", "$eq", "$ne"})
_MAX_WINDOW = 10_000
_KINDS = {
    "RUN_METRIC": "threshold_filter",
    "RUN_METRIC_CHANGE": "change_filter",
    "RUN_METRIC_ZSCORE": "zscore_filter",
}


@dataclass(frozen=True, slots=True)
class Threshold:
    """The last value of a metric, or an aggregate of the last ones, compared with a number."""

    name: str
    aggregate: str | None
    window: int
    comparison: str
    threshold: float


@dataclass(frozen=True, slots=True)
class Change:
    """By how much a metric changed from one window of values to the next, absolutely or as a fraction."""

    name: str
    aggregate: str | None
    window: int
    prior_window: int
    relative: bool
    direction: str
    threshold: float


@dataclass(frozen=True, slots=True)
class ZScore:
    """How many standard deviations the last value of a metric is from the mean of those before it."""

    name: str
    window: int
    direction: str
    threshold: float


@dataclass(frozen=True, slots=True)
class EventFilter:
    """A filter, understood.

    Attributes:
        document: The filter of the artifact event, or of the run.
        states: The states that a run can come to, in capitals.
        metric: The condition on a metric.
    """

    document: Any
    states: frozenset[str] = frozenset()
    metric: Threshold | Change | ZScore | None = None


def feature_of(event_type: str) -> str | None:
    """Return the server feature that an event belongs to; the oldest events have none."""
    return None if event_type in _OLD else f"AUTOMATION_EVENT_{event_type}"


def parse_filter(event_type: str, text: str) -> EventFilter:
    """Return what the filter of an event says.

    Raises:
        FilterSyntaxError: It is malformed, or the filter of another event.
    """
    content = _decoded("eventFilter", text)
    if event_type in ARTIFACT_EVENTS:
        compile_filter(content, event_lookup({}))
        return EventFilter(content)
    if not is_object(content):
        raise FilterSyntaxError(f"the filter of a {event_type} event is an object, not {_shown(content)}")
    document = _run_filter(content)
    if event_type == RUN_STATE:
        return EventFilter(document, states=_states(content))
    return EventFilter(document, metric=_metric(event_type, content))


def _run_filter(content: Mapping[str, Any]) -> Any:
    document: Any = content.get("run_filter")
    if isinstance(document, str):
        document = _decoded("run_filter", document)
    if document is None:
        return dict[str, Any]()
    compile_filter(document, run_field)
    return document


def _states(content: Mapping[str, Any]) -> frozenset[str]:
    found = content.get("run_state_filter")
    states = found.get("states") if is_object(found) else None
    if not is_list(states) or not states or not all(isinstance(state, str) for state in states):
        raise FilterSyntaxError('a RUN_STATE event needs {"run_state_filter": {"states": [...]}}')
    wanted = frozenset(state.upper() for state in states)
    if wanted - _STATES:
        raise FilterSyntaxError(
            f"unknown run state {min(wanted - _STATES)!r}; use {', '.join(sorted(_STATES))}"
        )
    return wanted


def _metric(event_type: str, content: Mapping[str, Any]) -> Threshold | Change | ZScore:
    wanted = _KINDS[event_type]
    found = content.get("run_metric_filter")
    if found is None and event_type == "RUN_METRIC":
        legacy = content.get("metric_filter")
        found = {wanted: _decoded("metric_filter", legacy) if isinstance(legacy, str) else legacy}
    inner = found.get(wanted) if is_object(found) else None
    if not is_object(inner):
        raise FilterSyntaxError(f'a {event_type} event needs {{"run_metric_filter": {{"{wanted}": ...}}}}')
    name = inner.get("name")
    if not isinstance(name, str) or not name:
        raise FilterSyntaxError(f"{wanted} needs the `name` of a metric")
    if event_type == "RUN_METRIC":
        comparison = _one_of(inner, "cmp_op", _COMPARISONS)
        window = _window(inner, "window_size", 1)
        return Threshold(name, _aggregate(inner), window, comparison, _number(inner, "threshold"))
    if event_type == "RUN_METRIC_ZSCORE":
        window = _window(inner, "window_size", 30)
        return ZScore(name, window, _direction(inner), _positive(inner, "threshold", 3.0))
    window = _window(inner, "current_window_size", 1)
    prior = _window(inner, "prior_window_size", window)
    relative = _one_of(inner, "change_type", frozenset({"ABSOLUTE", "RELATIVE"})) == "RELATIVE"
    amount = _positive(inner, "change_amount")
    return Change(name, _aggregate(inner), window, prior, relative, _direction(inner), amount)


def _aggregate(inner: Mapping[str, Any]) -> str | None:
    return None if inner.get("agg_op") is None else _one_of(inner, "agg_op", _AGGREGATES)


def _direction(inner: Mapping[str, Any]) -> str:
    return "ANY" if inner.get("change_dir") is None else _one_of(inner, "change_dir", _DIRECTIONS)


def _one_of(inner: Mapping[str, Any], key: str, known: frozenset[str]) -> str:
    value = inner.get(key)
    if value not in known:
        raise FilterSyntaxError(f"{key} is {_shown(value)}; use one of {', '.join(sorted(known))}")
    return str(value)


def _window(inner: Mapping[str, Any], key: str, default: int) -> int:
    value = default if inner.get(key) is None else inner[key]
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _MAX_WINDOW:
        raise FilterSyntaxError(f"{key} is {_shown(value)}; use a whole number from 1 to {_MAX_WINDOW}")
    return value


def _number(inner: Mapping[str, Any], key: str, default: float | None = None) -> float:
    value = default if inner.get(key) is None else inner[key]
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise FilterSyntaxError(f"{key} is {_shown(value)}; use a finite number")
    return float(value)


def _positive(inner: Mapping[str, Any], key: str, default: float | None = None) -> float:
    value = _number(inner, key, default)
    if value <= 0:
        raise FilterSyntaxError(f"{key} is {_shown(value)}; use a number above 0")
    return value


def _decoded(name: str, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FilterSyntaxError(f"{name} is not JSON: {error}") from None


def _shown(value: object) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 80 else f"{text[:77]}..."
