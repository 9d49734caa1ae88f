"""Share links of views: made, widened, taken back. Only those who may change a view see its links."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from ariadne import MutationType, ObjectType, SchemaBindable
from graphql import GraphQLResolveInfo
from sqlalchemy import func, select

from wandkit.server import ids
from wandkit.server.database import now
from wandkit.server.graphql import Context, context_of
from wandkit.server.model.project import Project
from wandkit.server.model.report import AccessToken, View
from wandkit.server.model.user import User
from wandkit.server.permissions import Refusal, denied
from wandkit.server.views import view_to_change

__all__ = ["BINDABLES"]

mutation: MutationType = MutationType()
view: ObjectType = ObjectType("View")
access_token: ObjectType = ObjectType("AccessToken")

BINDABLES: list[SchemaBindable] = [mutation, view, access_token]


@view.field("accessTokens")
def resolve_access_tokens(parent: View, info: GraphQLResolveInfo) -> Sequence[AccessToken]:
    """Return the view's share links, those taken back too; none to those who may only look at it."""
    context = context_of(info)
    if context.access.user is None or not context.access.writes(parent.project):
        return []
    statement = select(AccessToken).where(AccessToken.view_id == parent.id).order_by(AccessToken.id)
    return context.session.scalars(statement).all()


@access_token.field("id")
def resolve_id(parent: AccessToken, _info: GraphQLResolveInfo) -> str:
    """Return the global id."""
    return ids.encode("AccessToken", parent.id)


@access_token.field("projects")
def resolve_projects(parent: AccessToken, info: GraphQLResolveInfo) -> list[Project]:
    """Return the projects that the link opens, as far as the caller may see them."""
    return [project for project in parent.projects if context_of(info).access.reads(project)]


@mutation.field("createAccessToken")
def resolve_create(_parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]) -> dict[str, Any]:
    """Make a share link: for one person where an e-mail address or a user is named, else for everybody."""
    context = context_of(info)
    found = view_to_change(context, input["viewId"])
    email, known = _recipient(context, input)
    made = AccessToken(
        view=found,
        created_by=context.access.require_user(),
        token=secrets.token_hex(32),
        type="PUBLIC" if email is None else "INDIVIDUAL_SHARING",
        emails=[] if email is None else [email],
        projects=_projects(context, input["projects"]),
    )
    context.session.add(made)
    context.session.flush()
    return {"accessToken": made, **_of_recipient(found, email, known)}


@mutation.field("updateAccessToken")
def resolve_update(_parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]) -> dict[str, Any]:
    """Let one more person use a share link."""
    context = context_of(info)
    found = _to_change(context, input["token"])
    email, known = _recipient(context, input)
    if email is None:
        raise Refusal("a share link is updated with an e-mail address or a user name")
    found.emails = [*found.emails, *({email} - set(found.emails))]
    context.session.flush()
    return {"accessToken": found, "success": True, **_of_recipient(found.view, email, known)}


@mutation.field("updateAccessTokenProjects")
def resolve_update_projects(
    _parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]
) -> dict[str, Any]:
    """Say anew which projects a share link opens."""
    context = context_of(info)
    found = _to_change(context, input["token"])
    found.projects = _projects(context, input["projects"])
    context.session.flush()
    return {"success": True}


@mutation.field("revokeAccessToken")
def resolve_revoke(_parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]) -> dict[str, Any]:
    """Take a share link back; it stays in the list, with the moment."""
    context = context_of(info)
    found = _to_change(context, input["token"])
    found.revoked_at = found.revoked_at or now()
    context.session.flush()
    return {"success": True}


@mutation.field("revokeAccessTokenEmail")
def resolve_revoke_email(_parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]) -> dict[str, Any]:
    """Take one person off a share link."""
    context = context_of(info)
    found = _to_change(context, input["token"])
    if input["email"] not in found.emails:
        raise Refusal("the share link is not for this e-mail address", 404)
    found.emails = [email for email in found.emails if email != input["email"]]
    context.session.flush()
    return {"accessToken": found, "success": True}


def _to_change(context: Context, token: str) -> AccessToken:
    context.access.require_user()
    found = context.session.scalars(select(AccessToken).where(AccessToken.token == token)).one_or_none()
    if found is None or not context.access.reads(found.view.project):
        raise Refusal("access token not found", 404)
    if not context.access.writes(found.view.project):
        raise denied()
    return found


def _projects(context: Context, wanted: Sequence[dict[str, Any]]) -> list[Project]:
    """Return the projects to open; only who may change one may show it to others."""
    found = [context.access.project_to_change(one["entityName"], one["projectName"]) for one in wanted]
    return list({project.id: project for project in found}.values())


def _recipient(context: Context, input: dict[str, Any]) -> tuple[str | None, User | None]:
    """Return the address of the person that a link is for, and who they are, where they are known."""
    if input.get("username") is not None:
        user = context.session.scalars(select(User).where(User.username == input["username"])).one_or_none()
        if user is None:
            raise Refusal("user not found", 404)
        return user.email, user
    email = input.get("email")
    if email is None:
        return None, None
    same = func.lower(User.email) == email.lower()
    return email, context.session.scalars(select(User).where(same).limit(1)).first()


def _of_recipient(found: View, email: str | None, known: User | None) -> dict[str, bool | None]:
    if email is None:
        return {"recipientAlreadyOnTeam": None, "toNewUser": None}
    places = known.memberships if known is not None else []
    team = found.project.entity_id
    on_team = any(place.entity_id == team for place in places)
    return {"recipientAlreadyOnTeam": on_team, "toNewUser": known is None}
