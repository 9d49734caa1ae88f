"""From the event of a saved automation to one that can be read and changed; what is not known stays raw."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, cast

from wandkit.automation.condition import Condition
from wandkit.automation.event import (
    Event,
    OnAddArtifactAlias,
    OnAddArtifactTag,
    OnAddCollectionTag,
    OnCreateArtifact,
    OnLinkArtifact,
    OnRemoveArtifactTag,
    OnRemoveCollectionTag,
    OnRunMetric,
    OnRunState,
    OnUnlinkArtifact,
    UnknownEvent,
)
from wandkit.automation.kind import EventType
from wandkit.automation.metric import (
    MetricChangeFilter,
    MetricFilter,
    MetricThresholdFilter,
    MetricZScoreFilter,
    RunMetricFilter,
)
from wandkit.automation.run_event import RunStateFilter, StateFilter
from wandkit.automation.scope import Scope

__all__ = ["read_event"]

_ARTIFACT_EVENTS = (
    OnAddArtifactAlias, OnAddArtifactTag, OnAddCollectionTag, OnCreateArtifact, OnLinkArtifact,
    OnRemoveArtifactTag, OnRemoveCollectionTag, OnUnlinkArtifact,
)  # fmt: skip
_METRIC_FILTERS: dict[str, type[MetricFilter]] = {
    kind.KEY: kind for kind in (MetricChangeFilter, MetricThresholdFilter, MetricZScoreFilter)
}


def read_event(raw: Mapping[str, Any], scope: Scope) -> Event:
    """Return the event that a server sent with an automation of this scope.

    Whatever does not come back the same when it is written stays as it is, in an `UnknownEvent`.
    """
    kind = EventType(str(raw.get("eventType") or raw.get("__typename") or "UNKNOWN"))
    text = raw.get("filter")
    unknown = UnknownEvent(scope=scope, kind=kind, filter=text if isinstance(text, str) else _written(raw))
    read = _READERS.get(kind)
    if read is None:
        return unknown
    try:
        found = json.loads(unknown.filter)
        event = read(found, scope)
        same = event.event_type == kind and _holds(json.loads(event.filter_json()), _inner(found))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return unknown
    return event if same else unknown


def _of_artifacts(kind: type[Any]) -> Callable[[Any, Scope], Event]:
    def read(found: Any, scope: Scope) -> Event:
        event: Event = kind(scope=scope, filter=_condition(_inner(found)))
        return event

    return read


def _run_metric(found: Any, scope: Scope) -> Event:
    metric = _inner(found)["run_metric_filter"]
    ((key, fields),) = ((key, fields) for key, fields in metric.items() if fields is not None)
    kind = _METRIC_FILTERS[key]
    run = _condition(_decoded(found.get("run_filter") or "{}"))
    return OnRunMetric(scope=scope, filter=RunMetricFilter(kind.model_validate(fields), run))


def _run_state(found: Any, scope: Scope) -> Event:
    run = _condition(_decoded(found.get("run_filter") or "{}"))
    return OnRunState(scope=scope, filter=RunStateFilter(StateFilter(**found["run_state_filter"]), run))


_READERS: dict[EventType, Callable[[Any, Scope], Event]] = {
    **{kind.TYPE: _of_artifacts(kind) for kind in _ARTIFACT_EVENTS},
    EventType.RUN_METRIC: _run_metric,
    EventType.RUN_METRIC_CHANGE: _run_metric,
    EventType.RUN_METRIC_ZSCORE: _run_metric,
    EventType.RUN_STATE: _run_state,
}


def _inner(found: Any) -> Any:
    """Return the filter itself: servers wrap those of artifacts once more, and keep an older form of metrics.

    before:  {"filter": "{\"$or\": […]}"}
    after:   {"$or": […]}

    before:  {"run_filter": "…", "metric_filter": "{\"name\": \"loss\", …}"}
    after:   {"run_filter": "…", "run_metric_filter": {"threshold_filter": {"name": "loss", …}}}
    """
    if set(found) == {"filter"}:
        return _decoded(found["filter"])
    if found.get("metric_filter") is not None and found.get("run_metric_filter") is None:
        rest = {key: value for key, value in found.items() if not key.endswith("metric_filter")}
        return {**rest, "run_metric_filter": {"threshold_filter": _decoded(found["metric_filter"])}}
    return found


def _decoded(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _condition(mongo: Any) -> Condition:
    return Condition(cast("Mapping[str, Any]", mongo))


def _holds(written: Any, sent: Any) -> bool:
    """Tell whether all that was sent is in what would be written, in the same or an equal form."""
    if isinstance(sent, str) and sent.startswith("{"):
        return _holds(_decoded(written), _decoded(sent))
    if not isinstance(sent, dict) or not isinstance(written, dict):
        return bool(written == sent)
    entries, ours = cast("dict[str, Any]", sent), cast("dict[str, Any]", written)
    if any(key.startswith("$") for key in entries):
        return Condition(ours) == Condition(entries)
    return all(_holds(ours.get(key), part) for key, part in entries.items())


def _written(raw: Mapping[str, Any]) -> str:
    return json.dumps(dict(raw), default=str)
