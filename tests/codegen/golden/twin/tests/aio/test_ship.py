"""Ships sail."""

from __future__ import annotations

from wandkit._async.ship import AsyncFleet


async def test_an_empty_fleet_has_no_ships() -> None:
    """Also as a length in the twin."""

    async def load(page: int) -> list[object]:
        return []

    fleet = AsyncFleet(load)
    assert await fleet.count() == 0
