"""Teams: made, seen by their members, managed by their administrators."""

from __future__ import annotations

import uuid

import pytest

from wandkit import AsyncApi
from wandkit.errors import ArgumentError, ConflictError, NotFoundError, PermissionDeniedError
from wandkit.testing import Server


@pytest.fixture(scope="module")
def people(module_server: Server) -> Server:
    """Give the server with two more users."""
    module_server.add_user("bob", email="bob@example.com")
    module_server.add_user("cleo")
    return module_server


@pytest.fixture
def name() -> str:
    """Give the name of a team of the test's own."""
    return f"t{uuid.uuid4().hex[:8]}"


async def test_a_created_team_has_its_maker_as_administrator(api: AsyncApi, name: str) -> None:
    team = await api.create_team(name)
    assert (team.name, team.is_team, team.read_only, team.read_only_admin) == (name, True, False, False)
    assert [(member.username, member.admin) for member in team.members] == [("ada", True)]
    assert (team.photo_url, team.avatar_url, team.storage_bytes) == (None, None, 0)


async def test_an_entity_says_of_which_kind_it_is(api: AsyncApi, name: str) -> None:
    await api.create_team(name)
    found = [(await api.team(one)).entity_type for one in (name, "ada")]
    assert found == ["team", "user"]


async def test_a_team_that_is_there_is_a_conflict(api: AsyncApi, name: str) -> None:
    await api.create_team(name)
    with pytest.raises(ConflictError):
        await api.create_team(name)


async def test_a_missing_team_names_near_ones(api: AsyncApi, name: str) -> None:
    await api.create_team(name)
    with pytest.raises(NotFoundError, match=name):
        await api.team(f"{name}x")


async def test_members_are_invited_by_name_and_by_address(api: AsyncApi, name: str, people: Server) -> None:
    team = await api.create_team(name)
    assert await team.invite("cleo", admin=True)
    assert await team.invite("bob@example.com")
    await team.load(force=True)
    found = {member.username: (member.admin, member.account_type, member.pending) for member in team.members}
    assert found == {
        "ada": (True, "USER", False),
        "cleo": (True, "USER", False),
        "bob": (False, "USER", False),
    }


async def test_nobody_can_be_invited_who_is_not_there(api: AsyncApi, name: str) -> None:
    team = await api.create_team(name)
    assert not await team.invite("nobody@example.com")


async def test_a_member_is_not_invited_again(api: AsyncApi, name: str) -> None:
    team = await api.create_team(name)
    assert not await team.invite("ada")
    found = await api.team(name)
    assert [(member.username, member.admin) for member in found.members] == [("ada", True)]


async def test_a_member_is_removed(api: AsyncApi, name: str, people: Server) -> None:
    team = await api.create_team(name)
    await team.invite("bob")
    await team.load(force=True)
    assert await team.remove("bob")
    found = await api.team(name)
    assert [member.username for member in team.members] == ["ada"]
    assert [member.username for member in found.members] == ["ada"]


async def test_a_member_that_is_gone_already_is_said_so(api: AsyncApi, name: str, people: Server) -> None:
    team = await api.create_team(name)
    await team.invite("bob")
    await team.load(force=True)
    member = team.members[1]
    assert await member.delete()
    assert not await member.delete()


async def test_somebody_who_came_since_is_removed(api: AsyncApi, name: str, people: Server) -> None:
    team = await api.create_team(name)
    assert await team.invite("bob")
    assert await team.remove("bob")
    assert [member.username for member in team.members] == ["ada"]


async def test_removing_somebody_unknown_names_near_members(api: AsyncApi, name: str) -> None:
    team = await api.create_team(name)
    with pytest.raises(ArgumentError, match="'ada'"):
        await team.remove("adaa")


async def test_a_service_account_shows_its_key_once(api: AsyncApi, name: str, people: Server) -> None:
    team = await api.create_team(name)
    made = await team.create_service_account("for the nightly job")
    listed = team.service_accounts
    again = await api.team(name)
    assert (made.name, made.account_type) == ("for the nightly job", "SERVICE")
    assert [member.id for member in listed] == [made.id]
    assert again.service_accounts[0].api_key is None
    assert made.api_key is not None
    assert made.api_key not in repr((made, team, team.members))
    async with AsyncApi({"base_url": people.url}, api_key=made.api_key) as machine:
        assert await machine.default_entity == name


async def test_only_administrators_manage_a_team(api: AsyncApi, name: str, people: Server) -> None:
    team = await api.create_team(name)
    await team.invite("bob")
    async with people.async_api("bob") as other:
        seen = await other.team(name)
        assert seen.read_only_admin
        with pytest.raises(PermissionDeniedError):
            await seen.invite("cleo")
        with pytest.raises(PermissionDeniedError):
            await seen.create_service_account("mine")
        with pytest.raises(PermissionDeniedError):
            await seen.remove("ada")


async def test_a_team_is_hidden_from_outsiders(api: AsyncApi, name: str, people: Server) -> None:
    await api.create_team(name)
    async with people.async_api("cleo") as other:
        with pytest.raises(NotFoundError):
            await other.team(name)


async def test_only_an_admin_makes_a_team_for_another(api: AsyncApi, name: str, people: Server) -> None:
    with pytest.raises(PermissionDeniedError):
        await api.create_team(name, admin_username="bob")
