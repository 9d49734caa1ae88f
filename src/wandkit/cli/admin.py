"""`wandkit admin …`: people, keys, integrations and deliveries of a server's store, while it runs too."""

from __future__ import annotations

from typing import Annotated

import typer

from wandkit.cli.automation import deliveries, integration, secret
from wandkit.cli.store import Data, open_store

__all__ = ["admin"]

admin: typer.Typer = typer.Typer(
    no_args_is_help=True, help="People, API keys, integrations and deliveries of a server's store."
)
user: typer.Typer = typer.Typer(no_args_is_help=True, help="Users.")
team: typer.Typer = typer.Typer(no_args_is_help=True, help="Teams.")
org: typer.Typer = typer.Typer(no_args_is_help=True, help="Organizations.")
key: typer.Typer = typer.Typer(no_args_is_help=True, help="API keys.")
_GROUPS = {"user": user, "team": team, "org": org, "key": key, "integration": integration, "secret": secret}
for _name, _group in _GROUPS.items():
    admin.add_typer(_group, name=_name)
admin.command("deliveries")(deliveries)


@user.command("add")
def add_user(
    name: Annotated[str, typer.Argument(help="The user name, also the name of the user's entity.")],
    api_key: Annotated[
        str | None, typer.Option(help="Their key, taken as it is; without it one is made.")
    ] = None,
    is_admin: Annotated[bool, typer.Option("--admin", help="May do everything on the server.")] = False,
    email: Annotated[str | None, typer.Option(help="The user's e-mail address.")] = None,
    data: Data = None,
) -> None:
    """Add a user and print the API key once."""
    from wandkit.server import accounts

    with open_store(data, create=True) as session:
        _, made = accounts.add_user(session, name, api_key=api_key, admin=is_admin, email=email)
    typer.echo(f"added the user {name}")
    if api_key is None:
        typer.echo(f"API key of {name} (shown only now): {made}")


@team.command("add")
def add_team(
    name: Annotated[str, typer.Argument(help="The team's name.")],
    organization: Annotated[
        str | None, typer.Option("--org", help="The organization that it belongs to.")
    ] = None,
    member: Annotated[
        list[str] | None, typer.Option(help="USER:ROLE (admin, member, viewer); repeatable.")
    ] = None,
    data: Data = None,
) -> None:
    """Add a team and its members."""
    from wandkit.server import accounts

    with open_store(data, create=True) as session:
        made = accounts.add_team(session, name, organization=organization)
        for entry in member or ():
            username, _, role = entry.partition(":")
            found = accounts.find_user(session, username)
            if found is None:
                raise ValueError(f"no user {username!r}; add them first")
            accounts.add_member(session, made, found, role or "member")
    typer.echo(f"added the team {name}")


@org.command("add")
def add_organization(
    name: Annotated[str, typer.Argument(help="The organization's name.")], data: Data = None
) -> None:
    """Add an organization."""
    from wandkit.server import accounts

    with open_store(data, create=True) as session:
        accounts.add_organization(session, name)
    typer.echo(f"added the organization {name}")


@key.command("list")
def list_keys(
    of: Annotated[str | None, typer.Option("--user", help="Only this user's keys.")] = None, data: Data = None
) -> None:
    """List the keys by number: whose they are, how they end, and since when they work."""
    from sqlalchemy import select

    from wandkit.server.model.user import ApiKey, User

    with open_store(data) as session:
        query = select(ApiKey, User).join(User, User.id == ApiKey.user_id).order_by(ApiKey.id)
        rows = session.execute(query if of is None else query.where(User.username == of)).all()
        for stored, owner in rows:
            ending, since, purpose = f"…{stored.ending}", stored.created_at, stored.description or ""
            typer.echo("\t".join((str(stored.id), owner.username, ending, since, purpose)).rstrip())


@key.command("revoke")
def revoke_key(
    number: Annotated[int, typer.Argument(help="The key's number in `wandkit admin key list`.")],
    data: Data = None,
) -> None:
    """Revoke a key: it stops working at once."""
    from wandkit.server.model.user import ApiKey

    with open_store(data) as session:
        found = session.get(ApiKey, number)
        if found is None:
            raise ValueError(f"no key number {number}; see `wandkit admin key list`")
        session.delete(found)
    typer.echo(f"revoked the key number {number}")
