"""What sets automations off: something happens to artifacts, collections or runs that a filter lets through.

OnLinkArtifact(scope=collection, filter=ArtifactEvent.alias == "prod") >> DoNothing()
OnRunMetric(scope=project, filter=RunEvent.metric("loss") > 10) >> SendWebhook.from_integration(hook)
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, cast

from pydantic import ConfigDict, SerializeAsAny, field_validator

from wandkit._core.checked import Checked
from wandkit.automation.condition import Condition, ConditionLike, on_artifacts, on_runs
from wandkit.automation.kind import EventType
from wandkit.automation.metric import MetricFilter, RunMetricFilter
from wandkit.automation.run_event import RunStateFilter, StateFilter
from wandkit.automation.scope import (
    ArtifactCollectionScope,
    EntityScope,
    ProjectScope,
    Scope,
    ScopeLike,
    scope_of,
)
from wandkit.errors import ArgumentTypeError

if TYPE_CHECKING:
    from wandkit.automation.action import Action
    from wandkit.automation.automation import NewAutomation

__all__ = [
    "Event", "OnAddArtifactAlias", "OnAddArtifactTag", "OnAddCollectionTag", "OnCreateArtifact",
    "OnLinkArtifact", "OnRemoveArtifactTag", "OnRemoveCollectionTag", "OnRunMetric", "OnRunState",
    "OnUnlinkArtifact", "UnknownEvent",
]  # fmt: skip


class Event(Checked):
    """What sets an automation off. Join it to what is to be done: `event >> action`."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", validate_assignment=True)
    TYPE: ClassVar[EventType]
    SCOPES: ClassVar[tuple[type[Scope], ...]] = (Scope,)

    scope: SerializeAsAny[Scope]
    """Where it has to happen."""

    @field_validator("scope", mode="before")
    @classmethod
    def _allowed(cls, scope: ScopeLike) -> Scope:
        found = scope_of(scope)
        if not isinstance(found, cls.SCOPES):
            raise ValueError(
                f"{cls.__name__} cannot watch a {type(found).__name__.removesuffix('Scope')}; "
                f"use {' or '.join(kind.__name__ for kind in cls.SCOPES)}"
            )
        return found

    @property
    def event_type(self) -> EventType:
        """The kind of event, by its name on the wire."""
        return self.TYPE

    def filter_json(self) -> str:
        """Return the filter as the JSON text that the server takes."""
        raise NotImplementedError

    def then(self, action: Action) -> NewAutomation:
        """Return a new automation that does this when it happens; the same as `event >> action`.

        Raises:
            ArgumentTypeError: `action` is no action.
        """
        from wandkit.automation.action import Action
        from wandkit.automation.automation import NewAutomation

        if not isinstance(action, Action):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ArgumentTypeError(f"An event is followed by an action, not by a {type(action).__name__}.")
        return NewAutomation(event=self, action=action)

    def __rshift__(self, action: Action) -> NewAutomation:
        """Return a new automation that does this when it happens."""
        return self.then(action)


class _ArtifactEvent(Event):
    """An event of artifacts or collections."""

    # Each of these says again what it takes: type checkers make up an `__init__` from the fields otherwise.

    filter: Condition
    """What the artifact or collection must be like; all by default."""

    def filter_json(self) -> str:
        """Return the filter as the JSON text that the server takes."""
        return _json(on_artifacts(self.filter))


class OnLinkArtifact(_ArtifactEvent):
    """A version is linked to a collection."""

    TYPE: ClassVar[EventType] = EventType.LINK_ARTIFACT

    def __init__(self, *, scope: ScopeLike, filter: ConditionLike | None = None) -> None:
        Checked.__init__(self, scope=scope, filter=filter)


class OnUnlinkArtifact(_ArtifactEvent):
    """A version is unlinked from a collection."""

    TYPE: ClassVar[EventType] = EventType.UNLINK_ARTIFACT

    def __init__(self, *, scope: ScopeLike, filter: ConditionLike | None = None) -> None:
        Checked.__init__(self, scope=scope, filter=filter)


class OnAddArtifactAlias(_ArtifactEvent):
    """A version gets an alias."""

    TYPE: ClassVar[EventType] = EventType.ADD_ARTIFACT_ALIAS

    def __init__(self, *, scope: ScopeLike, filter: ConditionLike | None = None) -> None:
        Checked.__init__(self, scope=scope, filter=filter)


class OnAddArtifactTag(_ArtifactEvent):
    """A version gets a tag."""

    TYPE: ClassVar[EventType] = EventType.ADD_ARTIFACT_TAG

    def __init__(self, *, scope: ScopeLike, filter: ConditionLike | None = None) -> None:
        Checked.__init__(self, scope=scope, filter=filter)


class OnRemoveArtifactTag(_ArtifactEvent):
    """A version loses a tag."""

    TYPE: ClassVar[EventType] = EventType.REMOVE_ARTIFACT_TAG

    def __init__(self, *, scope: ScopeLike, filter: ConditionLike | None = None) -> None:
        Checked.__init__(self, scope=scope, filter=filter)


class OnAddCollectionTag(_ArtifactEvent):
    """A collection gets a tag."""

    TYPE: ClassVar[EventType] = EventType.ADD_COLLECTION_TAG

    def __init__(self, *, scope: ScopeLike, filter: ConditionLike | None = None) -> None:
        Checked.__init__(self, scope=scope, filter=filter)


class OnRemoveCollectionTag(_ArtifactEvent):
    """A collection loses a tag."""

    TYPE: ClassVar[EventType] = EventType.REMOVE_COLLECTION_TAG

    def __init__(self, *, scope: ScopeLike, filter: ConditionLike | None = None) -> None:
        Checked.__init__(self, scope=scope, filter=filter)


class OnCreateArtifact(_ArtifactEvent):
    """A collection, which must be the scope, gets a version."""

    TYPE: ClassVar[EventType] = EventType.CREATE_ARTIFACT
    SCOPES: ClassVar[tuple[type[Scope], ...]] = (ArtifactCollectionScope,)

    def __init__(self, *, scope: ScopeLike, filter: ConditionLike | None = None) -> None:
        Checked.__init__(self, scope=scope, filter=filter)


class OnRunMetric(Event):
    """A metric of a run does what the filter says; the scope is a project, a team or an organization."""

    SCOPES: ClassVar[tuple[type[Scope], ...]] = (ProjectScope, EntityScope)

    filter: RunMetricFilter
    """What the metric must do, and of which runs."""

    def __init__(self, *, scope: ScopeLike, filter: MetricFilter | RunMetricFilter) -> None:
        Checked.__init__(self, scope=scope, filter=filter)

    @field_validator("filter", mode="before")
    @classmethod
    def _with_runs(cls, value: object) -> object:
        if isinstance(value, MetricFilter):
            return RunMetricFilter(value)
        if isinstance(value, (RunMetricFilter, Mapping)):
            return cast(object, value)
        raise ValueError('OnRunMetric takes what a metric must do: filter=RunEvent.metric("loss") > 10')

    @property
    def event_type(self) -> EventType:
        """The kind of event, by its name on the wire; it follows from the filter."""
        return self.filter.metric.EVENT

    def filter_json(self) -> str:
        """Return the filter as the JSON text that the server takes."""
        metric = self.filter.metric
        return _json(
            {
                "run_filter": _json(on_runs(self.filter.run)),
                "run_metric_filter": {metric.KEY: metric.model_dump(mode="json", by_alias=True)},
                "metric_filter": None,
            }
        )


class OnRunState(Event):
    """A run comes to a state; the scope is a project, a team or an organization."""

    TYPE: ClassVar[EventType] = EventType.RUN_STATE
    SCOPES: ClassVar[tuple[type[Scope], ...]] = (ProjectScope, EntityScope)

    filter: RunStateFilter
    """To which states, and which runs."""

    def __init__(self, *, scope: ScopeLike, filter: StateFilter | RunStateFilter) -> None:
        Checked.__init__(self, scope=scope, filter=filter)

    @field_validator("filter", mode="before")
    @classmethod
    def _with_runs(cls, value: object) -> object:
        if isinstance(value, StateFilter):
            return RunStateFilter(value)
        if isinstance(value, (RunStateFilter, Mapping)):
            return cast(object, value)
        raise ValueError('OnRunState takes the states to come to: filter=RunEvent.state == "failed"')

    def filter_json(self) -> str:
        """Return the filter as the JSON text that the server takes."""
        states = [state.value for state in self.filter.state.states]
        return _json({"run_filter": _json(on_runs(self.filter.run)), "run_state_filter": {"states": states}})


class UnknownEvent(Event):
    """An event of a kind that is not made any more or that wandkit does not know, as the server has it."""

    kind: EventType
    """The kind of event, by its name on the wire."""

    filter: str
    """The filter as the server sent it."""

    def __init__(self, *, scope: Scope, kind: EventType, filter: str) -> None:
        Checked.__init__(self, scope=scope, kind=kind, filter=filter)

    @property
    def event_type(self) -> EventType:
        """The kind of event, by its name on the wire."""
        return self.kind

    def filter_json(self) -> str:
        """Return the filter as the server sent it."""
        return self.filter


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False, ensure_ascii=False)
