"""Organizations: whose registries these are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from wandkit import AsyncApi
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
    with pytest.raises(NotFoundError):
        await api.organization("nobody's")


async def test_a_user_of_none_is_told_so(module_server: Server) -> None:
    name = f"bo{uuid4().hex[:6]}"
    module_server.add_user(name)
    async with module_server.async_api(name) as api:
        with pytest.raises(NotFoundError, match="WANDB_ORGANIZATION"):
            await api.organization()


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
