"""Default resource configs: what the items of a queue are given to run with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from ariadne import MutationType, ObjectType, SchemaBindable
from graphql import GraphQLResolveInfo

from wandkit.server import ids
from wandkit.server.graphql import Context, context_of
from wandkit.server.model.entity import Entity
from wandkit.server.model.run_queue import DefaultResourceConfig
from wandkit.server.permissions import Refusal, denied
from wandkit.server.run_spec import read_object, read_variables, schema_of

__all__ = ["BINDABLES", "config_by_id", "config_id", "new_config", "owner_to_change", "read"]

mutation: MutationType = MutationType()
entity: ObjectType = ObjectType("Entity")
config_type: ObjectType = ObjectType("DefaultResourceConfig")

BINDABLES: list[SchemaBindable] = [mutation, entity, config_type]

_T = TypeVar("_T")


@entity.field("defaultResourceConfig")
def resolve_default_resource_config(
    parent: Entity, info: GraphQLResolveInfo, *, id: str
) -> DefaultResourceConfig | None:
    """Return one config of the entity; null where it is missing or hidden."""
    context = context_of(info)
    found = config_by_id(context, id)
    if found is None or found.entity_id != parent.id or not context.access.sees(parent):
        return None
    return found


@config_type.field("id")
def resolve_id(parent: DefaultResourceConfig, _info: GraphQLResolveInfo) -> str:
    """Return the global id."""
    return config_id(parent)


@config_type.field("config")
def resolve_config(parent: DefaultResourceConfig, _info: GraphQLResolveInfo) -> dict[str, Any]:
    """Return the config as an object."""
    return read_object(parent.config, "config")


@config_type.field("templateVariables")
def resolve_template_variables(
    parent: DefaultResourceConfig, _info: GraphQLResolveInfo
) -> list[dict[str, Any]]:
    """Return the template variables with their schemas."""
    return [{"name": name, "schema": schema_of(said)} for name, said in parent.template_variables.items()]


@mutation.field("createDefaultResourceConfig")
def resolve_create(_parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]) -> dict[str, Any]:
    """Keep a config, to be named by a queue."""
    context = context_of(info)
    owner = owner_to_change(context, input["entityName"])
    made = new_config(context, owner, input["resource"], input["config"], input.get("templateVariables"))
    return {"defaultResourceConfigID": config_id(made), "success": True}


@mutation.field("updateDefaultResourceConfig")
def resolve_update(_parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]) -> dict[str, Any]:
    """Replace the config of the queues that name it; its template variables stay."""
    found = _config_to_change(context_of(info), input["defaultResourceConfigID"])
    read(lambda: read_object(input["config"], "config"))
    found.config = input["config"]
    if input.get("resource"):
        found.resource = input["resource"]
    return {"defaultResourceConfigID": config_id(found), "success": True}


@mutation.field("deleteDefaultResourceConfigs")
def resolve_delete(_parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]) -> dict[str, Any]:
    """Delete configs; the queues that named them have none from then on."""
    context = context_of(info)
    found = {_config_to_change(context, one) for one in input["defaultResourceConfigIDs"]}
    for config in found:
        context.session.delete(config)
    context.session.flush()
    return {"numAffected": len(found), "success": True}


def config_id(config: DefaultResourceConfig) -> str:
    """Return the global id of a config."""
    return ids.encode("DefaultResourceConfig", config.id)


def config_by_id(context: Context, global_id: str) -> DefaultResourceConfig | None:
    """Return the config of a global id, whether or not the caller may see it."""
    try:
        number = ids.number("DefaultResourceConfig", global_id)
    except ValueError:
        return None
    return context.session.get(DefaultResourceConfig, number)


def new_config(
    context: Context, owner: Entity, resource: str, config: str, variables: str | None
) -> DefaultResourceConfig:
    """Make a config.

    Raises:
        Refusal: The config or a template variable is malformed.
    """
    if not resource:
        raise Refusal("a default resource config needs a resource")
    read(lambda: read_object(config, "config"))
    made = DefaultResourceConfig(
        entity=owner,
        resource=resource,
        config=config,
        template_variables=read(lambda: read_variables(variables)),
    )
    context.session.add(made)
    context.session.flush()
    return made


def owner_to_change(context: Context, name: str) -> Entity:
    """Return an entity in which the caller may make configs and queues.

    Raises:
        Refusal: There is none that the caller may see, or they may only look at it.
    """
    context.access.require_user()
    found = context.access.entity(name)
    if found is None:
        raise Refusal(f"entity {name} not found", 404)
    if not context.access.writes_to(found):
        raise denied()
    return found


def read(read_it: Callable[[], _T]) -> _T:
    """Return what is read, or refuse the request with its complaint."""
    try:
        return read_it()
    except ValueError as error:
        raise Refusal(str(error)) from None


def _config_to_change(context: Context, global_id: str) -> DefaultResourceConfig:
    found = config_by_id(context, global_id)
    if found is None or not context.access.sees(found.entity):
        raise Refusal("default resource config not found", 404)
    if not context.access.writes_to(found.entity):
        raise denied()
    return found
