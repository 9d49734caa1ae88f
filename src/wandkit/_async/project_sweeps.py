"""The sweeps of a project."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from wandkit._async.account import AsyncAccount
from wandkit.filters import Expression, Order
from wandkit.paths import NeedsEntity, ProjectPath

if TYPE_CHECKING:
    from wandkit._async.sweeps import AsyncSweeps

__all__ = ["AsyncProjectSweeps"]


class AsyncProjectSweeps:
    """The part of a project that lists its sweeps."""

    _account: AsyncAccount
    _path: ProjectPath | NeedsEntity[ProjectPath]

    def sweeps(
        self,
        per_page: int | None = None,
        filters: Mapping[str, Any] | Expression | None = None,
        order: str | Order | None = None,
        *,
        start: str | None = None,
    ) -> AsyncSweeps:
        """Return the project's sweeps as a listing. Nothing is sent before it is used.

        Args:
            per_page: Sweeps on a page; left out, the size adapts to how quickly the server answers.
            filters: Which sweeps: an expression of `F`, or a Mongo-style mapping, over `name`, `displayName`,
                `state`, `method`, `createdAt` and the like. Not every server can filter sweeps.
            order: What to sort by: `+KEY` or `-KEY`; default the server's order, newest first.
            start: A `cursor` of an earlier listing, to go on from there.

        Raises:
            FilterError: `filters` or `order` is malformed.
        """
        from wandkit._async.sweeps import AsyncSweeps

        listing = AsyncSweeps(
            self._account, self._path, filters=filters, order=order, per_page=per_page, start=start
        )
        return self._account.keep(listing)
