"""Users and teams, read and managed by the official clients and by wandkit on one server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from wandkit import Api
from wandkit.errors import PermissionDeniedError

if TYPE_CHECKING:
    from conftest import Client


def team_of(client: Client, word: str) -> str:
    """Return the name of a team of one client's own."""
    return f"team-{word}-{client.version.replace('.', '-')}"


def test_both_read_the_same_viewer(client: Client, api: Api) -> None:
    viewer = api.viewer
    read = client.run("people.py", "viewer")
    assert read == {"username": "ada", "email": viewer.email, "teams": sorted(viewer.teams)}


def test_both_find_the_same_user(client: Client, api: Api) -> None:
    found = api.user("ada")
    assert found is not None
    assert client.run("people.py", "user", "ada") == {"username": "ada", "email": found.email}


def test_a_team_of_wandkit_is_read_by_the_official_client(client: Client, api: Api) -> None:
    team = api.create_team(team_of(client, "ours"))
    account = team.create_service_account("a machine")
    read = client.run("people.py", "team", team.name)
    assert read == {
        "name": team.name,
        "members": [["ada", True, "USER"], [account.username, False, "SERVICE"]],
    }


def test_a_team_of_the_official_client_is_read_by_wandkit(client: Client, api: Api) -> None:
    guest = api.create_team(team_of(client, "guests")).create_service_account("a guest")
    made = client.run("people.py", "make_team", team_of(client, "theirs"), str(guest.username))
    team = api.team(team_of(client, "theirs"))
    assert [[member.username, member.admin, member.account_type] for member in team.members] == made[
        "members"
    ]
    assert [account.name for account in team.service_accounts] == ["a guest", made["account"]]


def test_only_an_admin_makes_users_for_both(client: Client, api: Api) -> None:
    with pytest.raises(PermissionDeniedError):
        api.create_user("new@example.com")
    assert client.run("people.py", "make_user", "new@example.com").endswith("Error")
