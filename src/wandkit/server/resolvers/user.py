"""Users: the caller, the people they work with, and API keys."""

from __future__ import annotations

from typing import Any

from ariadne import MutationType, ObjectType, QueryType, SchemaBindable
from graphql import GraphQLResolveInfo
from sqlalchemy import false, func, or_, select

from wandkit.server import ids
from wandkit.server.accounts import add_user, free_name
from wandkit.server.auth import is_key, new_key, store_key
from wandkit.server.database import now
from wandkit.server.graphql import Context, context_of
from wandkit.server.model.entity import Entity, Membership
from wandkit.server.model.project import Project
from wandkit.server.model.run import Run
from wandkit.server.model.user import ApiKey, User
from wandkit.server.pagination import by_id, page, page_of_list
from wandkit.server.permissions import Refusal, denied

__all__ = ["BINDABLES", "show_once"]

query: QueryType = QueryType()
mutation: MutationType = MutationType()
user: ObjectType = ObjectType("User")
api_key: ObjectType = ObjectType("ApiKey")

BINDABLES: list[SchemaBindable] = [query, mutation, user, api_key]

_FRESH_KEYS = "fresh keys"


@query.field("viewer")
def resolve_viewer(_parent: None, info: GraphQLResolveInfo, **_arguments: object) -> User | None:
    """Return the caller, or null without credentials."""
    return context_of(info).access.user


@query.field("user")
def resolve_user(
    _parent: None, info: GraphQLResolveInfo, *, id: str | None = None, userName: str | None = None
) -> User | None:
    """Return one user whom the caller may see."""
    statement = _visible_users(context_of(info))
    if id is not None:
        try:
            statement = statement.where(User.id == ids.number("User", id))
        except ValueError:
            return None
    if userName is not None:
        statement = statement.where(User.username == userName)
    if id is None and userName is None:
        return context_of(info).access.user
    found: User | None = context_of(info).session.scalars(statement).one_or_none()
    return found


@query.field("users")
def resolve_users(_parent: None, info: GraphQLResolveInfo, **arguments: Any) -> dict[str, Any]:
    """Return the users whom the caller may see and whose user name or e-mail address holds the query."""
    context = context_of(info)
    statement = _visible_users(context)
    if arguments.get("query"):
        part = arguments["query"]
        statement = statement.where(
            or_(User.username.contains(part, autoescape=True), User.email.contains(part, autoescape=True))
        )
    if arguments.get("usernames") is not None:
        statement = statement.where(User.username.in_(arguments["usernames"]))
    if arguments.get("ids") is not None:
        statement = statement.where(User.id.in_([_number(text) for text in arguments["ids"]]))
    return page(
        context.session,
        statement,
        by_id(User.id.expression),
        arguments,
        max_size=context.config.max_page_size,
    )


@user.field("id")
def resolve_id(parent: User, _info: GraphQLResolveInfo) -> str:
    """Return the global id."""
    return ids.user_id(parent)


@user.field("entity")
def resolve_entity_name(parent: User, _info: GraphQLResolveInfo) -> str:
    """Return the name of the user's default entity."""
    return parent.default_entity.name if parent.default_entity is not None else parent.username


@user.field("defaultEntity")
@user.field("userEntity")
def resolve_default_entity(parent: User, info: GraphQLResolveInfo) -> Entity | None:
    """Return the user's entity."""
    if info.field_name == "defaultEntity" and parent.default_entity is not None:
        return parent.default_entity
    return context_of(info).access.any_entity(parent.username)


@user.field("email")
def resolve_email(parent: User, info: GraphQLResolveInfo) -> str | None:
    """Return the e-mail address, to the user, their colleagues and administrators."""
    return parent.email if _knows(context_of(info), parent) else None


@user.field("flags")
def resolve_flags(parent: User, _info: GraphQLResolveInfo) -> str:
    """Return the user's feature flags, JSON text; older clients do not take null."""
    return parent.flags or "{}"


@user.field("teams")
def resolve_teams(parent: User, info: GraphQLResolveInfo, **arguments: Any) -> dict[str, Any]:
    """Return the entities that the user belongs to, as far as the caller belongs to them too."""
    access = context_of(info).access
    entities = [place.entity for place in parent.memberships if access.sees(place.entity)]
    return page_of_list(entities, arguments, max_size=context_of(info).config.max_page_size)


@user.field("apiKeys")
def resolve_api_keys(parent: User, info: GraphQLResolveInfo, **arguments: Any) -> dict[str, Any]:
    """Return the user's keys; of others only to administrators, or those just made."""
    context = context_of(info)
    keys = parent.api_keys
    if not _is_self_or_admin(context, parent):
        fresh: dict[int, str] = context.cache.get(_FRESH_KEYS, {})
        keys = [key for key in keys if key.id in fresh]
    return page_of_list(keys, arguments, max_size=context.config.max_page_size)


@user.field("organizations")
def resolve_organizations(parent: User, info: GraphQLResolveInfo, **_arguments: object) -> list[Any]:
    """Return the organizations of the user's teams."""
    if not _is_self_or_admin(context_of(info), parent):
        return []
    found = {place.entity.organization for place in parent.memberships if place.entity.organization}
    return sorted(found, key=lambda organization: organization.id)


@user.field("projects")
def resolve_projects(parent: User, info: GraphQLResolveInfo, **arguments: Any) -> dict[str, Any]:
    """Return the projects that the user made, as far as the caller may see them."""
    context = context_of(info)
    statement = select(Project).where(Project.user_id == parent.id, Project.deleted_at.is_(None))
    projects = [found for found in context.session.scalars(statement) if context.access.reads(found)]
    return page_of_list(projects, arguments, max_size=context.config.max_page_size)


@user.field("totalRuns")
def resolve_total_runs(parent: User, info: GraphQLResolveInfo) -> int:
    """Return how many runs the user has."""
    statement = (
        select(func.count()).select_from(Run).where(Run.user_id == parent.id, Run.deleted_at.is_(None))
    )
    return context_of(info).session.scalar(statement) or 0


@api_key.field("id")
def resolve_key_id(parent: ApiKey, _info: GraphQLResolveInfo) -> str:
    """Return the global id of the key."""
    return ids.encode("ApiKey", parent.id)


@api_key.field("name")
def resolve_key_name(parent: ApiKey, info: GraphQLResolveInfo) -> str:
    """Return the key's text where the caller has just shown or made it, else only its last characters."""
    context = context_of(info)
    if is_key(parent, context.api_key):
        return str(context.api_key)
    fresh: dict[int, str] = context.cache.get(_FRESH_KEYS, {})
    return fresh.get(parent.id, f"****{parent.ending}")


def show_once(context: Context, stored: ApiKey, key: str) -> None:
    """Let the answer at hand, and no later one, show the text of a new key."""
    context.cache.setdefault(_FRESH_KEYS, {})[stored.id] = key


@mutation.field("createUser")
def resolve_create_user(_parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]) -> dict[str, Any]:
    """Make a user; administrators only. The answer shows the new key, once."""
    context = context_of(info)
    if not context.access.is_admin:
        raise denied()
    email = input["email"]
    if not all(email.partition("@")):
        raise Refusal(f"{email!r} is no e-mail address")
    if context.session.scalars(select(User).where(User.email == email)).first() is not None:
        raise Refusal(f"a user with the e-mail address {email} exists already", 409)
    try:
        made, key = add_user(
            context.session, _free_username(context, email), email=email, admin=bool(input.get("admin"))
        )
    except ValueError as error:
        raise Refusal(str(error)) from None
    show_once(context, made.api_keys[0], key)
    return {"user": made}


@mutation.field("generateApiKey")
def resolve_generate_api_key(
    _parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]
) -> dict[str, Any]:
    """Make one more key of the caller; the answer shows its text, once."""
    context = context_of(info)
    key = new_key()
    stored = store_key(context.session, context.access.require_user(), key, input.get("description"))
    show_once(context, stored, key)
    return {"apiKey": stored}


@mutation.field("deleteApiKey")
def resolve_delete_api_key(
    _parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]
) -> dict[str, Any]:
    """Revoke a key of the caller, or as an administrator anybody's."""
    context = context_of(info)
    try:
        stored = context.session.get(ApiKey, ids.number("ApiKey", input.get("id") or ""))
    except ValueError as error:
        raise Refusal(str(error)) from None
    if stored is None or not _is_self_or_admin(context, stored.user):
        raise Refusal("API key not found", 404)
    context.session.delete(stored)
    return {"success": True}


@mutation.field("updateUser")
def resolve_update_user(_parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]) -> dict[str, Any]:
    """Change the caller's own record; null leaves a field as it is."""
    context = context_of(info)
    me = context.access.require_user()
    if input.get("id") not in (None, ids.user_id(me)):
        raise denied()
    if input.get("name") is not None:
        me.name = input["name"]
    if input.get("defaultEntity") is not None:
        entity = context.access.entity(input["defaultEntity"])
        if entity is None:
            raise Refusal(f"entity {input['defaultEntity']} not found", 404)
        me.default_entity = entity
    return {"user": me}


@mutation.field("deleteUser")
@mutation.field("undeleteUser")
def resolve_delete_user(_parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]) -> dict[str, Any]:
    """Shut a user out, or let them in again; administrators only. Their runs and keys stay."""
    context = context_of(info)
    if not context.access.is_admin:
        raise denied()
    found = context.session.get(User, _number(input["id"]))
    if found is None:
        raise Refusal("user not found", 404)
    if found is context.access.user:
        raise Refusal("administrators cannot delete themselves")
    found.deleted_at = now() if info.field_name == "deleteUser" else None
    return {"user": found}


def _visible_users(context: Context) -> Any:
    living = select(User).where(User.deleted_at.is_(None))
    if context.access.is_admin:
        return living
    me = context.access.user
    if me is None:
        return living.where(false())
    colleagues = select(Membership.user_id).where(Membership.entity_id.in_(list(context.access.roles)))
    return living.where(or_(User.id == me.id, User.id.in_(colleagues)))


def _knows(context: Context, other: User) -> bool:
    if _is_self_or_admin(context, other):
        return True
    return any(place.entity_id in context.access.roles for place in other.memberships)


def _is_self_or_admin(context: Context, other: User) -> bool:
    me = context.access.user
    return me is not None and (me.admin or me.id == other.id)


def _free_username(context: Context, email: str) -> str:
    base = "".join(
        letter if letter.isalnum() or letter in "-_." else "-" for letter in email.partition("@")[0]
    )
    return free_name(context.session, base.encode("ascii", "ignore").decode()[:100] or "user")


def _number(text: str) -> int:
    try:
        return ids.number("User", text)
    except ValueError as error:
        raise Refusal(str(error)) from None
