"""Which views a caller may see and change."""

from __future__ import annotations

from wandkit.server import ids
from wandkit.server.graphql import Context
from wandkit.server.model.report import View
from wandkit.server.permissions import Refusal, denied

__all__ = ["DRAFT", "is_draft", "is_mine", "sees", "view_id", "view_to_change", "visible_view"]

DRAFT = "/draft"
"""How the type of a draft ends."""


def view_id(found: View) -> str:
    """Return the global id of a view."""
    return ids.encode("View", found.id)


def is_draft(found: View) -> bool:
    """Whether a view is a draft, which only its author sees."""
    return found.type.endswith(DRAFT)


def is_mine(context: Context, found: View) -> bool:
    """Whether the caller made the view, or administers the server."""
    user = context.access.user
    return context.access.is_admin or (user is not None and user.id == found.user_id)


def sees(context: Context, found: View) -> bool:
    """Whether the caller may see the view."""
    return context.access.reads(found.project) and (not is_draft(found) or is_mine(context, found))


def visible_view(context: Context, global_id: str) -> View | None:
    """Return the view with this id; None where there is none that the caller may see."""
    try:
        number = ids.number("View", global_id)
    except ValueError:
        return None
    found = context.session.get(View, number)
    return found if found is not None and sees(context, found) else None


def view_to_change(context: Context, global_id: str) -> View:
    """Return a view that the caller may change.

    Raises:
        Refusal: There is none that the caller may see, or they may only look at it.
    """
    context.access.require_user()
    found = visible_view(context, global_id)
    if found is None:
        raise Refusal("view not found", 404)
    if not context.access.writes(found.project):
        raise denied()
    if found.locked and not is_mine(context, found) and not context.access.manages(found.project):
        raise denied()
    return found
