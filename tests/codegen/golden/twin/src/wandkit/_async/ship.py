"""Ships: `await api.ship("x")` gives an `AsyncShip`.

Prose about what one must await stays as it is.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

from wandkit_generated.gql.aio import get_ship

from wandkit._core.awaitable import awaitable_property
from wandkit._transport.aio.graphql import AsyncGraphQL
from wandkit._transport.concurrency.aio import sleep

__all__ = ["AsyncFleet", "AsyncShip"]


class AsyncShip:
    """One ship.

    >>> ship = await api.ship("x")
    >>> await ship.name
    'x'
    """

    def __init__(self, gql: AsyncGraphQL) -> None:
        self._gql = gql

    @awaitable_property
    async def name(self) -> str:
        """The name, as `await ship.name`."""
        answer = await get_ship(self._gql, id="x")  # an AsyncShip awaits its name
        return answer.name

    async def __aenter__(self) -> AsyncShip:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close it."""
        await sleep(0)


class AsyncFleet:
    """Many ships."""

    def __init__(self, load: Callable[[int], Awaitable[list[AsyncShip]]]) -> None:
        self._load = load

    async def count(self) -> int:
        """Return how many there are."""
        ships = await self._load(0)
        return len(ships)

    async def __aiter__(self) -> AsyncIterator[AsyncShip]:
        ships = await self._load(0)
        for ship in ships:
            yield ship

    async def names(self) -> str:
        """Return all names, one after the other."""
        text = f"{await self.count()} ships in {type(self).__name__}:"
        async for ship in self:
            name = await ship.name
            text += f" {name}"
        return text
