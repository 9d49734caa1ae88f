"""Projects: finding, listing and changing them."""

from __future__ import annotations

from typing import Any

from ariadne import MutationType, ObjectType, QueryType, SchemaBindable
from graphql import GraphQLResolveInfo
from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.orm import joinedload

from wandkit.server import ids
from wandkit.server.database import now
from wandkit.server.filtering.artifact import project_field
from wandkit.server.filtering.operators import compile_filter_text
from wandkit.server.filtering.order import compile_order
from wandkit.server.graphql import Context, context_of
from wandkit.server.model.entity import Entity
from wandkit.server.model.project import Project
from wandkit.server.model.run import Run
from wandkit.server.names import check_name
from wandkit.server.pagination import page
from wandkit.server.permissions import PUBLIC_ACCESS, RESTRICTED, Refusal, denied
from wandkit.server.registries import apply_to_registry, is_registry
from wandkit.server.resolvers.run import understood

__all__ = ["BINDABLES", "new_project", "project_page"]

query: QueryType = QueryType()
mutation: MutationType = MutationType()
project: ObjectType = ObjectType("Project")

BINDABLES: list[SchemaBindable] = [query, mutation, project]

ACCESS_VALUES = frozenset({"PRIVATE", "ENTITY_READ", "ENTITY_WRITE", "USER_READ", "USER_WRITE", "RESTRICTED"})


@query.field("project")
@query.field("model")
def resolve_project(
    _parent: None, info: GraphQLResolveInfo, *, name: str | None = None, entityName: str | None = None
) -> Project | None:
    """Return one project; null where it is missing or hidden."""
    return context_of(info).access.project(entityName, name)


@query.field("projects")
@query.field("models")
def resolve_projects(_parent: None, info: GraphQLResolveInfo, **arguments: Any) -> dict[str, Any]:
    """Return the projects of an entity that the caller may see, newest first."""
    context = context_of(info)
    name = arguments.get("entityName")
    entity = context.access.any_entity(name) if name else context.access.default_entity()
    if entity is None:
        raise Refusal(f"entity {name} not found" if name else "an entityName is needed", 404)
    found = project_page(context, entity, arguments)
    if not found["edges"] and not arguments.get("after") and not context.access.sees(entity):
        raise Refusal(f"entity {entity.name} not found", 404)
    return found


def project_page(context: Context, entity: Entity, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return a page of the entity's projects, as far as the caller may see them."""
    statement = (
        select(Project)
        .where(Project.entity_id == entity.id, Project.deleted_at.is_(None))
        .options(joinedload(Project.user), joinedload(Project.entity))
    )
    matching = understood(lambda: compile_filter_text(arguments.get("filters"), project_field))
    statement = statement.where(matching, _visible(context, entity))
    order = understood(lambda: compile_order(arguments.get("order"), project_field, Project.id.expression))
    size = {"first": arguments.get("pageSize") or arguments.get("batchSize"), **_given(arguments)}
    return page(context.session, statement, order, size, max_size=context.config.max_page_size)


def _visible(context: Context, entity: Entity) -> ColumnElement[bool]:
    """Return the condition of the entity's projects that the caller may see."""
    if context.access.administers(entity):
        return true()
    invited = Project.id.in_(list(context.access.project_roles)) | Project.access.in_(PUBLIC_ACCESS)
    if not context.access.sees(entity):
        return invited
    if entity.kind != "organization":
        return true()
    return invited | (Project.access != RESTRICTED)


@project.field("id")
def resolve_id(parent: Project, _info: GraphQLResolveInfo) -> str:
    """Return the global id."""
    return ids.project_id(parent)


@project.field("internalId")
def resolve_internal_id(parent: Project, _info: GraphQLResolveInfo) -> str:
    """Return the id that renaming does not change."""
    return ids.encode("ProjectInternalId", parent.id)


@project.field("entityName")
def resolve_entity_name(parent: Project, _info: GraphQLResolveInfo) -> str:
    """Return the name of the owner."""
    return parent.entity.name


@project.field("readOnly")
def resolve_read_only(parent: Project, info: GraphQLResolveInfo) -> bool:
    """Return whether the caller may only look."""
    return not context_of(info).access.writes(parent)


@project.field("public")
def resolve_public(parent: Project, _info: GraphQLResolveInfo) -> bool:
    """Return whether everybody may look."""
    return parent.access in PUBLIC_ACCESS


@project.field("lastActive")
def resolve_last_active(parent: Project, info: GraphQLResolveInfo) -> str | None:
    """Return when a run of the project was last heard of."""
    latest: str | None = context_of(info).session.scalar(_over_runs(parent, func.max(Run.heartbeat_at)))
    return latest


@project.field("totalUsers")
def resolve_total_users(parent: Project, info: GraphQLResolveInfo) -> int:
    """Return how many users have runs in the project."""
    return context_of(info).session.scalar(_over_runs(parent, func.count(Run.user_id.distinct()))) or 0


@mutation.field("upsertModel")
def resolve_upsert_model(_parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]) -> dict[str, Any]:
    """Make a project or change one; null leaves a field as it is."""
    context = context_of(info)
    found, inserted = _find_or_make(context, input)
    if is_registry(found) and not inserted and not context.access.manages(found):
        raise denied()
    if input.get("access") is not None:
        if input["access"] not in ACCESS_VALUES:
            raise Refusal(
                f"invalid access {input['access']!r}: use one of {', '.join(sorted(ACCESS_VALUES))}"
            )
        found.access = input["access"]
    for key, attribute in _CHANGEABLE.items():
        if input.get(key) is not None:
            setattr(found, attribute, input[key])
    apply_to_registry(context.session, context.access.require_user(), found, input, inserted=inserted)
    context.session.flush()
    return {"model": found, "project": found, "inserted": inserted, "entityName": found.entity.name}


_CHANGEABLE = {
    "description": "description",
    "dockerImage": "docker_image",
    "framework": "framework",
    "isBenchmark": "is_benchmark",
    "isPublished": "is_published",
    "repo": "repo",
    "views": "views",
}


@mutation.field("renameProject")
def resolve_rename_project(
    _parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]
) -> dict[str, Any]:
    """Give a project another name."""
    context = context_of(info)
    found = context.access.project_to_change(input["entityName"], input["oldProjectName"])
    if is_registry(found) and not context.access.manages(found):
        raise denied()
    wanted = input["newProjectName"]
    _check_name(wanted)
    taken = context.access.project(found.entity.name, wanted)
    if taken is not None and taken is not found:
        raise Refusal(f"project {found.entity.name}/{wanted} exists already", 409)
    found.name = wanted
    context.session.flush()
    return {"model": found, "project": found, "inserted": False, "entityName": found.entity.name}


@mutation.field("deleteModel")
def resolve_delete_model(_parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]) -> dict[str, Any]:
    """Delete a project; its creator and the entity's administrators may."""
    context = context_of(info)
    found = _project_by_id(context, input["id"])
    me = context.access.require_user()
    if not context.access.manages(found) and (found.user_id != me.id or not context.access.writes(found)):
        raise denied()
    found.deleted_at = now()
    return {"success": True}


def new_project(context: Context, entity: Entity, name: str) -> Project:
    """Make a project in an entity that the caller may write to.

    Raises:
        Refusal: The name is not possible.
    """
    _check_name(name)
    made = Project(entity=entity, user=context.access.require_user(), name=name, access=entity.default_access)
    context.session.add(made)
    context.session.flush()
    return made


def _find_or_make(context: Context, input: dict[str, Any]) -> tuple[Project, bool]:
    if input.get("id") is not None:
        found = _project_by_id(context, input["id"])
        return context.access.project_to_change(found.entity.name, found.name), False
    name, entity_name = input.get("name"), input.get("entityName")
    if not name:
        raise Refusal("a project needs a name")
    entity = context.access.any_entity(entity_name) if entity_name else context.access.default_entity()
    if entity is None:
        raise Refusal(f"entity {entity_name} not found during upsertModel", 404)
    existing = context.access.project(entity.name, name)
    if existing is not None:
        return context.access.project_to_change(entity.name, name), False
    if not context.access.writes_to(entity):
        raise denied()
    return new_project(context, entity, name), True


def _project_by_id(context: Context, global_id: str) -> Project:
    try:
        parts = ids.decode("Project", global_id)
    except ValueError as error:
        raise Refusal(str(error)) from None
    found = context.access.project(parts[2], parts[1]) if len(parts) == 3 else None
    if found is None:
        raise Refusal("project not found", 404)
    return found


def _check_name(name: str) -> None:
    try:
        check_name("project", name)
    except ValueError as error:
        raise Refusal(str(error)) from None


def _given(arguments: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in arguments.items() if value is not None}


def _over_runs(parent: Project, aggregate: Any) -> Any:
    return select(aggregate).where(Run.project_id == parent.id, Run.deleted_at.is_(None))
