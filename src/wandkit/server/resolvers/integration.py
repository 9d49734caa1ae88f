"""Integrations: the webhooks and Slack channels of an entity that automations send to."""

from __future__ import annotations

from typing import Any

from ariadne import MutationType, ObjectType, SchemaBindable
from graphql import GraphQLResolveInfo
from sqlalchemy import select

from wandkit.server import ids
from wandkit.server.graphql import Context, context_of
from wandkit.server.integrations import add_webhook
from wandkit.server.model.automation import SLACK, WEBHOOK, Automation, Integration
from wandkit.server.model.entity import Entity
from wandkit.server.pagination import by_id, page
from wandkit.server.permissions import Refusal, denied

__all__ = ["BINDABLES", "integration_by_id", "integration_node"]

mutation: MutationType = MutationType()
entity: ObjectType = ObjectType("Entity")

BINDABLES: list[SchemaBindable] = [mutation, entity]

_TYPES = {WEBHOOK: "GenericWebhookIntegration", SLACK: "SlackIntegration"}


@entity.field("integrations")
def resolve_integrations(parent: Entity, info: GraphQLResolveInfo, **arguments: Any) -> dict[str, Any] | None:
    """Return a page of the entity's integrations, to its members."""
    context = context_of(info)
    if not context.access.sees(parent):
        return None
    statement = select(Integration).where(Integration.entity_id == parent.id)
    ordering = by_id(Integration.id.expression)
    found = page(context.session, statement, ordering, arguments, max_size=context.config.max_page_size)
    edges = [{**edge, "node": integration_node(edge["node"])} for edge in found["edges"]]
    return {**found, "edges": edges}


@mutation.field("createGenericWebhookIntegration")
def resolve_create_webhook(
    _parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]
) -> dict[str, Any]:
    """Make a webhook; the entity's administrators may."""
    context = context_of(info)
    owner = _entity_to_administer(context, input["entityName"])
    try:
        made = add_webhook(
            context.session,
            owner,
            input["name"],
            input["urlEndpoint"],
            access_token_ref=input.get("accessTokenRef"),
            secret_ref=input.get("secretRef"),
        )
    except ValueError as error:
        raise Refusal(str(error)) from None
    return {"integration": integration_node(made)}


@mutation.field("deleteIntegration")
def resolve_delete_integration(
    _parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]
) -> dict[str, Any]:
    """Delete an integration that no automation uses; the entity's administrators may."""
    context = context_of(info)
    context.access.require_user()
    found = integration_by_id(context, input["id"])
    if found is None:
        raise Refusal("integration not found", 404)
    if not context.access.administers(found.entity):
        raise denied()
    used = select(Automation.name).where(Automation.integration_id == found.id).limit(1)
    user = context.session.scalar(used)
    if user is not None:
        raise Refusal(f"the automation {user!r} uses this integration; delete it first", 409)
    context.session.delete(found)
    context.session.flush()
    return {"success": True}


def integration_node(found: Integration) -> dict[str, Any]:
    """Return an integration as the API shows it: by name which secrets it uses, never their values."""
    return {
        "__typename": _TYPES[found.kind],
        "id": ids.encode("Integration", found.id),
        "name": found.name,
        "urlEndpoint": found.url_endpoint,
        "accessTokenRef": found.access_token_ref,
        "secretRef": found.secret_ref,
        "teamName": found.team_name,
        "channelName": found.channel_name,
        "createdAt": found.created_at,
    }


def integration_by_id(context: Context, global_id: str) -> Integration | None:
    """Return an integration of an entity that the caller belongs to."""
    try:
        found = context.session.get(Integration, ids.number("Integration", global_id))
    except ValueError:
        return None
    return found if found is not None and context.access.sees(found.entity) else None


def _entity_to_administer(context: Context, name: str) -> Entity:
    context.access.require_user()
    found = context.access.entity(name)
    if found is None:
        raise Refusal(f"entity {name} not found", 404)
    if not context.access.administers(found):
        raise denied()
    return found
