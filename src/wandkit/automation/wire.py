"""From automations to the variables of the requests that save them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from wandkit.automation.action import Action
from wandkit.automation.automation import Automation, AutomationChanges, NewAutomation
from wandkit.automation.event import Event, UnknownEvent
from wandkit.automation.kind import features_of
from wandkit.errors import ArgumentError, ArgumentTypeError

__all__ = ["assigned", "features_needed", "variables_to_create", "variables_to_update"]

A = TypeVar("A", Automation, NewAutomation)

# The event before the scope, which would else be replaced by the scope of the event.
_ASSIGNABLE = ("event", "scope", "name", "description", "enabled", "action")


def assigned(automation: A, changes: AutomationChanges) -> A:
    """Return a copy of an automation with other values for some of its parts.

    Raises:
        ArgumentTypeError: There is no such part, or this is no automation.
        ArgumentError: A value does not fit.
    """
    if not isinstance(automation, (Automation, NewAutomation)):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ArgumentTypeError(
            f"An automation is what `event >> action` makes, not a {type(automation).__name__}."
        )
    unknown = set(changes) - set(_ASSIGNABLE)
    if unknown:
        raise ArgumentTypeError(
            f"An automation has no {', '.join(sorted(unknown))}, but {', '.join(_ASSIGNABLE)}."
        )
    event = automation.event
    made = automation.model_copy(update={"event": event.model_copy() if event is not None else None})
    values = dict(cast("Mapping[str, Any]", changes))
    for part in _ASSIGNABLE:
        if part in values:
            value = values[part]
            setattr(made, part, value.model_copy() if isinstance(value, Event) else value)
    return made


def variables_to_create(automation: NewAutomation | Automation) -> dict[str, Any]:
    """Return what `CreateAutomation` is sent, except the id of the scope.

    Raises:
        ArgumentError: It has no name, event or action, or one of a kind that cannot be made.
    """
    event, action = automation.event, automation.action
    missing = [part for part in ("name", "event", "action") if not getattr(automation, part)]
    if missing or event is None or action is None:
        raise ArgumentError(
            f"An automation needs a name, an event and an action; {' and '.join(missing)} missing.",
            next_step="Write api.create_automation(event >> action, name=…).",
        )
    made = {
        "name": automation.name,
        "enabled": automation.enabled is not False,
        "scopeType": event.scope.scope_type.value,
        **_event(event),
        **_action(action),
    }
    return made if automation.description is None else {**made, "description": automation.description}


def variables_to_update(automation: Automation) -> dict[str, Any]:
    """Return what `UpdateAutomation` is sent: what was changed and nothing else, without the id of the scope.

    Raises:
        ArgumentError: It was given an event or action of a kind that cannot be made.
    """
    changed = automation.changed()
    sent: dict[str, Any] = {
        part: getattr(automation, part) for part in ("name", "description", "enabled") if part in changed
    }
    if "description" in sent and sent["description"] is None:
        sent["description"] = ""  # null would leave it as it is
    if "scope" in changed:
        sent["scopeType"] = automation.scope.scope_type.value
    if "event" in changed:
        sent.update(_event(automation.event))
    if "action" in changed:
        sent.update(_action(automation.action))
    return sent


def features_needed(automation: NewAutomation | Automation) -> list[str]:
    """Return the features that a server must have for the kinds of this automation."""
    event, action = automation.event, automation.action
    if event is None or action is None:
        return []
    return features_of(event.scope.scope_type, event.event_type, action.action_type)


def _event(event: Event) -> dict[str, Any]:
    if isinstance(event, UnknownEvent):
        raise ArgumentError(
            f"Events of the kind {event.event_type.value} cannot be given to an automation.",
            next_step="Take one of those in wandkit.automation.",
        )
    return {"eventType": event.event_type.value, "eventFilter": event.filter_json()}


def _action(action: Action) -> dict[str, Any]:
    config = action.config()
    if config is None:
        raise ArgumentError(
            f"Actions of the kind {action.action_type.value} cannot be given to an automation.",
            next_step="Take one of those in wandkit.automation.",
        )
    return {"actionType": action.action_type.value, "actionConfig": config}
