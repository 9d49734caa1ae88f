"""Organizations: groups of teams, their members, and the entity that owns their registries."""

from __future__ import annotations

from typing import Any

from ariadne import ObjectType, QueryType, SchemaBindable
from graphql import GraphQLResolveInfo
from sqlalchemy import select

from wandkit.server import ids
from wandkit.server.graphql import Context, context_of
from wandkit.server.model.entity import Entity, Organization, OrganizationMembership
from wandkit.server.permissions import Refusal, denied

__all__ = ["BINDABLES", "own_organization"]

query: QueryType = QueryType()
organization: ObjectType = ObjectType("Organization")

BINDABLES: list[SchemaBindable] = [query, organization]


@query.field("organization")
def resolve_organization(
    _parent: None, info: GraphQLResolveInfo, *, name: str | None = None, id: str | None = None
) -> Organization | None:
    """Return an organization that the caller belongs to."""
    statement = select(Organization)
    try:
        if id is not None:
            statement = statement.where(Organization.id == ids.number("Organization", id))
    except ValueError:
        return None
    if name is not None:
        statement = statement.where(Organization.name == name)
    if name is None and id is None:
        return None
    found = context_of(info).session.scalars(statement).one_or_none()
    return found if found is not None and _belongs(context_of(info), found) else None


@organization.field("id")
def resolve_org_id(parent: Organization, _info: GraphQLResolveInfo) -> str:
    """Return the global id."""
    return ids.encode("Organization", parent.id)


@organization.field("orgType")
def resolve_org_type(_parent: Organization, _info: GraphQLResolveInfo) -> str:
    """Return the one kind of organization that this server has."""
    return "ORGANIZATION"


@organization.field("orgEntity")
def resolve_org_entity(parent: Organization, _info: GraphQLResolveInfo) -> Entity | None:
    """Return the entity that owns the organization's registries."""
    return next((found for found in parent.entities if found.kind == "organization"), None)


@organization.field("teams")
def resolve_org_teams(parent: Organization, info: GraphQLResolveInfo) -> list[Entity]:
    """Return the organization's teams that the caller belongs to."""
    access = context_of(info).access
    return [found for found in parent.entities if found.kind == "team" and access.sees(found)]


@organization.field("members")
def resolve_org_members(parent: Organization, _info: GraphQLResolveInfo) -> list[dict[str, Any]]:
    """Return the organization's members."""
    return [
        {
            "id": ids.user_id(place.user),
            "name": place.user.name,
            "username": place.user.username,
            "admin": place.role == "admin",
            "role": place.role,
            "user": place.user,
        }
        for place in parent.memberships
    ]


def own_organization(context: Context, global_id: str) -> Organization:
    """Return an organization that the caller administers.

    Raises:
        Refusal: There is none that the caller belongs to, or they do not administer it.
    """
    try:
        found = context.session.get(Organization, ids.number("Organization", global_id))
    except ValueError as error:
        raise Refusal(str(error)) from None
    if found is None or not _belongs(context, found):
        raise Refusal("organization not found", 404)
    if not _belongs(context, found, role="admin"):
        raise denied()
    return found


def _belongs(context: Context, found: Organization, role: str | None = None) -> bool:
    if context.access.is_admin:
        return True
    me = context.access.user
    if me is None:
        return False
    place = select(OrganizationMembership.id).where(
        OrganizationMembership.organization_id == found.id, OrganizationMembership.user_id == me.id
    )
    if role is not None:
        place = place.where(OrganizationMembership.role == role)
    return context.session.scalar(place) is not None
