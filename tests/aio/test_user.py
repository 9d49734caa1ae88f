"""Users: the viewer, and those whom an admin may look up."""

from __future__ import annotations

import pickle

import pytest

from wandkit import AsyncApi
from wandkit.errors import (
    AnswerError,
    ArgumentError,
    AuthenticationError,
    ConflictError,
    DeadlineExceededError,
    InvalidRequestError,
    MissingKeyError,
    PermissionDeniedError,
)
from wandkit.testing import Server


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


async def test_a_key_is_made_and_works_and_is_revoked(module_server: Server) -> None:
    module_server.add_user("kay")
    async with module_server.async_api("kay") as api:
        viewer = await api.viewer
        key = await viewer.generate_api_key("for a robot")
        async with AsyncApi({"base_url": module_server.url}, api_key=key) as other:
            assert await other.default_entity == "kay"
            assert await viewer.delete_api_key(key)
            with pytest.raises(AuthenticationError):
                await other.viewer


async def test_keys_are_listed_by_name_and_id_and_never_shown(module_server: Server) -> None:
    module_server.add_user("shy")
    async with module_server.async_api("shy") as api:
        viewer = await api.viewer
        key = await viewer.generate_api_key("for a robot")
        again = await api.user("shy")
        held = module_server.key("shy")
    assert again is not None
    assert [known.description for known in again.keys] == [None, "for a robot"]
    assert again.api_keys == [f"****{held[-4:]}", f"****{key[-4:]}"]
    shown = repr((viewer, viewer.keys, viewer.api_keys, again, again.keys, again.api_keys))
    assert key not in shown
    assert held not in shown


async def test_an_unknown_key_is_refused_by_name(api: AsyncApi) -> None:
    viewer = await api.viewer
    with pytest.raises(ArgumentError, match="no API key 'nothing'"):
        await viewer.delete_api_key("nothing")


async def test_a_key_that_is_gone_already_is_said_so(module_server: Server) -> None:
    module_server.add_user("twice")
    async with module_server.async_api("twice") as api:
        viewer = await api.viewer
        key = await viewer.generate_api_key()
        same = await api.user("twice")
        assert same is not None
        assert await viewer.delete_api_key(key)
        assert not await same.delete_api_key(key)


async def test_the_caller_acts_as_themselves(api: AsyncApi) -> None:
    viewer = await api.viewer
    acting = await viewer.user_api
    assert acting is not None
    assert await acting.default_entity == "ada"


async def test_an_admin_makes_a_user_who_can_act(admin_server: Server) -> None:
    async with admin_server.async_api("root") as api:
        made = await api.create_user("lin@example.com")
        acting = await made.user_api
        assert acting is not None
        assert (made.username, made.admin, await acting.default_entity) == ("lin", False, "lin")
        assert acting.api_key not in (None, api.api_key)
        assert str(acting.api_key) not in repr((made, made.keys, acting))
        key = await made.generate_api_key("second")
        async with AsyncApi({"base_url": admin_server.url}, api_key=key) as other:
            assert await other.default_entity == "lin"


async def test_who_acts_is_as_patient_as_the_client_that_made_them(admin_server: Server) -> None:
    async with admin_server.async_api("root", deadline=30) as api:
        made = await api.create_user("tess@example.com")
        acting = await made.user_api
        assert acting is not None
        later = {"Retry-After": "60"}
        with (
            admin_server.fault(operation="GetDefaultEntity", status=503, headers=later),
            pytest.raises(DeadlineExceededError, match="30 s"),
        ):
            await acting.default_entity


async def test_who_acts_goes_on_with_the_newest_key(admin_server: Server) -> None:
    async with admin_server.async_api("root") as api:
        made = await api.create_user("kim@example.com")
        first = made.keys[0]
        await made.generate_api_key("second")
        assert await made.delete_api_key(first.id)
        acting = await made.user_api
        assert acting is not None
        assert await acting.default_entity == "kim"


async def test_nobody_acts_with_a_key_that_was_revoked(admin_server: Server) -> None:
    async with admin_server.async_api("root") as api:
        made = await api.create_user("max@example.com")
        assert await made.delete_api_key(made.api_keys[0])
        acting = await made.user_api
    assert acting is None


async def test_a_key_that_could_not_be_revoked_stays_listed(module_server: Server) -> None:
    module_server.add_user("stay")
    async with module_server.async_api("stay") as api:
        viewer = await api.viewer
        with (
            module_server.fault(operation="DeleteApiKey", status=403, body={"errors": [{"message": "no"}]}),
            pytest.raises(PermissionDeniedError),
        ):
            await viewer.delete_api_key(viewer.api_keys[0])
        assert len(viewer.keys) == 1


async def test_more_users_than_one_page_holds_are_all_found() -> None:
    with Server(max_page_size=2) as server:
        server.add_user("root", admin=True)
        for number in range(5):
            server.add_user(f"many{number}")
        async with server.async_api("root") as api:
            found = await api.users("many")
    assert [user.username for user in found] == [f"many{number}" for number in range(5)]


@pytest.mark.parametrize(("cursor", "said"), [(None, "no cursor"), ("one", "'one' a second time")])
async def test_a_server_that_promises_users_and_does_not_say_where_is_told_off(
    admin_server: Server, cursor: str | None, said: str
) -> None:
    page = {"edges": [], "pageInfo": {"endCursor": cursor, "hasNextPage": True}}
    async with admin_server.async_api("root") as api:
        with (
            admin_server.fault(operation="ListUsers", status=200, body={"data": {"users": page}}),
            pytest.raises(AnswerError, match=said),
        ):
            await api.users("grace")


async def test_an_admin_cannot_act_as_somebody_whose_key_is_not_at_hand(admin_server: Server) -> None:
    async with admin_server.async_api("root") as api:
        found = await api.user("grace")
        assert found is not None
        assert await found.user_api is None
        with pytest.raises(PermissionDeniedError, match="caller only"):
            await found.generate_api_key()


async def test_an_admin_revokes_the_key_of_another(admin_server: Server) -> None:
    key = admin_server.add_user("lost")
    async with (
        admin_server.async_api("root") as api,
        AsyncApi({"base_url": admin_server.url}, api_key=key) as other,
    ):
        found = await api.user("lost")
        assert found is not None
        assert await found.delete_api_key(found.api_keys[0])
        with pytest.raises(AuthenticationError):
            await other.viewer


async def test_only_an_admin_makes_users(api: AsyncApi) -> None:
    with pytest.raises(PermissionDeniedError):
        await api.create_user("mallory@example.com", admin=True)


@pytest.mark.parametrize("email", ["", "lin", "@example.com", "lin@"])
async def test_what_is_no_address_makes_no_user(admin_server: Server, email: str) -> None:
    async with admin_server.async_api("root") as api:
        with pytest.raises(InvalidRequestError, match="no e-mail address"):
            await api.create_user(email)


async def test_an_address_that_is_taken_is_a_conflict(admin_server: Server) -> None:
    async with admin_server.async_api("root") as api:
        await api.create_user("dup@example.com")
        with pytest.raises(ConflictError):
            await api.create_user("dup@example.com")


async def test_a_user_crosses_to_another_process_without_new_keys(api: AsyncApi) -> None:
    viewer = await api.viewer
    key = await viewer.generate_api_key()
    assert await viewer.user_api is not None
    sent = pickle.dumps(viewer)
    assert key.encode() not in sent
    assert pickle.loads(sent).username == "ada"
