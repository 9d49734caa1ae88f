"""The small facts of a run, as lean as they can be: a listing may hold a hundred thousand of them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from wandkit_generated.gql.models import RunHead

__all__ = ["RunRow", "row_of"]


class RunRow(NamedTuple):
    """The facts of `RunHead`, in values that the garbage collector need not follow."""

    id: str
    name: str
    display_name: str | None
    state: str | None
    tags: tuple[str, ...]
    group: str | None
    job_type: str | None
    sweep_name: str | None
    notes: str | None
    description: str | None
    commit: str | None
    read_only: bool | None
    created_at: datetime
    heartbeat_at: datetime | None
    history_line_count: int | None
    user: tuple[str, str | None] | None


def row_of(head: RunHead) -> RunRow:
    """Return the facts in an answer; the model can be let go."""
    user, tags = head.user, head.tags
    return RunRow(
        head.id,
        head.name,
        head.display_name,
        head.state,
        tuple(tags) if tags else (),
        head.group,
        head.job_type,
        head.sweep_name,
        head.notes,
        head.description,
        head.commit,
        head.read_only,
        head.created_at,
        head.heartbeat_at,
        head.history_line_count,
        (user.name, user.username) if user else None,
    )
