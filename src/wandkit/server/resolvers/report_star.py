"""Stars and visits of views, and the views of a user and of an organization."""

from __future__ import annotations

from typing import Any

from ariadne import MutationType, ObjectType, SchemaBindable
from graphql import GraphQLResolveInfo
from sqlalchemy import Select, func, select

from wandkit.server.graphql import Context, context_of
from wandkit.server.model.entity import Entity, Organization
from wandkit.server.model.project import Project
from wandkit.server.model.report import Star, View, Visits
from wandkit.server.model.user import User
from wandkit.server.pagination import page_of_list
from wandkit.server.permissions import Refusal
from wandkit.server.views import sees, visible_view

__all__ = ["BINDABLES"]

mutation: MutationType = MutationType()
view: ObjectType = ObjectType("View")
user: ObjectType = ObjectType("User")
organization: ObjectType = ObjectType("Organization")

BINDABLES: list[SchemaBindable] = [mutation, view, user, organization]


_COLUMNS = {
    "createdAt": View.created_at,
    "updatedAt": View.updated_at,
    "displayName": View.display_name,
    "name": View.name,
}


@view.field("starred")
def resolve_starred(parent: View, info: GraphQLResolveInfo) -> bool:
    """Return whether the caller starred the view."""
    context = context_of(info)
    me = context.access.user
    return me is not None and context.session.get(Star, (parent.id, me.id)) is not None


@view.field("starCount")
def resolve_star_count(parent: View, info: GraphQLResolveInfo, **arguments: Any) -> int:
    """Return how many users starred the view, within a span of time or ever."""
    statement = select(func.count()).select_from(Star).where(Star.view_id == parent.id)
    if arguments.get("from"):
        statement = statement.where(Star.created_at >= arguments["from"])
    if arguments.get("to"):
        statement = statement.where(Star.created_at <= arguments["to"])
    return context_of(info).session.scalar(statement) or 0


@view.field("viewCount")
def resolve_view_count(parent: View, info: GraphQLResolveInfo) -> int:
    """Return how often readers said that they look at the view."""
    found = context_of(info).session.get(Visits, parent.id)
    return found.count if found is not None else 0


@user.field("views")
def resolve_views(parent: User, info: GraphQLResolveInfo, **arguments: Any) -> dict[str, Any]:
    """Return the views that the user made, the newest first, as far as the caller may see them."""
    statement = select(View).where(View.user_id == parent.id)
    if arguments.get("viewType") is not None:
        statement = statement.where(View.type == arguments["viewType"])
    return _listed(context_of(info), statement.order_by(View.id.desc()), arguments)


@user.field("starredViews")
def resolve_starred_views(parent: User, info: GraphQLResolveInfo, **arguments: Any) -> dict[str, Any]:
    """Return the views that the user starred, the latest star first, as far as the caller may see them."""
    statement = select(View).join(Star, Star.view_id == View.id).where(Star.user_id == parent.id)
    order = (Star.created_at.desc(), View.id.desc())
    return _listed(context_of(info), statement.order_by(*order), arguments)


@organization.field("views")
def resolve_organization_views(
    parent: Organization, info: GraphQLResolveInfo, **arguments: Any
) -> dict[str, Any]:
    """Return the reports in the organization's projects, the newest first, as far as the caller sees them."""
    mine = select(Project.id).join(Entity).where(Entity.organization_id == parent.id)
    statement = select(View).where(View.project_id.in_(mine), View.type == "runs")
    ordered = statement.order_by(*_order(arguments.get("order") or "-createdAt"))
    return _listed(context_of(info), ordered, arguments)


def _order(text: str) -> tuple[Any, Any]:
    """Return what `+KEY` or `-KEY` sorts by; no sign is ascending."""
    column = _COLUMNS.get(text.lstrip("+-"))
    if column is None:
        raise Refusal(f"views cannot be ordered by {text!r}: use one of {', '.join(_COLUMNS)}")
    return (column.desc(), View.id.desc()) if text.startswith("-") else (column, View.id)


@mutation.field("starView")
@mutation.field("unstarView")
def resolve_star(_parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]) -> dict[str, Any]:
    """Star a view, or no longer; once is as good as twice."""
    context = context_of(info)
    me = context.access.require_user()
    found = _seen(context, input["id"])
    star = context.session.get(Star, (found.id, me.id))
    if info.field_name == "starView" and star is None:
        context.session.add(Star(view_id=found.id, user_id=me.id))
    elif info.field_name == "unstarView" and star is not None:
        context.session.delete(star)
    context.session.flush()
    return {"view": found}


@mutation.field("viewView")
def resolve_visit(_parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]) -> dict[str, Any]:
    """Count one more look at a view."""
    context = context_of(info)
    found = _seen(context, input["id"])
    visits = context.session.get(Visits, found.id)
    if visits is None:
        context.session.add(Visits(view_id=found.id, count=1))
    else:
        visits.count += 1
    context.session.flush()
    return {"success": True}


def _seen(context: Context, global_id: str) -> View:
    found = visible_view(context, global_id)
    if found is None:
        raise Refusal("view not found", 404)
    return found


def _listed(context: Context, statement: Select[Any], arguments: dict[str, Any]) -> dict[str, Any]:
    found = [one for one in context.session.scalars(statement) if sees(context, one)]
    start = max(arguments.get("offset") or 0, 0)
    limit = arguments.get("limit")
    found = found[start:] if limit is None else found[start : start + max(limit, 0)]
    return page_of_list(found, arguments, max_size=context.config.max_page_size)
