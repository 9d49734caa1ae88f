"""Automations: finding and listing them, in their projects, collections, entities and organizations."""

from __future__ import annotations

import json
from typing import Any

from ariadne import ObjectType, SchemaBindable
from graphql import GraphQLResolveInfo
from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.orm import joinedload

from wandkit.server import ids
from wandkit.server.filtering.automation import automation_field
from wandkit.server.filtering.operators import compile_filter_text
from wandkit.server.filtering.order import compile_order
from wandkit.server.graphql import Context, context_of
from wandkit.server.model.automation import Automation
from wandkit.server.model.collection import Collection
from wandkit.server.model.entity import Entity, Organization
from wandkit.server.model.project import Project
from wandkit.server.pagination import page
from wandkit.server.permissions import RESTRICTED
from wandkit.server.resolvers.integration import integration_node
from wandkit.server.resolvers.organization import resolve_org_entity
from wandkit.server.resolvers.run import understood
from wandkit.server.resolvers.run_queue import queue_by_id

__all__ = ["BINDABLES", "automation_by_id", "scope_visible"]

trigger: ObjectType = ObjectType("Trigger")
project: ObjectType = ObjectType("Project")
sequence: ObjectType = ObjectType("ArtifactSequence")
portfolio: ObjectType = ObjectType("ArtifactPortfolio")
entity: ObjectType = ObjectType("Entity")
organization: ObjectType = ObjectType("Organization")

BINDABLES: list[SchemaBindable] = [trigger, project, sequence, portfolio, entity, organization]

_RUN_EVENTS = "RUN_"


@project.field("triggers")
def resolve_project_triggers(parent: Project, info: GraphQLResolveInfo) -> list[Automation]:
    """Return the automations of the project and of its collections, to those with a place in it."""
    context = context_of(info)
    if not scope_visible(context, parent):
        return []
    mine = select(Automation).where(Automation.project_id == parent.id, _alive())
    return list(context.session.scalars(mine.order_by(Automation.id).options(*_loading())))


@sequence.field("triggers")
@portfolio.field("triggers")
def resolve_collection_triggers(
    parent: Collection, info: GraphQLResolveInfo, **arguments: Any
) -> dict[str, Any]:
    """Return a page of the collection's automations, to those with a place in its project."""
    visible = Automation.collection_id == parent.id if scope_visible(context_of(info), parent) else ~true()
    return _page(context_of(info), visible, arguments)


@entity.field("triggers")
def resolve_entity_triggers(parent: Entity, info: GraphQLResolveInfo, **arguments: Any) -> dict[str, Any]:
    """Return a page of the automations of the entity, its projects and their collections, to its members."""
    context = context_of(info)
    if not context.access.sees(parent):
        return _page(context, ~true(), arguments)
    condition = Automation.entity_id == parent.id
    if parent.kind == "organization" and not context.access.administers(parent):
        open_ones = select(Project.id).where(Project.entity_id == parent.id, Project.access != RESTRICTED)
        mine = list(context.access.project_roles)
        condition &= (
            Automation.project_id.is_(None)
            | Automation.project_id.in_(open_ones)
            | Automation.project_id.in_(mine)
        )
    return _page(context, condition, arguments)


@organization.field("triggers")
def resolve_organization_triggers(
    parent: Organization, info: GraphQLResolveInfo, **arguments: Any
) -> dict[str, Any]:
    """Return a page of the automations of the entity that owns the organization's registries."""
    owner = resolve_org_entity(parent, info)
    if owner is None:
        return _page(context_of(info), ~true(), arguments)
    found: dict[str, Any] = resolve_entity_triggers(owner, info, **arguments)
    return found


@trigger.field("id")
def resolve_id(parent: Automation, _info: GraphQLResolveInfo) -> str:
    """Return the global id."""
    return ids.encode("Trigger", parent.id)


@trigger.field("triggeringCondition")
def resolve_condition(parent: Automation, _info: GraphQLResolveInfo) -> dict[str, Any]:
    """Return the event; the filter of an artifact event comes back inside one more `filter`."""
    text = parent.event_filter
    if not parent.event_type.startswith(_RUN_EVENTS):
        text = json.dumps({"filter": text})
    return {"__typename": "FilterEventTriggeringCondition", "eventType": parent.event_type, "filter": text}


@trigger.field("triggeredAction")
def resolve_action(parent: Automation, info: GraphQLResolveInfo) -> dict[str, Any]:
    """Return the action, with its integration or queue."""
    action: dict[str, Any] = json.loads(parent.action)
    found = {"__typename": _ACTIONS[parent.action_type], **action}
    if parent.integration is not None:
        found["integration"] = integration_node(parent.integration)
    if parent.action_type == "QUEUE_JOB":
        found["queue"] = queue_by_id(context_of(info), action["queueID"])
    return found


_ACTIONS = {
    "GENERIC_WEBHOOK": "GenericWebhookTriggeredAction",
    "NOTIFICATION": "NotificationTriggeredAction",
    "NO_OP": "NoOpTriggeredAction",
    "ARIA": "ARIATriggeredAction",
    "QUEUE_JOB": "QueueJobTriggeredAction",
}


def automation_by_id(context: Context, global_id: str) -> Automation | None:
    """Return an automation that the caller may see, by its global id."""
    try:
        found = context.session.get(Automation, ids.number("Trigger", global_id))
    except ValueError:
        return None
    return found if found is not None and scope_visible(context, found.scope) else None


def scope_visible(context: Context, scope: Collection | Project | Entity) -> bool:
    """Whether the caller may see the automations of a scope: its members may, passers-by may not."""
    if isinstance(scope, Entity):
        return context.access.sees(scope)
    if isinstance(scope, Collection):
        return scope.deleted_at is None and scope_visible(context, scope.project)
    if scope.deleted_at is not None:
        return False
    return context.access.is_admin or bool(context.access.roles_in(scope))


def _page(context: Context, condition: ColumnElement[bool], arguments: dict[str, Any]) -> dict[str, Any]:
    matching = understood(lambda: compile_filter_text(arguments.get("filters"), automation_field))
    statement = select(Automation).where(condition, matching, _alive())
    count = context.session.scalar(select(func.count()).select_from(statement.subquery())) or 0
    order = understood(
        lambda: compile_order(arguments.get("order"), automation_field, Automation.id.expression)
    )
    size = context.config.max_page_size
    found = page(context.session, statement.options(*_loading()), order, arguments, max_size=size)
    return {**found, "totalCount": count}


def _alive() -> ColumnElement[bool]:
    """Return the condition that the scope was not deleted."""
    project = select(Project.id).where(Project.deleted_at.is_(None))
    collection = select(Collection.id).where(Collection.deleted_at.is_(None))
    return (Automation.project_id.is_(None) | Automation.project_id.in_(project)) & (
        Automation.collection_id.is_(None) | Automation.collection_id.in_(collection)
    )


def _loading() -> list[Any]:
    return [
        joinedload(Automation.entity),
        joinedload(Automation.project),
        joinedload(Automation.collection),
        joinedload(Automation.integration),
    ]
