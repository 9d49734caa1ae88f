"""Registries: an organization's shared projects, what is linked there, and who may do what in them."""

from __future__ import annotations

from typing import Any

from ariadne import MutationType, ObjectType, SchemaBindable
from graphql import GraphQLResolveInfo
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import joinedload

from wandkit.server import ids
from wandkit.server.filtering.artifact import collection_field, project_field, version_field
from wandkit.server.filtering.operators import compile_filter_text
from wandkit.server.filtering.order import compile_order
from wandkit.server.graphql import Context, context_of
from wandkit.server.model.artifact import Artifact
from wandkit.server.model.collection import Collection, CollectionMember
from wandkit.server.model.entity import Entity, Organization
from wandkit.server.model.project import Project
from wandkit.server.model.registry import ProjectRole
from wandkit.server.model.user import User
from wandkit.server.pagination import page
from wandkit.server.permissions import Refusal, denied
from wandkit.server.registries import PREFIX
from wandkit.server.resolvers.collection import collection_page
from wandkit.server.resolvers.membership import member_loading
from wandkit.server.resolvers.project import project_page
from wandkit.server.resolvers.run import understood

__all__ = ["BINDABLES"]

mutation: MutationType = MutationType()
entity: ObjectType = ObjectType("Entity")
organization: ObjectType = ObjectType("Organization")
project: ObjectType = ObjectType("Project")

BINDABLES: list[SchemaBindable] = [mutation, entity, organization, project]

_DEFAULT_ROLE = "member"
_ROLES = ("admin", "member", "viewer", "restricted_viewer")


@organization.field("advancedRegistryFeatures")
def resolve_advanced_features(_parent: Organization, _info: GraphQLResolveInfo) -> dict[str, bool]:
    """Return that versions can be ordered and found by their size and the time of linking."""
    return {"advancedSearch": True}


@organization.field("registries")
def resolve_registries(parent: Organization, info: GraphQLResolveInfo, **arguments: Any) -> dict[str, Any]:
    """Return the organization's registries."""
    owner = next((found for found in parent.entities if found.kind == "organization"), None)
    if owner is None:
        return {"edges": [], "pageInfo": {"hasNextPage": False}}
    arguments["filters"] = f'{{"name": {{"$regex": "^{PREFIX}"}}}}'
    return project_page(context_of(info), owner, arguments)


@entity.field("artifactCollections")
def resolve_collections(parent: Entity, info: GraphQLResolveInfo, **arguments: Any) -> dict[str, Any]:
    """Return the collections of the entity's projects, as far as the caller may see them."""
    context = context_of(info)
    seen = _projects(context, parent, arguments.get("projectFilters"))
    return collection_page(context, Collection.project_id.in_(seen), arguments)


@entity.field("artifactMemberships")
def resolve_memberships(parent: Entity, info: GraphQLResolveInfo, **arguments: Any) -> dict[str, Any]:
    """Return the versions that are linked to the entity's portfolios, as far as the caller may see them."""
    context = context_of(info)
    versions = understood(lambda: compile_filter_text(arguments.get("filters"), version_field))
    collections = understood(
        lambda: compile_filter_text(arguments.get("collectionFilters"), collection_field)
    )
    seen = _projects(context, parent, arguments.get("projectFilters"))
    statement = (
        select(CollectionMember)
        .join(Artifact, CollectionMember.artifact_id == Artifact.id)
        .join(Collection, CollectionMember.collection_id == Collection.id)
        .where(Collection.project_id.in_(seen), Collection.deleted_at.is_(None))
        .where(Collection.kind == "PORTFOLIO", versions, collections)
    )
    number = CollectionMember.id.expression
    order = understood(lambda: compile_order(arguments.get("order") or "-linked_at", version_field, number))
    limit = context.config.max_page_size
    return page(context.session, statement.options(*member_loading()), order, arguments, max_size=limit)


@project.field("allowAllArtifactTypesInRegistry")
def resolve_allow_all(parent: Project, _info: GraphQLResolveInfo) -> bool:
    """Return whether versions of any type can be linked."""
    return parent.allow_all_artifact_types


@project.field("members")
def resolve_members(parent: Project, info: GraphQLResolveInfo) -> list[dict[str, Any]]:
    """Return the users who have a role in the project itself, to those who belong to its entity."""
    return [
        {
            "id": ids.user_id(place.user),
            "name": place.user.name,
            "username": place.user.username,
            "email": place.user.email,
            "role": {"name": place.role},
        }
        for place in _places(context_of(info), parent)
        if place.user is not None
    ]


@project.field("teamMembers")
def resolve_team_members(parent: Project, info: GraphQLResolveInfo) -> list[dict[str, Any]]:
    """Return the teams that have a role in the project itself, to those who belong to its entity."""
    return [
        {"team": place.team, "role": {"name": place.role}}
        for place in _places(context_of(info), parent)
        if place.team is not None
    ]


@mutation.field("createProjectMembers")
def resolve_create_members(
    _parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]
) -> dict[str, Any]:
    """Give users and teams a place in a project, as members; a role that they have stays."""
    context = context_of(info)
    found = _to_manage(context, input["projectId"])
    for user in [_user(context, text) for text in input.get("userIds") or ()]:
        if _place(context, found, ProjectRole.user_id == user.id) is None:
            context.session.add(ProjectRole(project_id=found.id, user_id=user.id, role=_DEFAULT_ROLE))
    for team in [_team(context, text) for text in input.get("teamIds") or ()]:
        if _place(context, found, ProjectRole.team_id == team.id) is None:
            context.session.add(ProjectRole(project_id=found.id, team_id=team.id, role=_DEFAULT_ROLE))
    context.session.flush()
    return {"success": True}


@mutation.field("deleteProjectMembers")
def resolve_delete_members(
    _parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]
) -> dict[str, Any]:
    """Take users and teams out of a project."""
    context = context_of(info)
    found = _to_manage(context, input["projectId"])
    users = [ProjectRole.user_id == _user(context, text).id for text in input.get("userIds") or ()]
    teams = [ProjectRole.team_id == _team(context, text).id for text in input.get("teamIds") or ()]
    for condition in [*users, *teams]:
        context.session.delete(_known_place(context, found, condition))
    context.session.flush()
    return {"success": True}


@mutation.field("updateProjectMember")
def resolve_update_member(
    _parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]
) -> dict[str, Any]:
    """Change the role of a user in a project."""
    context = context_of(info)
    found = _to_manage(context, input["projectId"])
    condition = ProjectRole.user_id == _user(context, input["userId"]).id
    _known_place(context, found, condition).role = _role(input["userProjectRole"])
    return {"success": True}


@mutation.field("updateProjectTeamMember")
def resolve_update_team_member(
    _parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]
) -> dict[str, Any]:
    """Change the role of a team in a project."""
    context = context_of(info)
    found = _to_manage(context, input["projectId"])
    condition = ProjectRole.team_id == _team(context, input["teamId"]).id
    _known_place(context, found, condition).role = _role(input["teamProjectRole"])
    return {"success": True}


def _projects(context: Context, owner: Entity, filters: str | None) -> list[int]:
    condition = understood(lambda: compile_filter_text(filters, project_field))
    statement = select(Project).where(Project.entity_id == owner.id, Project.deleted_at.is_(None), condition)
    found = context.session.scalars(statement.options(joinedload(Project.entity)))
    return [project.id for project in found if context.access.reads(project)]


def _places(context: Context, owner: Project) -> list[ProjectRole]:
    if not context.access.roles_in(owner) and not context.access.is_admin:
        return []
    statement = select(ProjectRole).where(ProjectRole.project_id == owner.id).order_by(ProjectRole.id)
    loading = (joinedload(ProjectRole.user), joinedload(ProjectRole.team))
    return list(context.session.scalars(statement.options(*loading)))


def _to_manage(context: Context, global_id: str) -> Project:
    context.access.require_user()
    try:
        number = int(global_id) if global_id.isdigit() else ids.number("ProjectInternalId", global_id)
        found = context.session.get(Project, number)
    except ValueError:
        found = _by_path(context, global_id)
    if found is None or found.deleted_at is not None or not context.access.reads(found):
        raise Refusal("project not found", 404)
    if not context.access.manages(found):
        raise denied()
    return found


def _by_path(context: Context, global_id: str) -> Project | None:
    try:
        parts = ids.decode("Project", global_id)
    except ValueError as error:
        raise Refusal(str(error)) from None
    return context.access.project(parts[2], parts[1]) if len(parts) == 3 else None


def _user(context: Context, global_id: str) -> User:
    try:
        found = context.session.get(User, ids.number("User", global_id))
    except ValueError as error:
        raise Refusal(str(error)) from None
    if found is None or found.deleted_at is not None:
        raise Refusal("user not found", 404)
    return found


def _team(context: Context, global_id: str) -> Entity:
    try:
        found = context.session.get(Entity, ids.number("Entity", global_id))
    except ValueError as error:
        raise Refusal(str(error)) from None
    if found is None or found.kind != "team":
        raise Refusal("team not found", 404)
    return found


def _place(context: Context, owner: Project, condition: ColumnElement[bool]) -> ProjectRole | None:
    return context.session.scalars(
        select(ProjectRole).where(ProjectRole.project_id == owner.id, condition)
    ).one_or_none()


def _known_place(context: Context, owner: Project, condition: ColumnElement[bool]) -> ProjectRole:
    found = _place(context, owner, condition)
    if found is None:
        raise Refusal("member not found", 404)
    return found


def _role(name: str) -> str:
    found = name.strip().lower()
    if found not in _ROLES:
        raise Refusal(f"{name[:80]!r} is no role; use {', '.join(_ROLES)}")
    return found
