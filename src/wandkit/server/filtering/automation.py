"""What the keys of a filter or an order mean for automations, and for the artifact events that they watch."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from wandkit.server.filtering.errors import FilterSyntaxError
from wandkit.server.filtering.fields import DateField, Field, FlagField, TextField
from wandkit.server.filtering.operators import FieldLookup
from wandkit.server.model.automation import Automation, Delivery

__all__ = ["EVENT_KEYS", "automation_field", "delivery_field", "event_lookup"]

EVENT_KEYS = ("alias", "tag", "artifact_collection_name")
"""What the filter of an artifact event can look at."""


def automation_field(key: str) -> Field:
    """Return the field of an automation that `key` names.

    Raises:
        FilterSyntaxError: There is no such key.
    """
    if key not in _AUTOMATION:
        raise FilterSyntaxError(_unknown("automations", key, _AUTOMATION))
    return _AUTOMATION[key]()


def delivery_field(key: str) -> Field:
    """Return the field of a delivery that `key` names.

    Raises:
        FilterSyntaxError: There is no such key.
    """
    if key not in _DELIVERY:
        raise FilterSyntaxError(_unknown("executions", key, _DELIVERY))
    return _DELIVERY[key]()


def event_lookup(facts: Mapping[str, Any]) -> FieldLookup:
    """Return what finds the values of one artifact event by the keys of its filter."""

    def find(key: str) -> Field:
        if key not in EVENT_KEYS:
            raise FilterSyntaxError(_unknown("artifact events", key, EVENT_KEYS))
        return TextField(sa.literal(facts.get(key), sa.Text))

    return find


def _unknown(what: str, key: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(key, list(known), n=3) or sorted(known)
    return f"unknown key {key!r} for {what}; did you mean {' or '.join(near)}?"


_AUTOMATION: Mapping[str, Callable[[], Field]] = {
    "name": lambda: TextField(Automation.name.expression),
    "description": lambda: TextField(Automation.description.expression),
    "enabled": lambda: FlagField(Automation.enabled.expression),
    "event_type": lambda: TextField(Automation.event_type.expression),
    "eventType": lambda: TextField(Automation.event_type.expression),
    "action_type": lambda: TextField(Automation.action_type.expression),
    "actionType": lambda: TextField(Automation.action_type.expression),
    "created_at": lambda: DateField(Automation.created_at.expression),
    "createdAt": lambda: DateField(Automation.created_at.expression),
    "updated_at": lambda: DateField(Automation.updated_at.expression),
    "updatedAt": lambda: DateField(Automation.updated_at.expression),
}

_DELIVERY: Mapping[str, Callable[[], Field]] = {
    "name": lambda: TextField(Delivery.automation_name.expression),
    "trigger_name": lambda: TextField(Delivery.automation_name.expression),
    "triggerName": lambda: TextField(Delivery.automation_name.expression),
    "state": lambda: TextField(Delivery.state.expression),
    "event_type": lambda: TextField(Delivery.event_type.expression),
    "eventType": lambda: TextField(Delivery.event_type.expression),
    "created_at": lambda: DateField(Delivery.created_at.expression),
    "createdAt": lambda: DateField(Delivery.created_at.expression),
}
