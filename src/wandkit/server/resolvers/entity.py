"""Entities: users' own ones and teams, and their members."""

from __future__ import annotations

from typing import Any

from ariadne import MutationType, ObjectType, QueryType, SchemaBindable
from graphql import GraphQLResolveInfo
from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from wandkit.server import ids
from wandkit.server.accounts import add_member, add_team, add_user, find_user, free_name
from wandkit.server.graphql import Context, context_of
from wandkit.server.model.entity import Entity, Membership, Organization
from wandkit.server.model.project import Project
from wandkit.server.model.run import Run
from wandkit.server.model.user import User
from wandkit.server.permissions import Refusal, denied
from wandkit.server.resolvers.organization import own_organization
from wandkit.server.resolvers.project import project_page
from wandkit.server.resolvers.user import show_once

__all__ = ["BINDABLES"]

query: QueryType = QueryType()
mutation: MutationType = MutationType()
entity: ObjectType = ObjectType("Entity")

BINDABLES: list[SchemaBindable] = [query, mutation, entity]


@query.field("entity")
def resolve_entity(
    _parent: None, info: GraphQLResolveInfo, *, name: str | None = None, **_arguments: object
) -> Entity | None:
    """Return an entity that the caller belongs to; without a name, their default one."""
    return context_of(info).access.entity(name)


@entity.field("id")
def resolve_id(parent: Entity, _info: GraphQLResolveInfo) -> str:
    """Return the global id."""
    return ids.entity_id(parent)


@entity.field("entityType")
def resolve_entity_type(parent: Entity, _info: GraphQLResolveInfo) -> str:
    """Return `user`, `team` or `organization`."""
    return parent.kind


@entity.field("isTeam")
def resolve_is_team(parent: Entity, _info: GraphQLResolveInfo) -> bool:
    """Return whether it is a team."""
    return parent.kind == "team"


@entity.field("readOnly")
def resolve_read_only(parent: Entity, info: GraphQLResolveInfo) -> bool:
    """Return whether the caller may only look."""
    return not context_of(info).access.writes_to(parent)


@entity.field("readOnlyAdmin")
def resolve_read_only_admin(parent: Entity, info: GraphQLResolveInfo) -> bool:
    """Return whether the caller is kept from managing the entity."""
    return not context_of(info).access.administers(parent)


@entity.field("xxhashDigestsEnabled")
def resolve_xxhash_digests(_parent: Entity, _info: GraphQLResolveInfo) -> bool:
    """Return that versions may have XXH128 digests here."""
    return True


@entity.field("user")
def resolve_user(parent: Entity, info: GraphQLResolveInfo) -> User | None:
    """Return the user whose own entity this is; null for teams."""
    return find_user(context_of(info).session, parent.name) if parent.kind == "user" else None


@entity.field("organization")
def resolve_its_organization(parent: Entity, info: GraphQLResolveInfo) -> Organization | None:
    """Return the organization, to members of the entity."""
    return parent.organization if context_of(info).access.sees(parent) else None


@entity.field("organizationId")
def resolve_organization_id(parent: Entity, info: GraphQLResolveInfo) -> str | None:
    """Return the global id of the organization, to members of the entity."""
    if parent.organization_id is None or not context_of(info).access.sees(parent):
        return None
    return ids.encode("Organization", parent.organization_id)


@entity.field("settings")
def resolve_settings(_parent: Entity, _info: GraphQLResolveInfo) -> dict[str, bool]:
    """Return the settings, which are the same for every entity of this server."""
    return {"entityProfileEnabled": False, "membersCanInvite": False}


@entity.field("memberCount")
def resolve_member_count(parent: Entity, info: GraphQLResolveInfo) -> int:
    """Return how many members there are, to members."""
    return len(parent.memberships) if context_of(info).access.sees(parent) else 0


@entity.field("members")
def resolve_members(parent: Entity, info: GraphQLResolveInfo) -> list[dict[str, Any]]:
    """Return the members, to members."""
    context = context_of(info)
    if not context.access.sees(parent):
        return []
    places = context.session.scalars(
        select(Membership)
        .where(Membership.entity_id == parent.id)
        .order_by(Membership.id)
        .options(selectinload(Membership.user))
    )
    return [_member(place) for place in places]


@entity.field("project")
def resolve_project(parent: Entity, info: GraphQLResolveInfo, *, name: str | None = None) -> Project | None:
    """Return one of the entity's projects."""
    return context_of(info).access.project(parent.name, name)


@entity.field("projects")
def resolve_projects(parent: Entity, info: GraphQLResolveInfo, **arguments: Any) -> dict[str, Any]:
    """Return the entity's projects that the caller may see."""
    return project_page(context_of(info), parent, arguments)


@entity.field("runCount")
def resolve_run_count(parent: Entity, info: GraphQLResolveInfo, **_arguments: object) -> int:
    """Return how many runs the entity has, to members."""
    if not context_of(info).access.sees(parent):
        return 0
    statement = (
        select(func.count())
        .select_from(Run)
        .join(Project, Run.project_id == Project.id)
        .where(Project.entity_id == parent.id, Project.deleted_at.is_(None), Run.deleted_at.is_(None))
    )
    return context_of(info).session.scalar(statement) or 0


@mutation.field("createTeam")
def resolve_create_team(_parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]) -> dict[str, Any]:
    """Make a team; its administrator is the named user, else the caller."""
    context = context_of(info)
    admin = context.access.require_user()
    if input.get("teamAdminUserName"):
        admin = _known_user(context, input["teamAdminUserName"])
        if admin is not context.access.user and not context.access.is_admin:
            raise denied()
    try:
        team = add_team(context.session, input["teamName"])
    except ValueError as error:
        raise Refusal(str(error), 409 if "taken" in str(error) else 400) from None
    if input.get("organizationId"):
        team.organization = own_organization(context, input["organizationId"])
    add_member(context.session, team, admin, "admin")
    context.access.__dict__.pop("roles", None)
    return {"entity": team}


@mutation.field("createInvite")
def resolve_create_invite(
    _parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]
) -> dict[str, Any]:
    """Make a known user a member of a team; this server sends no mail, so there is nothing to accept."""
    context = context_of(info)
    team = _team_to_manage(context, input.get("entityName"))
    guest = _known_user(context, input.get("username") or input.get("email") or "")
    if any(found.user_id == guest.id for found in team.memberships):
        raise Refusal(f"{guest.username} is already a member of {team.name}", 409)
    role = input.get("role") or ("admin" if input.get("admin") else "member")
    try:
        place = add_member(context.session, team, guest, role)
    except ValueError as error:
        raise Refusal(str(error)) from None
    invite = {
        "id": ids.encode("Invite", place.id),
        "name": guest.name,
        "email": guest.email,
        "createdAt": place.created_at,
        "toUser": guest,
        "fromUser": context.access.user,
        "entity": team,
        "accepted": True,
    }
    return {"invite": invite, "entity": team, "success": True}


@mutation.field("deleteInvite")
def resolve_delete_invite(
    _parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]
) -> dict[str, Any]:
    """Take a member out of a team."""
    context = context_of(info)
    team = _team_to_manage(context, input.get("entityName"))
    place = next((found for found in team.memberships if ids.user_id(found.user) == input.get("id")), None)
    if place is None:
        raise Refusal("member not found", 404)
    context.session.delete(place)
    return {"success": True}


@mutation.field("updateMember")
def resolve_update_member(
    _parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]
) -> dict[str, Any]:
    """Change a member's role in a team."""
    context = context_of(info)
    team = _team_to_manage(context, input["entityName"])
    place = next((found for found in team.memberships if ids.user_id(found.user) == input["user"]), None)
    if place is None:
        raise Refusal("member not found", 404)
    role = input.get("role")
    if role is None and input.get("admin") is not None:
        role = "admin" if input["admin"] else "member"
    try:
        place = add_member(context.session, team, place.user, role or place.role)
    except ValueError as error:
        raise Refusal(str(error)) from None
    return {"member": _member(place)}


@mutation.field("createServiceAccount")
def resolve_create_service_account(
    _parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]
) -> dict[str, Any]:
    """Make an account for machines that belongs to one team."""
    context = context_of(info)
    team = _team_to_manage(context, input.get("entityName"))
    name = free_name(context.session, f"service-{team.name[:100]}")
    try:
        account, key = add_user(context.session, name, account_type="SERVICE")
    except ValueError as error:
        raise Refusal(str(error), 409) from None
    account.name = input.get("description") or name
    account.default_entity = team
    add_member(context.session, team, account)
    show_once(context, account.api_keys[0], key)
    return {"user": account}


def _member(place: Membership) -> dict[str, Any]:
    return {
        "id": ids.user_id(place.user),
        "name": place.user.name,
        "username": place.user.username,
        "email": place.user.email,
        "admin": place.role == "admin",
        "role": place.role,
        "pending": False,
        "accountType": place.user.account_type,
    }


def _team_to_manage(context: Context, name: str | None) -> Entity:
    context.access.require_user()
    team = context.access.entity(name)
    if team is None:
        raise Refusal(f"entity {name} not found", 404)
    if team.kind != "team" or not context.access.administers(team):
        raise denied()
    return team


def _known_user(context: Context, name_or_email: str) -> User:
    found = find_user(context.session, name_or_email)
    if found is None:
        raise Refusal(f"user {name_or_email} not found", 404)
    return found
