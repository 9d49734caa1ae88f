"""Read and manage users and teams by the official client: ACTION and its arguments."""

from __future__ import annotations

import json
import sys
from typing import Any

import wandb

api = wandb.Api(timeout=30)


def team(name: str) -> dict[str, Any]:
    """Return a team as the client reads it."""
    found = api.team(name)
    members = [[member.username, member.admin, member.account_type] for member in found.members]
    return {"name": found.name, "members": members}


def make_team(name: str, guest: str) -> dict[str, Any]:
    """Make a team with a guest and a service account."""
    made = api.create_team(name)
    assert made.invite(guest)
    account = made.create_service_account("a machine")
    return {**team(name), "account": account.name}


def viewer() -> dict[str, Any]:
    """Return the caller as the client reads them."""
    found = api.viewer
    return {"username": found.username, "email": found.email, "teams": sorted(found.teams)}


def user(name: str) -> dict[str, Any] | None:
    """Return a user as the client finds them."""
    found = api.user(name)
    return None if found is None else {"username": found.username, "email": found.email}


def make_user(email: str) -> str:
    """Try to make a user; return the name of what happens."""
    try:
        return str(api.create_user(email).email)
    except Exception as error:
        return type(error).__name__


actions = {"team": team, "make_team": make_team, "viewer": viewer, "user": user, "make_user": make_user}
print("ANSWER " + json.dumps(actions[sys.argv[1]](*sys.argv[2:])))
