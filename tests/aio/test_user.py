"""Users: the viewer, and those whom an admin may look up."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from wandkit import AsyncApi
from wandkit.errors import AuthenticationError, MissingKeyError, PermissionDeniedError
from wandkit.testing import Server


@pytest.fixture
async def api(module_server: Server) -> AsyncIterator[AsyncApi]:
    """Give a client of ada's."""
    async with module_server.async_api("ada") as api:
        yield api


@pytest.fixture(scope="module")
def admin_server(module_server: Server) -> Server:
    """Give the server with an admin and two users of like names."""
    module_server.add_user("root", admin=True)
    module_server.add_user("grace", email="grace@example.com")
    module_server.add_user("gracious")
    return module_server


async def test_the_viewer_is_who_the_key_belongs_to(api: AsyncApi) -> None:
    viewer = await api.viewer
    assert (viewer.username, viewer.entity, viewer.admin) == ("ada", "ada", False)
    assert viewer.teams == ["ada"]
    assert viewer.deleted_at is None


async def test_the_viewer_is_asked_for_once(api: AsyncApi, module_server: Server) -> None:
    module_server.requests.clear()
    first = await api.viewer
    second = await api.viewer
    assert first is second
    assert len(module_server.requests) == 1


async def test_the_default_entity_is_asked_for_once(api: AsyncApi, module_server: Server) -> None:
    module_server.requests.clear()
    assert await api.default_entity == await api.default_entity == "ada"
    assert len(module_server.requests) == 1


async def test_a_wrong_key_is_refused_and_not_shown(module_server: Server) -> None:
    key = "f" * 40
    async with AsyncApi({"base_url": module_server.url}, api_key=key) as api:
        with pytest.raises(AuthenticationError) as caught:
            await api.viewer
    assert key not in str(caught.value)
    assert caught.value.host == module_server.url


async def test_no_key_says_where_keys_are_looked_up(module_server: Server) -> None:
    async with AsyncApi({"base_url": module_server.url}) as api:
        assert api.api_key is None
        with pytest.raises(MissingKeyError, match="WANDB_API_KEY"):
            await api.viewer


async def test_an_admin_finds_a_user_by_name(admin_server: Server) -> None:
    async with admin_server.async_api("root") as api:
        found = await api.user("grace")
    assert found is not None
    assert (found.username, found.email) == ("grace", "grace@example.com")


async def test_an_admin_finds_a_user_by_email(admin_server: Server) -> None:
    async with admin_server.async_api("root") as api:
        found = await api.users("grace@example.com")
    assert [user.username for user in found] == ["grace"]


async def test_a_user_who_is_not_there_is_none(admin_server: Server) -> None:
    async with admin_server.async_api("root") as api:
        found = await api.user("nobody-at-all")
    assert found is None


async def test_several_users_warn(admin_server: Server) -> None:
    async with admin_server.async_api("root") as api:
        with pytest.warns(UserWarning, match="users match"):
            found = await api.user("grac")
    assert found is not None


async def test_the_repr_of_a_user_shows_no_key(api: AsyncApi) -> None:
    viewer = await api.viewer
    assert repr(viewer) == "<User ada>"


async def test_looking_others_up_takes_an_admin(api: AsyncApi, admin_server: Server) -> None:
    try:
        found = await api.users("grace")
    except PermissionDeniedError:
        found = []
    assert found == []
