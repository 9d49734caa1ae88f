"""Making integrations and their secrets: the one place behind the command line, the tests and the API."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from wandkit.server.model.automation import SLACK, WEBHOOK, Integration, Secret
from wandkit.server.model.entity import Entity

__all__ = ["add_slack", "add_webhook", "find_entity", "find_secret", "set_secret"]

_SECRET_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}", re.ASCII)


def add_webhook(
    session: Session,
    entity: Entity,
    name: str,
    url: str,
    *,
    access_token_ref: str | None = None,
    secret_ref: str | None = None,
) -> Integration:
    """Make a webhook that the entity's automations can send to.

    Args:
        session: The session that writes.
        entity: Whose webhook it is.
        name: What people call it.
        url: Where requests go, http or https.
        access_token_ref: The name of the entity's secret that is sent as the bearer token.
        secret_ref: The name of the entity's secret that signs requests.

    Raises:
        ValueError: The name or URL cannot be used, or there is no such secret.
    """
    _check_name(name)
    _check_url(url)
    for reference in (access_token_ref, secret_ref):
        if reference is not None and find_secret(session, entity.id, reference) is None:
            raise ValueError(
                f"{entity.name} has no secret {reference!r}; add it with `wandkit admin secret set`"
            )
    made = Integration(
        entity=entity,
        kind=WEBHOOK,
        name=name,
        url_endpoint=url,
        access_token_ref=access_token_ref,
        secret_ref=secret_ref,
    )
    session.add(made)
    session.flush()
    return made


def add_slack(session: Session, entity: Entity, team_name: str, channel_name: str) -> Integration:
    """Make a Slack channel that automations can name; this server sends nothing there.

    Raises:
        ValueError: A name is empty.
    """
    _check_name(team_name)
    _check_name(channel_name)
    made = Integration(
        entity=entity,
        kind=SLACK,
        name=f"{team_name} {channel_name}",
        team_name=team_name,
        channel_name=channel_name,
    )
    session.add(made)
    session.flush()
    return made


def set_secret(session: Session, entity: Entity, name: str, value: str) -> Secret:
    """Give an entity a secret, or another value to one that it has.

    Raises:
        ValueError: The name cannot be used in templates, or the value in a header.
    """
    if not _SECRET_NAME.fullmatch(name):
        raise ValueError(f"invalid secret name {name!r}: use letters, digits and '_', and no digit first")
    if not value or not value.isprintable() or not value.isascii():
        raise ValueError(f"the value of {name} must be printable ASCII and not empty")
    found = find_secret(session, entity.id, name)
    if found is None:
        found = Secret(entity_id=entity.id, name=name)
        session.add(found)
    found.value = value
    session.flush()
    return found


def find_secret(session: Session, entity_id: int, name: str) -> Secret | None:
    """Return an entity's secret of this name."""
    return session.scalars(
        select(Secret).where(Secret.entity_id == entity_id, Secret.name == name)
    ).one_or_none()


def find_entity(session: Session, name: str) -> Entity:
    """Return the entity of this name.

    Raises:
        ValueError: There is none.
    """
    found = session.scalars(select(Entity).where(Entity.name == name)).one_or_none()
    if found is None:
        raise ValueError(f"no entity {name!r}; it is the name of a user or a team")
    return found


def _check_name(name: str) -> None:
    if not name.strip() or len(name) > 255:
        raise ValueError("a name must have between 1 and 255 characters")


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not url.isascii() or not url.isprintable() or " " in url:
        raise ValueError("the endpoint of a webhook must be an http or https URL with a host")
    if urlsplit(url).username is not None or urlsplit(url).password is not None:
        raise ValueError("the endpoint of a webhook cannot hold a password; use an access token")
