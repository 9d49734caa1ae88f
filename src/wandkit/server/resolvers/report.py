"""Reports and other views: finding, listing, writing, moving and deleting them."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from typing import Any

from ariadne import MutationType, ObjectType, QueryType, SchemaBindable
from graphql import GraphQLResolveInfo
from sqlalchemy import Select, delete, func, select
from sqlalchemy.orm import joinedload

from wandkit.server.graphql import Context, context_of
from wandkit.server.model.project import Project
from wandkit.server.model.report import View
from wandkit.server.model.user import User
from wandkit.server.pagination import by_id, page, page_of_list
from wandkit.server.permissions import Refusal
from wandkit.server.shapes import is_object
from wandkit.server.views import DRAFT, is_draft, view_id, view_to_change, visible_view

__all__ = ["BINDABLES"]

query: QueryType = QueryType()
mutation: MutationType = MutationType()
project: ObjectType = ObjectType("Project")
view: ObjectType = ObjectType("View")

BINDABLES: list[SchemaBindable] = [query, mutation, project, view]

_CHANGEABLE = {
    "coverUrl": "cover_url",
    "createdUsing": "created_using",
    "description": "description",
    "displayName": "display_name",
    "locked": "locked",
    "name": "name",
    "previewUrl": "preview_url",
    "showcasedAt": "showcased_at",
    "spec": "spec",
    "type": "type",
}


@query.field("view")
def resolve_view(_parent: None, info: GraphQLResolveInfo, *, id: str, type: str | None = None) -> View | None:
    """Return one view; null where it is missing, hidden or of another type."""
    found = visible_view(context_of(info), id)
    return found if found is not None and type in (None, found.type) else None


@query.field("views")
def resolve_views(_parent: None, info: GraphQLResolveInfo, *, ids: list[str]) -> dict[str, Any]:
    """Return the views with these ids that the caller may see."""
    context = context_of(info)
    found = [view for one in ids if (view := visible_view(context, one)) is not None]
    return page_of_list(found, {}, max_size=max(len(found), 1))


@project.field("allViews")
def resolve_all_views(parent: Project, info: GraphQLResolveInfo, **arguments: Any) -> dict[str, Any]:
    """Return a page of the project's views, the newest first; drafts of others are left out."""
    context = context_of(info)
    statement = select(View).where(View.project_id == parent.id)
    if arguments.get("viewType") is not None:
        statement = statement.where(View.type == arguments["viewType"])
    if arguments.get("viewName") is not None:
        statement = statement.where(View.name == arguments["viewName"])
    if arguments.get("userName") is not None:
        author = select(User.id).where(User.username == arguments["userName"]).scalar_subquery()
        statement = statement.where(View.user_id == author)
    if arguments.get("userId") is not None:
        statement = statement.where(View.user_id == arguments["userId"])
    return _page(context, statement, arguments)


@view.field("id")
def resolve_id(parent: View, _info: GraphQLResolveInfo) -> str:
    """Return the global id."""
    return view_id(parent)


@view.field("entity")
def resolve_entity(parent: View, _info: GraphQLResolveInfo) -> Any:
    """Return the owner of the project."""
    return parent.project.entity


@view.field("entityName")
def resolve_entity_name(parent: View, _info: GraphQLResolveInfo) -> str:
    """Return the name of the owner of the project."""
    return parent.project.entity.name


@view.field("projectName")
def resolve_project_name(parent: View, _info: GraphQLResolveInfo) -> str:
    """Return the name of the project."""
    return parent.project.name


@view.field("children")
def resolve_children(parent: View, info: GraphQLResolveInfo) -> dict[str, Any]:
    """Return the drafts of a report that the caller may see."""
    return _page(context_of(info), select(View).where(View.parent_id == view_id(parent)), {})


@mutation.field("upsertView")
def resolve_upsert(_parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]) -> dict[str, Any]:
    """Make a view, or change the one with this id; a field that is left out or null stays as it is.

    A draft that becomes a report of its own is no longer a draft of another one.
    """
    context = context_of(info)
    me = context.access.require_user()
    _check(input)
    inserted = input.get("id") is None
    found = _new(context, input) if inserted else view_to_change(context, input["id"])
    was_draft = is_draft(found)
    for key, attribute in _CHANGEABLE.items():
        if input.get(key) is not None:
            setattr(found, attribute, input[key])
    if was_draft and not is_draft(found):
        found.parent_id = None
    _check_parent(context, found, input.get("parentId"))
    found.updated_by = me
    context.session.flush()
    return {"view": found, "inserted": inserted}


@mutation.field("deleteView")
def resolve_delete(_parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]) -> dict[str, Any]:
    """Delete a view; one with drafts stays, unless they are to be deleted with it."""
    return _delete(context_of(info), [input.get("id") or ""], bool(input.get("deleteDrafts")))


@mutation.field("deleteViews")
def resolve_delete_several(
    _parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]
) -> dict[str, Any]:
    """Delete views, all or none of them."""
    return _delete(context_of(info), input["ids"], bool(input.get("deleteDrafts")))


@mutation.field("moveView")
def resolve_move(_parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]) -> dict[str, Any]:
    """Put a view into another project; its drafts go with it."""
    context = context_of(info)
    found = view_to_change(context, input["id"])
    target = context.access.project_to_change(input["entityName"], input["projectName"])
    for one in (found, *context.session.scalars(select(View).where(View.parent_id == view_id(found)))):
        one.project = target
    context.session.flush()
    return {"success": True}


def _new(context: Context, input: dict[str, Any]) -> View:
    parent = context.access.project_to_change(input.get("entityName"), input.get("projectName"))
    me = context.access.require_user()
    made = View(project=parent, user=me, updated_by=me, name=secrets.token_hex(6), type="runs")
    context.session.add(made)
    return made


def _check(input: dict[str, Any]) -> None:
    if input.get("spec") is not None:
        try:
            spec = json.loads(input["spec"])
        except (ValueError, RecursionError):
            raise Refusal("the spec of a view must be JSON, and not nested without end") from None
        if not is_object(spec):
            raise Refusal("the spec of a view must be a JSON object")
    if len(input.get("name") or "") > 128:
        raise Refusal("the name of a view has at most 128 characters")


def _check_parent(context: Context, found: View, parent_id: str | None) -> None:
    """Refuse a draft of what its author may not see, of itself, of a draft, or of another project's view."""
    if parent_id is None:
        return
    parent = visible_view(context, parent_id)
    if parent is None:
        raise Refusal("parent view not found", 404)
    if parent is found or is_draft(parent) or parent.project_id != found.project.id:
        raise Refusal("the parent of a draft is another view of its project that is no draft")
    found.parent_id = view_id(parent)


def _delete(context: Context, global_ids: Sequence[str], with_drafts: bool) -> dict[str, Any]:
    found = {view_to_change(context, one) for one in global_ids}
    drafts = View.parent_id.in_([view_id(one) for one in found])
    if with_drafts:
        context.session.execute(delete(View).where(drafts))
    elif context.session.scalar(select(View.id).where(drafts).limit(1)) is not None:
        return {"success": False, "pendingDrafts": True}
    for one in found:
        context.session.delete(one)
    context.session.flush()
    return {"success": True, "pendingDrafts": False}


def _page(context: Context, statement: Select[Any], arguments: dict[str, Any]) -> dict[str, Any]:
    if not context.access.is_admin:
        mine = context.access.user.id if context.access.user else None
        statement = statement.where(View.type.not_like(f"%{DRAFT}") | (View.user_id == mine))
    count = select(func.count()).select_from(statement.subquery())
    statement = statement.options(joinedload(View.user), joinedload(View.project))
    if arguments.get("offset"):
        statement = statement.offset(max(arguments["offset"], 0))
    ordering = by_id(View.id.expression, descending=True)
    found = page(context.session, statement, ordering, arguments, max_size=context.config.max_page_size)
    return {**found, "totalCount": context.session.scalar(count) or 0}
