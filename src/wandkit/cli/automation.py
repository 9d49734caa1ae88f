"""`wandkit admin integration|secret|deliveries`: what automations send to, and what they sent."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from wandkit.cli.store import Data, open_store

__all__ = ["deliveries", "integration", "secret"]

integration: typer.Typer = typer.Typer(no_args_is_help=True, help="Webhooks and Slack channels.")
secret: typer.Typer = typer.Typer(no_args_is_help=True, help="Secrets that webhooks use.")

_STATES = ("PENDING", "FINISHED", "FAILED", "SKIPPED")

Entity = Annotated[str, typer.Argument(help="The user or team.")]


@integration.command("add-webhook")
def add_webhook(
    entity: Entity,
    name: Annotated[str, typer.Argument(help="What people call it.")],
    url: Annotated[str, typer.Argument(help="Where requests go, http or https.")],
    access_token: Annotated[
        str | None, typer.Option(help="The name of the secret that is sent as the bearer token.")
    ] = None,
    signed_with: Annotated[
        str | None, typer.Option("--secret", help="The name of the secret that signs requests.")
    ] = None,
    data: Data = None,
) -> None:
    """Add a webhook that automations of a user or team can send to."""
    from wandkit.server import integrations

    with open_store(data) as session:
        owner = integrations.find_entity(session, entity)
        integrations.add_webhook(
            session, owner, name, url, access_token_ref=access_token, secret_ref=signed_with
        )
    typer.echo(f"added the webhook {name} of {entity}")


@integration.command("add-slack")
def add_slack(
    entity: Entity,
    team: Annotated[str, typer.Argument(help="The Slack team.")],
    channel: Annotated[str, typer.Argument(help="The channel.")],
    data: Data = None,
) -> None:
    """Add a Slack channel that automations can name; this server sends nothing there."""
    from wandkit.server import integrations

    with open_store(data) as session:
        integrations.add_slack(session, integrations.find_entity(session, entity), team, channel)
    typer.echo(f"added the Slack channel {channel} of {entity}")


@integration.command("list")
def list_integrations(data: Data = None) -> None:
    """List webhooks and Slack channels: number, owner, kind, name."""
    from sqlalchemy import select

    from wandkit.server.model.automation import Integration

    with open_store(data) as session:
        for found in session.scalars(select(Integration).order_by(Integration.id)):
            typer.echo("\t".join((str(found.id), found.entity.name, found.kind, found.name)))


@secret.command("set")
def set_secret(
    entity: Entity,
    name: Annotated[str, typer.Argument(help="Its name: letters, digits and '_'.")],
    data: Data = None,
) -> None:
    """Give a user or team a secret; its value is asked for, or read from the standard input."""
    from wandkit.server import integrations

    value: str = typer.prompt("value", hide_input=True) if sys.stdin.isatty() else sys.stdin.readline()
    with open_store(data) as session:
        integrations.set_secret(session, integrations.find_entity(session, entity), name, value.strip())
    typer.echo(f"set the secret {name} of {entity}")


@secret.command("list")
def list_secrets(data: Data = None) -> None:
    """List the secrets by owner and name; values are never shown."""
    from sqlalchemy import select

    from wandkit.server.model.automation import Secret
    from wandkit.server.model.entity import Entity as Owner

    with open_store(data) as session:
        rows = select(Owner.name, Secret.name).join(Secret, Secret.entity_id == Owner.id)
        for owner, name in session.execute(rows.order_by(Owner.name, Secret.name)):
            typer.echo(f"{owner}\t{name}")


def deliveries(
    automation: Annotated[str | None, typer.Option(help="Only those of this automation.")] = None,
    state: Annotated[str | None, typer.Option(help="PENDING, FINISHED, FAILED or SKIPPED.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many, the newest ones.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON object a line, with all facts.")] = False,
    data: Data = None,
) -> None:
    """List what automations fired: when, which, the event, what became of it."""
    from dataclasses import asdict

    from wandkit.server.automation_log import list_deliveries

    wanted = None if state is None else state.upper()
    if wanted not in (None, *_STATES):
        raise typer.BadParameter(f"{state!r} is none of {', '.join(_STATES)}", param_hint="--state")
    with open_store(data) as session:
        for found in list_deliveries(session, automation=automation, state=wanted, limit=limit):
            if as_json:
                typer.echo(json.dumps(asdict(found)))
                continue
            tries = f"{found.attempts} tries" if found.attempts != 1 else "1 try"
            parts = (str(found.id), found.created_at, found.automation, found.event, found.state, tries)
            typer.echo("\t".join((*parts, found.error or "")).rstrip())
