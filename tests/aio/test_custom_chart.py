"""Custom charts: making, listing and deleting them."""

from __future__ import annotations

import pytest

from wandkit import AsyncApi
from wandkit.errors import ArgumentError, ConflictError, NotFoundError, PermissionDeniedError, WandkitError
from wandkit.testing import Server

SPEC = {"mark": "bar", "data": {"name": "wandb"}, "encoding": {"x": {"field": "${field:x}"}}}


async def make(api: AsyncApi, name: str, entity: str = "ada", access: str = "private") -> str:
    """Make a chart and return its id."""
    made = await api.create_custom_chart(entity, name, name.title(), "vega2", access, SPEC)  # type: ignore[arg-type]
    return made


async def test_a_chart_is_named_by_its_entity_and_its_name(wandkit_server: Server) -> None:
    async with wandkit_server.async_api() as api:
        assert await make(api, "bars") == "ada/bars"


async def test_a_chart_is_listed_as_it_was_made(wandkit_server: Server) -> None:
    async with wandkit_server.async_api() as api:
        await make(api, "bars")
        chart = await api.custom_charts("ada")[0]
    assert (chart.id, chart.entity, chart.name) == ("ada/bars", "ada", "bars")
    assert (chart.display_name, chart.type, chart.access) == ("Bars", "vega2", "private")
    assert chart.spec == SPEC
    assert chart.user.username == "ada"
    assert chart.created_at.tzinfo is not None


async def test_charts_come_newest_first_over_all_pages(wandkit_server: Server) -> None:
    async with wandkit_server.async_api() as api:
        for name in ("one", "two", "three"):
            await make(api, name)
        assert [chart.name async for chart in api.custom_charts(per_page=2)] == ["three", "two", "one"]
        assert await api.custom_charts().count() == 3


async def test_charts_are_listed_by_who_made_them(wandkit_server: Server) -> None:
    wandkit_server.add_user("bob")
    wandkit_server.add_team("lab", ["ada", "bob"])
    async with wandkit_server.async_api("ada") as ada, wandkit_server.async_api("bob") as bob:
        await make(ada, "of-ada", "lab")
        await make(bob, "of-bob", "lab")
        assert [chart.name async for chart in ada.custom_charts("lab", user_name="bob")] == ["of-bob"]


async def test_only_public_charts_are_for_everybody(wandkit_server: Server) -> None:
    wandkit_server.add_user("bob")
    async with wandkit_server.async_api("ada") as ada, wandkit_server.async_api("bob") as bob:
        await make(ada, "secret")
        await make(ada, "open", access="public")
        assert [chart.name async for chart in bob.custom_charts("ada")] == ["open"]


async def test_an_entity_that_is_not_there_is_not_one_without_charts(wandkit_server: Server) -> None:
    async with wandkit_server.async_api() as api:
        assert await api.custom_charts("ada").load_all() == []
        with pytest.raises(NotFoundError, match="No entity 'nobody'"):
            await api.custom_charts("nobody").load_all()
        with pytest.raises(NotFoundError, match="No entity 'nobody'"):
            await api.custom_charts("nobody").count()


async def test_a_name_that_is_taken_is_a_conflict(wandkit_server: Server) -> None:
    async with wandkit_server.async_api() as api:
        await make(api, "bars")
        with pytest.raises(ConflictError, match="ada/bars exists already"):
            await make(api, "bars")


async def test_an_access_that_is_none_is_refused_before_anything_is_sent(wandkit_server: Server) -> None:
    async with wandkit_server.async_api() as api:
        with pytest.raises(ArgumentError, match="There is no access 'secret'"):
            await make(api, "bars", access="secret")
    assert wandkit_server.requests == []


@pytest.mark.parametrize("spec", ["{", "[]"], ids=["no JSON", "no object"])
async def test_a_specification_that_is_no_object_is_refused(wandkit_server: Server, spec: str) -> None:
    async with wandkit_server.async_api() as api:
        with pytest.raises(ArgumentError, match="specification"):
            await api.create_custom_chart("ada", "bars", "Bars", "vega2", "private", spec)


async def test_a_text_is_sent_as_it_is(wandkit_server: Server) -> None:
    async with wandkit_server.async_api() as api:
        await api.create_custom_chart("ada", "bars", "Bars", "vega2", "public", '{"mark": "bar"}')
        chart = await api.custom_charts()[0]
    assert chart.spec == {"mark": "bar"}


async def test_a_chart_of_another_language_is_refused_by_the_server(wandkit_server: Server) -> None:
    async with wandkit_server.async_api() as api:
        with pytest.raises(WandkitError, match="use vega2"):
            await api.create_custom_chart("ada", "b", "B", "plotly", "private", SPEC)  # type: ignore[arg-type]


async def test_who_may_only_look_cannot_make_charts(wandkit_server: Server) -> None:
    wandkit_server.add_team("lab", {"ada": "viewer"})
    async with wandkit_server.async_api() as api:
        with pytest.raises(PermissionDeniedError):
            await make(api, "bars", "lab")


async def test_a_deleted_chart_is_gone(wandkit_server: Server) -> None:
    async with wandkit_server.async_api() as api:
        await make(api, "bars")
        chart = await api.custom_charts()[0]
        await chart.delete()
        assert await api.custom_charts().count() == 0
        with pytest.raises(NotFoundError, match="ada/bars not found"):
            await chart.delete()


async def test_a_chart_shows_its_id_only(wandkit_server: Server) -> None:
    async with wandkit_server.async_api() as api:
        await make(api, "bars")
        charts = api.custom_charts("ada")
        assert (repr(charts), repr(await charts[0])) == ("<CustomCharts ada>", "<CustomChart ada/bars>")
