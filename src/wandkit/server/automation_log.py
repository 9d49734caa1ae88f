"""The log of deliveries: what automations fired, and what became of it. No secret is in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from wandkit.server.model.automation import Delivery

__all__ = ["LoggedDelivery", "forget_deliveries", "list_deliveries"]


@dataclass(frozen=True)
class LoggedDelivery:
    """One firing of an automation.

    Attributes:
        id: Its number; the receiver sees it in `X-Wandkit-Delivery`.
        automation: The automation's name at that time.
        event: What happened, such as `RUN_STATE`.
        action: What was to be done, such as `GENERIC_WEBHOOK`.
        facts: The values of the event, by the names that payloads use.
        state: `PENDING`, `FINISHED`, `FAILED`, or `SKIPPED` where this server has no such action.
        attempts: How often it was tried.
        status_code: The receiver's last answer; None where there was none.
        error: What was wrong with the last try, or why there was none.
        created_at: When the automation fired, in UTC.
        finished_at: When it was over; None while it is pending.
    """

    id: int
    automation: str
    event: str
    action: str
    facts: Mapping[str, Any]
    state: str
    attempts: int
    status_code: int | None
    error: str | None
    created_at: str
    finished_at: str | None


def list_deliveries(
    session: Session, *, automation: str | None = None, state: str | None = None, limit: int | None = None
) -> list[LoggedDelivery]:
    """Return deliveries, the oldest first.

    Args:
        session: An open session.
        automation: Only those of automations of this name.
        state: Only those in this state.
        limit: At most so many, the newest ones; None for all.
    """
    statement = select(Delivery).order_by(Delivery.id.desc())
    if automation is not None:
        statement = statement.where(Delivery.automation_name == automation)
    if state is not None:
        statement = statement.where(Delivery.state == state)
    found = session.scalars(statement if limit is None else statement.limit(limit)).all()
    return [_logged(row) for row in reversed(found)]


def forget_deliveries(session: Session, before: str) -> None:
    """Delete what was over before a moment, as it is stored; what is pending stays."""
    over = (Delivery.state != "PENDING", Delivery.finished_at < before)
    session.execute(delete(Delivery).where(*over), execution_options={"synchronize_session": False})


def _logged(row: Delivery) -> LoggedDelivery:
    return LoggedDelivery(
        id=row.id,
        automation=row.automation_name,
        event=row.event_type,
        action=row.action_type,
        facts=json.loads(row.facts),
        state=row.state,
        attempts=row.attempts,
        status_code=row.status_code,
        error=row.error,
        created_at=row.created_at,
        finished_at=row.finished_at,
    )
