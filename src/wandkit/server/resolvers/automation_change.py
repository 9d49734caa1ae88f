"""Changes of automations: making, changing and deleting them."""

from __future__ import annotations

import json
from typing import Any

from ariadne import MutationType, SchemaBindable
from graphql import GraphQLResolveInfo
from sqlalchemy import select

from wandkit.server import ids
from wandkit.server.automation_event import COLLECTION, ENTITY, PROJECT, SCOPES, feature_of, parse_filter
from wandkit.server.automation_metric import forget_windows
from wandkit.server.graphql import Context, context_of
from wandkit.server.model.automation import SLACK, WEBHOOK, Automation, Integration
from wandkit.server.model.collection import Collection
from wandkit.server.model.entity import Entity
from wandkit.server.model.project import Project
from wandkit.server.permissions import Refusal, denied
from wandkit.server.resolvers.automation import automation_by_id
from wandkit.server.resolvers.collection import collection_to_change
from wandkit.server.resolvers.integration import integration_by_id
from wandkit.server.resolvers.run import understood
from wandkit.server.resolvers.run_queue import queue_to_change

__all__ = ["BINDABLES"]

mutation: MutationType = MutationType()

BINDABLES: list[SchemaBindable] = [mutation]

_INPUTS = {
    "GENERIC_WEBHOOK": "genericWebhookActionInput",
    "NOTIFICATION": "notificationActionInput",
    "NO_OP": "noOpActionInput",
    "ARIA": "ariaActionInput",
    "QUEUE_JOB": "queueJobActionInput",
}
_GATED_ACTIONS = frozenset({"NO_OP", "ARIA", "PUSH_NOTIFICATION"})
_MAX_PROMPT_BYTES = 4000


@mutation.field("createFilterTrigger")
def resolve_create(_parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]) -> dict[str, Any]:
    """Make an automation; who may change the scope may."""
    context = context_of(info)
    made = Automation(created_by=context.access.require_user(), enabled=input["enabled"])
    with context.session.no_autoflush:
        _set_scope(context, made, input["scopeType"], input["scopeID"])
        _set_event(context, made, input["triggeringEventType"], input["eventFilter"])
        _set_action(context, made, input["triggeredActionType"], input["triggeredActionConfig"])
        _set_name(context, made, input["name"])
    made.description = input.get("description")
    context.session.add(made)
    context.session.flush()
    return {"trigger": made}


@mutation.field("updateFilterTrigger")
def resolve_update(_parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]) -> dict[str, Any]:
    """Change an automation; null leaves a field as it is."""
    context = context_of(info)
    found = _to_change(context, input["id"])
    with context.session.no_autoflush:
        if input.get("scopeID") is not None or input.get("scopeType") is not None:
            if input.get("scopeID") is None or input.get("scopeType") is None:
                raise Refusal("scopeID and scopeType go together")
            _set_scope(context, found, input["scopeType"], input["scopeID"])
        event_type = input.get("triggeringEventType") or found.event_type
        event_filter = found.event_filter if input.get("eventFilter") is None else input["eventFilter"]
        _set_event(context, found, event_type, event_filter)
        action_type = input.get("triggeredActionType") or found.action_type
        if input.get("triggeredActionConfig") is not None:
            _set_action(context, found, action_type, input["triggeredActionConfig"])
        elif action_type != found.action_type:
            raise Refusal(f"the action {action_type} needs a triggeredActionConfig")
        _set_name(context, found, found.name if input.get("name") is None else input["name"])
    if input.get("description") is not None:
        found.description = input["description"]
    if input.get("enabled") is not None:
        found.enabled = input["enabled"]
    forget_windows(context.session, automation_id=found.id)
    context.session.flush()
    return {"trigger": found}


@mutation.field("deleteTrigger")
def resolve_delete(_parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]) -> dict[str, Any]:
    """Delete an automation; what it fired before is still delivered and stays in the log."""
    context = context_of(info)
    context.session.delete(_to_change(context, input["triggerID"]))
    context.session.flush()
    return {"success": True}


def _to_change(context: Context, global_id: str) -> Automation:
    context.access.require_user()
    found = automation_by_id(context, global_id)
    if found is None:
        raise Refusal("automation not found", 404)
    if not _changes(context, found.scope):
        raise denied()
    return found


def _changes(context: Context, scope: Collection | Project | Entity) -> bool:
    """Whether the caller may say what is automated there; a whole entity's is its administrators' to say."""
    if isinstance(scope, Entity):
        return context.access.administers(scope)
    owner = scope.project if isinstance(scope, Collection) else scope
    return bool(context.access.roles_in(owner) or context.access.is_admin) and context.access.writes(owner)


def _set_scope(context: Context, made: Automation, kind: str, global_id: str) -> None:
    scope = _SCOPES[kind](context, global_id)
    if not _changes(context, scope):
        raise denied()
    owner = scope.project if isinstance(scope, Collection) else scope
    made.collection = scope if isinstance(scope, Collection) else None
    made.project = owner if isinstance(owner, Project) else None
    made.entity = owner.entity if isinstance(owner, Project) else owner


def _project(context: Context, global_id: str) -> Project:
    try:
        parts = ids.decode("Project", global_id)
    except ValueError as error:
        raise Refusal(str(error)) from None
    if len(parts) != 3:
        raise Refusal("project not found", 404)
    return context.access.project_to_change(parts[2], parts[1])


def _entity(context: Context, global_id: str) -> Entity:
    if "AUTOMATION_SCOPE_ENTITY" not in context.config.features:
        raise Refusal("automations of whole entities are not available on this server")
    try:
        found = context.session.get(Entity, ids.number("Entity", global_id))
    except ValueError as error:
        raise Refusal(str(error)) from None
    if found is None or not context.access.sees(found):
        raise Refusal("entity not found", 404)
    return found


def _collection(context: Context, global_id: str) -> Collection:
    return collection_to_change(context.access, global_id)


_SCOPES: dict[str, Any] = {PROJECT: _project, COLLECTION: _collection, ENTITY: _entity}


def _set_event(context: Context, made: Automation, event_type: str, event_filter: str) -> None:
    feature = feature_of(event_type)
    if event_type not in SCOPES or (feature is not None and feature not in context.config.features):
        raise Refusal(f"{event_type} events are not available on this server")
    kind = ENTITY if made.project is None else PROJECT if made.collection is None else COLLECTION
    if kind not in SCOPES[event_type]:
        possible = " or ".join(sorted(SCOPES[event_type]))
        raise Refusal(f"{event_type} events cannot be watched in the scope {kind}; use {possible}")
    understood(lambda: parse_filter(event_type, event_filter))
    made.event_type, made.event_filter = event_type, event_filter


def _set_action(context: Context, made: Automation, action_type: str, config: dict[str, Any]) -> None:
    gated = action_type in _GATED_ACTIONS
    if action_type not in _INPUTS or (
        gated and f"AUTOMATION_ACTION_{action_type}" not in context.config.features
    ):
        raise Refusal(f"{action_type} actions are not available on this server")
    wanted = _INPUTS[action_type]
    given = config.get(wanted)
    if given is None:
        raise Refusal(f"the action {action_type} needs {wanted} in its triggeredActionConfig")
    others = sorted(key for key, value in config.items() if value is not None and key != wanted)
    if others:
        raise Refusal(f"the action {action_type} takes {wanted} only, not {others[0]}")
    made.integration = None
    if action_type in ("GENERIC_WEBHOOK", "NOTIFICATION"):
        kind = WEBHOOK if action_type == "GENERIC_WEBHOOK" else SLACK
        made.integration = _integration(context, made.entity, kind, given["integrationID"])
    if action_type == "QUEUE_JOB":
        queue_to_change(context, given["queueID"])
        _json("template", given["template"])
    if given.get("requestPayload") is not None:
        _json("requestPayload", given["requestPayload"])
    if action_type == "ARIA" and not 0 < len(given["prompt"].strip().encode()) <= _MAX_PROMPT_BYTES:
        raise Refusal(f"the prompt must have between 1 and {_MAX_PROMPT_BYTES} bytes")
    made.action_type = action_type
    made.action = json.dumps({key: value for key, value in given.items() if key != "integrationID"})


def _integration(context: Context, owner: Entity, kind: str, global_id: str) -> Integration:
    """Return an integration for the entity's automations: its own, or that of a team of its organization."""
    found = integration_by_id(context, global_id)
    if found is None:
        raise Refusal("integration not found", 404)
    if found.kind != kind:
        raise Refusal(
            f"the integration {found.name!r} is a {found.kind.lower()} one; this action needs {kind}"
        )
    shared = owner.kind == "organization" and found.entity.organization_id == owner.organization_id
    if found.entity_id != owner.id and not shared:
        raise Refusal(f"the integration {found.name!r} belongs to {found.entity.name}, not to {owner.name}")
    return found


def _set_name(context: Context, made: Automation, name: str) -> None:
    if not name.strip() or len(name) > 255:
        raise Refusal("an automation needs a name of 1 to 255 characters")
    same = select(Automation.id).where(
        Automation.name == name,
        Automation.entity_id == made.entity.id,
        Automation.project_id.is_not_distinct_from(None if made.project is None else made.project.id),
        Automation.collection_id.is_not_distinct_from(
            None if made.collection is None else made.collection.id
        ),
    )
    others = same.where(Automation.id != made.id)  # one that is new has no id yet, and every other is another
    if context.session.scalar(others.limit(1)) is not None:
        raise Refusal(f"an automation {name!r} exists already in this scope", 409)
    made.name = name


def _json(name: str, text: str) -> None:
    try:
        json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Refusal(f"{name} is not JSON: {error}") from None
