"""Integrations: the webhooks and Slack channels of an entity."""

from __future__ import annotations

from uuid import uuid4

import pytest

from wandkit.automation import SlackIntegration, WebhookIntegration
from wandkit.errors import NotFoundError
from wandkit.testing import Server


def team_with(server: Server, *kinds: str) -> str:
    """Make a team with a Slack channel (`s`) or webhook (`w`) for each letter, and return its name."""
    team = f"team-{uuid4().hex[:8]}"
    server.add_team(team, {"ada": "admin"})
    for number, kind in enumerate(kinds):
        if kind == "s":
            server.add_slack_integration(team, "Space", f"#c{number}")
        else:
            server.add_integration(team, f"hook{number}", f"https://hooks.example.org/{number}")
    return team


async def test_integrations_of_all_kinds_are_listed(module_server: Server) -> None:
    team = team_with(module_server, "w", "s")
    async with module_server.async_api("ada") as api:
        found = await api.integrations(team).load_all()
        assert {type(one) for one in found} == {WebhookIntegration, SlackIntegration}
        assert len({one.id for one in found}) == 2


async def test_a_webhook_tells_where_it_leads(module_server: Server) -> None:
    team = team_with(module_server, "s", "w")
    async with module_server.async_api("ada") as api:
        found = await api.webhook_integrations(team).load_all()
        assert [(one.name, one.url_endpoint) for one in found] == [("hook1", "https://hooks.example.org/1")]


async def test_a_slack_channel_tells_its_workspace(module_server: Server) -> None:
    team = team_with(module_server, "s", "w")
    async with module_server.async_api("ada") as api:
        found = await api.slack_integrations(entity=team).load_all()
        assert [(one.team_name, one.channel_name) for one in found] == [("Space", "#c0")]


@pytest.mark.parametrize("per_page", [1, 2, 3])
async def test_a_page_without_the_wanted_kind_does_not_end_the_listing(
    module_server: Server, per_page: int
) -> None:
    team = team_with(module_server, "s", "s", "s", "w", "s", "s", "w")
    async with module_server.async_api("ada") as api:
        listing = api.webhook_integrations(team, per_page=per_page)
        names = [one.name async for one in listing]
        assert sorted(names) == ["hook3", "hook6"]
        assert await listing.count() == 2


async def test_a_listing_goes_on_from_a_cursor(module_server: Server) -> None:
    team = team_with(module_server, "w", "s", "w", "w")
    async with module_server.async_api("ada") as api:
        listing = api.webhook_integrations(team, per_page=1)
        first = await listing[0]
        everything = [one async for one in listing]
        assert everything[0] == first
        whole = await listing.load_all()
        async for one in listing:
            if one == whole[1]:
                break
        rest = api.webhook_integrations(team, per_page=2, start=listing.cursor)
        assert await rest.load_all() == whole[2:]


async def test_the_default_entity_is_the_one_of_the_settings(module_server: Server) -> None:
    team = team_with(module_server, "w")
    async with module_server.async_api("ada", overrides={"entity": team}) as api:
        assert [one.name async for one in api.integrations()] == ["hook0"]


async def test_an_entity_that_is_not_there_is_named(module_server: Server) -> None:
    async with module_server.async_api("ada") as api:
        with pytest.raises(NotFoundError, match="nobody") as caught:
            await api.integrations("nobody").load_all()
        assert isinstance(caught.value, ValueError)
