"""From an event to the deliveries it causes, written in the event's own transaction.

A kill of the process can lose neither: both are in the store, or none is.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import and_, insert, or_, select
from sqlalchemy.orm import Session

from wandkit.server.automation_event import EventFilter, parse_filter
from wandkit.server.database import FIRED, now
from wandkit.server.filtering.automation import event_lookup
from wandkit.server.filtering.errors import FilterSyntaxError
from wandkit.server.filtering.operators import compile_filter
from wandkit.server.filtering.run import run_field
from wandkit.server.model.automation import Automation, Delivery
from wandkit.server.model.entity import Entity
from wandkit.server.model.project import Project
from wandkit.server.model.run import Run

__all__ = ["artifact_event_holds", "fire", "run_holds", "understood_filter", "watching"]

_WITHOUT_RECEIVER = {
    "NOTIFICATION": "this server sends nothing to Slack",
    "ARIA": "this server has no assistant to send a prompt to",
    "QUEUE_JOB": "this server does not put jobs into queues for automations",
}


def watching(
    session: Session, owner: Project, event_types: Iterable[str], collection_id: int | None = None
) -> Sequence[Automation]:
    """Return the enabled automations in whose scope an event of these types, in this place, is.

    Args:
        session: The session that writes the event.
        owner: The project in which it happened.
        event_types: What happened, by every name that it has.
        collection_id: The collection to which it happened.
    """
    of_owner = and_(
        Automation.entity_id == owner.entity_id,
        or_(Automation.project_id.is_(None), Automation.project_id == owner.id),
        or_(Automation.collection_id.is_(None), Automation.collection_id == collection_id),
    )
    above = select(Entity.id).where(
        Entity.kind == "organization", Entity.organization_id == owner.entity.organization_id
    )
    of_organization = and_(Automation.project_id.is_(None), Automation.entity_id.in_(above))
    place = of_owner if owner.entity.organization_id is None else or_(of_owner, of_organization)
    statement = select(Automation).where(
        Automation.enabled, Automation.event_type.in_(list(event_types)), place
    )
    return session.scalars(statement.order_by(Automation.id)).all()


def understood_filter(automation: Automation) -> EventFilter | None:
    """Return the filter of an automation; None where an older version of this server took a malformed one."""
    try:
        return parse_filter(automation.event_type, automation.event_filter)
    except FilterSyntaxError:
        return None


def artifact_event_holds(session: Session, parsed: EventFilter, facts: Mapping[str, Any]) -> bool:
    """Return whether the filter of an artifact event holds for what happened."""
    return bool(session.scalar(select(compile_filter(parsed.document, event_lookup(facts)))))


def run_holds(session: Session, parsed: EventFilter, run: Run) -> bool:
    """Return whether the filter of runs holds for a run."""
    condition = compile_filter(parsed.document, run_field)
    return session.scalar(select(Run.id).where(Run.id == run.id, condition)) is not None


def fire(session: Session, automation: Automation, owner: Project, facts: Mapping[str, Any]) -> None:
    """Write down that an automation fired: to be delivered, or why it cannot be."""
    action: dict[str, Any] = json.loads(automation.action)
    reason = _WITHOUT_RECEIVER.get(automation.action_type)
    sends = automation.action_type == "GENERIC_WEBHOOK"
    state = "PENDING" if sends else "FINISHED" if reason is None else "SKIPPED"
    moment = now()
    row = {
        "automation_id": automation.id,
        "automation_name": automation.name,
        "entity_id": owner.entity_id,
        "project_id": owner.id,
        "collection_id": automation.collection_id,
        "event_type": automation.event_type,
        "facts": json.dumps(facts),
        "action_type": automation.action_type,
        "integration_id": automation.integration_id,
        "payload": action.get("requestPayload"),
        "state": state,
        "error": reason,
        "due_at": moment,
        "created_at": moment,
        "finished_at": None if sends else moment,
    }
    session.execute(insert(Delivery), [row])
    session.info[FIRED] = True
