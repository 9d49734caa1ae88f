"""Organizations: whose registries these are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import FrozenInstanceError
from uuid import uuid4

import pytest

from wandkit import AsyncApi, Organization
from wandkit.errors import ArgumentError, NotFoundError
from wandkit.testing import Server


@pytest.fixture
async def api(module_server: Server) -> AsyncIterator[AsyncApi]:
    """Give a client of ada's for a team in an organization of the test's own."""
    mark = uuid4().hex[:8]
    module_server.add_organization(f"org{mark}")
    module_server.add_team(f"team-{mark}", {"ada": "admin"}, organization=f"org{mark}")
    async with module_server.async_api("ada", overrides={"entity": f"team-{mark}"}) as api:
        yield api


async def test_an_organization_is_found_by_its_name(api: AsyncApi) -> None:
    own = await api.organization()
    named = await api.organization(own.name)
    assert own == named
    with pytest.raises(NotFoundError, match=f"There are: {own.name}"):
        await api.organization("nobody's")


async def test_an_organization_says_what_it_is_and_does_not_change(api: AsyncApi) -> None:
    own = await api.organization()
    entity = own.org_entity
    assert isinstance(own, Organization)
    assert (entity.name, entity.entity_type) == (f"{own.name}-org", "organization")
    assert entity.id not in ("", own.id)
    with pytest.raises(FrozenInstanceError):
        own.name = "another"  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        entity.name = "another"  # type: ignore[misc]


async def test_an_organization_is_found_by_the_name_of_its_entity(api: AsyncApi) -> None:
    own = await api.organization()
    assert await api.organization(own.org_entity.name) == own


async def test_a_server_that_does_not_say_the_kind_of_an_entity() -> None:
    with Server(hidden={"Entity.entityType"}) as server:
        server.add_user("ada")
        server.add_organization("org")
        server.add_team("crew", {"ada": "admin"}, organization="org")
        async with server.async_api("ada", overrides={"entity": "crew"}) as api:
            own = await api.organization()
    assert (own.name, own.org_entity.entity_type) == ("org", None)


async def test_a_user_of_none_is_told_so(module_server: Server) -> None:
    name = f"bo{uuid4().hex[:6]}"
    module_server.add_user(name)
    async with module_server.async_api(name) as api:
        with pytest.raises(NotFoundError, match="WANDB_ORGANIZATION"):
            await api.organization()
        with pytest.raises(NotFoundError, match=r"'acme'.*Check the name"):
            await api.organization("acme")


async def test_a_user_of_several_must_choose(module_server: Server) -> None:
    name = f"cy{uuid4().hex[:6]}"
    module_server.add_user(name)
    for number in range(2):
        module_server.add_organization(f"{name}-{number}")
        module_server.add_team(f"team-{name}-{number}", [name], organization=f"{name}-{number}")
    async with module_server.async_api(name) as api:
        with pytest.raises(ArgumentError, match="several organizations"):
            await api.organization()
        one = await api.organization(f"{name}-1")
    assert one.name == f"{name}-1"
