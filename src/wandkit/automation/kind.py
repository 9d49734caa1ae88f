"""The kinds of event, action and scope by their names on the wire, and the features they ask of a server."""

from __future__ import annotations

from typing import Final

from wandkit._core.model import OpenEnum

__all__ = ["ActionType", "AlertSeverity", "EventType", "ScopeType", "features_of"]


class EventType(OpenEnum):
    """What sets an automation off. A kind that is not listed is kept by its name."""

    CREATE_ARTIFACT = "CREATE_ARTIFACT"
    LINK_ARTIFACT = "LINK_MODEL"
    LINK_MODEL = LINK_ARTIFACT
    UNLINK_ARTIFACT = "UNLINK_ARTIFACT"
    ADD_ARTIFACT_ALIAS = "ADD_ARTIFACT_ALIAS"
    UPDATE_ARTIFACT_ALIAS = "UPDATE_ARTIFACT_ALIAS"
    ADD_ARTIFACT_TAG = "ADD_ARTIFACT_TAG"
    REMOVE_ARTIFACT_TAG = "REMOVE_ARTIFACT_TAG"
    ADD_COLLECTION_TAG = "ADD_COLLECTION_TAG"
    REMOVE_COLLECTION_TAG = "REMOVE_COLLECTION_TAG"
    RUN_METRIC = "RUN_METRIC"
    RUN_METRIC_THRESHOLD = RUN_METRIC
    RUN_METRIC_CHANGE = "RUN_METRIC_CHANGE"
    RUN_METRIC_ZSCORE = "RUN_METRIC_ZSCORE"
    RUN_STATE = "RUN_STATE"


class ActionType(OpenEnum):
    """What an automation does. A kind that is not listed is kept by its name."""

    NOTIFICATION = "NOTIFICATION"
    GENERIC_WEBHOOK = "GENERIC_WEBHOOK"
    NO_OP = "NO_OP"
    ARIA = "ARIA"
    QUEUE_JOB = "QUEUE_JOB"
    PUSH_NOTIFICATION = "PUSH_NOTIFICATION"


class ScopeType(OpenEnum):
    """Where an automation watches. A kind that is not listed is kept by its name."""

    PROJECT = "PROJECT"
    ARTIFACT_COLLECTION = "ARTIFACT_COLLECTION"
    ENTITY = "ENTITY"


class AlertSeverity(OpenEnum):
    """How urgent a notification is."""

    INFO = "INFO"
    WARN = "WARN"
    ERROR = "ERROR"


EVENTS_OF_ALL_SERVERS: Final = frozenset(
    {
        EventType.CREATE_ARTIFACT,
        EventType.LINK_ARTIFACT,
        EventType.ADD_ARTIFACT_ALIAS,
        EventType.UPDATE_ARTIFACT_ALIAS,
    }
)
ACTIONS_OF_SOME_SERVERS: Final = frozenset({ActionType.NO_OP, ActionType.ARIA, ActionType.PUSH_NOTIFICATION})


def features_of(scope: ScopeType, event: EventType, action: ActionType) -> list[str]:
    """Return the features that a server must have for an automation of these kinds, by name."""
    features = [f"AUTOMATION_SCOPE_{scope.value}"] if scope is ScopeType.ENTITY else []
    if event not in EVENTS_OF_ALL_SERVERS:
        features.append(f"AUTOMATION_EVENT_{event.value}")
    if action in ACTIONS_OF_SOME_SERVERS:
        features.append(f"AUTOMATION_ACTION_{action.value}")
    return features
