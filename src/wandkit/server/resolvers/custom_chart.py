"""Custom charts: listing, making, changing and deleting them."""

from __future__ import annotations

import json
import re
from typing import Any

from ariadne import MutationType, ObjectType, QueryType, SchemaBindable
from graphql import GraphQLResolveInfo
from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload

from wandkit.server.graphql import Context, context_of
from wandkit.server.model.custom_chart import CustomChart
from wandkit.server.model.entity import Entity
from wandkit.server.model.user import User
from wandkit.server.pagination import by_id, page
from wandkit.server.permissions import Refusal, denied
from wandkit.server.shapes import is_object

__all__ = ["BINDABLES"]

query: QueryType = QueryType()
mutation: MutationType = MutationType()
chart: ObjectType = ObjectType("CustomChart")

BINDABLES: list[SchemaBindable] = [query, mutation, chart]

TYPES = ("vega2",)
_ACCESS = ("PRIVATE", "PUBLIC")
_NAME = re.compile(r"[A-Za-z0-9_.\-]+(/[A-Za-z0-9_.\-]+)*", re.ASCII)
_LONGEST_NAME = 128


@query.field("customCharts")
def resolve_custom_charts(_parent: None, info: GraphQLResolveInfo, **arguments: Any) -> dict[str, Any]:
    """Return a page of charts of one type, the newest first: public ones, and those of the caller."""
    context = context_of(info)
    statement = select(CustomChart).where(CustomChart.type == arguments["type"])
    if not context.access.is_admin:
        mine = CustomChart.entity_id.in_(list(context.access.roles))
        statement = statement.where(or_(CustomChart.access == "PUBLIC", mine))
    if arguments.get("entity") is not None:
        owner = select(Entity.id).where(Entity.name == arguments["entity"])
        statement = statement.where(CustomChart.entity_id.in_(owner))
    if arguments.get("userName") is not None:
        maker = select(User.id).where(User.username == arguments["userName"])
        statement = statement.where(CustomChart.user_id.in_(maker))
    statement = statement.options(joinedload(CustomChart.entity), joinedload(CustomChart.user))
    ordering = by_id(CustomChart.id.expression, descending=True)
    return page(context.session, statement, ordering, arguments, max_size=context.config.max_page_size)


@chart.field("id")
def resolve_id(parent: CustomChart, _info: GraphQLResolveInfo) -> str:
    """Return the name by which runs refer to the chart: `entity/name`."""
    return f"{parent.entity.name}/{parent.name}"


@mutation.field("createCustomChart")
def resolve_create(_parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]) -> dict[str, Any]:
    """Make a chart; members of the entity may."""
    context = context_of(info)
    owner = _entity_to_change(context, input["entity"])
    name = input["name"]
    if len(name) > _LONGEST_NAME or not _NAME.fullmatch(name):
        raise Refusal(
            f"invalid chart name {name[:140]!r}: use letters, digits, '-', '_' and '.', '/' between them, "
            f"at most {_LONGEST_NAME} of them"
        )
    if _named(context, owner, name) is not None:
        raise Refusal(f"the chart {owner.name}/{name} exists already", 409)
    made = CustomChart(entity=owner, user=context.access.require_user(), name=name)
    _apply(made, input)
    context.session.add(made)
    context.session.flush()
    return {"chart": made}


@mutation.field("updateCustomChart")
def resolve_update(_parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]) -> dict[str, Any]:
    """Change a chart; null leaves a field as it is."""
    context = context_of(info)
    found = _to_change(context, input)
    _apply(found, input)
    context.session.flush()
    return {"chart": found}


@mutation.field("deleteCustomChart")
def resolve_delete(_parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]) -> dict[str, Any]:
    """Delete a chart."""
    context = context_of(info)
    context.session.delete(_to_change(context, input))
    context.session.flush()
    return {"success": True}


def _apply(found: CustomChart, input: dict[str, Any]) -> None:
    if input.get("type") is not None:
        if input["type"] not in TYPES:
            raise Refusal(f"charts of type {input['type']!r} are not known; use {' or '.join(TYPES)}")
        found.type = input["type"]
    if input.get("access") is not None:
        if input["access"] not in _ACCESS:
            raise Refusal(f"invalid access {input['access']!r}: use one of {', '.join(_ACCESS)}")
        found.access = input["access"]
    if input.get("spec") is not None:
        found.spec = _checked(input["spec"])
    if input.get("displayName") is not None:
        found.display_name = input["displayName"]


def _checked(spec: str) -> str:
    try:
        content = json.loads(spec)
    except (ValueError, RecursionError) as error:
        raise Refusal(f"invalid spec: it is not JSON: {error}") from None
    if not is_object(content):
        raise Refusal("invalid spec: it is not a JSON object")
    return spec


def _named(context: Context, owner: Entity, name: str) -> CustomChart | None:
    return context.session.scalars(
        select(CustomChart).where(CustomChart.entity_id == owner.id, CustomChart.name == name)
    ).one_or_none()


def _to_change(context: Context, input: dict[str, Any]) -> CustomChart:
    found = _named(context, _entity_to_change(context, input["entity"]), input["name"])
    if found is None:
        raise Refusal(f"chart {input['entity']}/{input['name']} not found", 404)
    return found


def _entity_to_change(context: Context, name: str) -> Entity:
    context.access.require_user()
    found = context.access.entity(name)
    if found is None:
        raise Refusal(f"entity {name} not found", 404)
    if not context.access.writes_to(found):
        raise denied()
    return found
