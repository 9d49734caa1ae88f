"""Listings: re-iterable queries whose pages load as they are needed.

Logic without I/O: _core/pagination.py. Docs: docs/api/listing.md.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Generic, TypeVar, overload

from wandkit._core.pagination import Chain, Page, PageRequest, PageSize
from wandkit._core.receipt import Receipt
from wandkit._transport.concurrency.aio import Lock, Prefetch, monotonic
from wandkit.errors import DeadlineExceededError, RequestTimeoutError, ServerError

__all__ = ["AsyncListing"]

T = TypeVar("T")


class AsyncListing(Generic[T]):
    """A query for many objects that can be looped over again and again.

    Every loop has its own place, loaded pages are shared between loops, and the next page is fetched while the
    current one is used. Nothing is sent before the first item, length or index is asked for.

    Subclasses say how one page is fetched: `_fetch_page`.
    """

    def __init__(self, *, per_page: int | None = None, start: str | None = None) -> None:
        self._per_page = per_page
        self._start = start
        self._forget()

    def _forget(self) -> None:
        """Start anew: drop the loaded pages, so that the next loop asks the server again."""
        self._walk = AsyncWalk(self, PageSize(self._per_page), self._start)
        self._latest = self._walk
        self._items: list[T] = []
        self._cursors: list[str | None] = []
        self._reached = 0
        self._lock = Lock()

    async def _fetch_page(self, request: PageRequest) -> Page[T]:
        """Fetch one page; subclasses say how."""
        raise NotImplementedError

    async def __aiter__(self) -> AsyncIterator[T]:
        """Loop over all objects, from the first one, loading pages as needed."""
        items = self._items
        position = 0
        while True:
            if position >= len(items) and not await self._load_beyond(position):
                return
            item = items[position]
            position += 1
            if position > self._reached:
                self._reached = position
                self._walk.look_ahead(position)
            yield item

    async def stream(self) -> AsyncIterator[T]:
        """Loop once over all objects without keeping them: memory stays at two pages, whatever the length."""
        walk = AsyncWalk(self, PageSize(self._per_page), self._start)
        self._latest = walk
        position = 0
        while True:
            page = await walk.next_page()
            if page is None:
                return
            for item, _ in page:
                position += 1
                walk.look_ahead(position)
                yield item

    @overload
    async def __getitem__(self, index: int) -> T: ...

    @overload
    async def __getitem__(self, index: slice) -> list[T]: ...

    async def __getitem__(self, index: int | slice) -> T | list[T]:
        """Fetch the object at `index`, or the list of those in a slice; negative counts from the end.

        Raises:
            IndexError: There are not that many.
        """
        needed = _needed(index)
        while (needed is None or len(self._items) < needed) and await self._load_beyond(len(self._items)):
            pass
        try:
            found = self._items[index]
        except IndexError:
            raise IndexError(f"index {index} of a listing of {len(self._items)}") from None
        return found

    async def count(self) -> int:
        """Return how many objects the server counts; where it does not say, load all and count them."""
        if self._walk.chain.pages == 0:
            await self._load_beyond(0)
        total = self._walk.chain.total
        if total is not None:
            return total
        await self.load_all()
        return len(self._items)

    async def load_all(self) -> list[T]:
        """Load every page and return all objects."""
        while await self._load_beyond(len(self._items)):
            pass
        return list(self._items)

    @property
    def cursor(self) -> str | None:
        """The place after the last object handed out; give it as `start=` to go on from there. None at the beginning."""
        return self._cursors[self._reached - 1] if self._reached else self._start

    @property
    def more(self) -> bool:
        """Whether there is more to come after what has been handed out; True before the first page."""
        return self._reached < len(self._items) or not self._walk.chain.finished

    @property
    def receipt(self) -> Receipt:
        """What has arrived so far against what the server counts: duplicates left out, gaps, unreadable objects."""
        return _receipt(self._latest.chain)

    async def _load_beyond(self, position: int) -> bool:
        """Make sure that there is an item at `position`; False where the listing ends before it."""
        async with self._lock:
            while position >= len(self._items):
                page = await self._walk.next_page()
                if page is None:
                    return False
                for item, cursor in page:
                    self._items.append(item)
                    self._cursors.append(cursor)
        return True


class AsyncWalk(Generic[T]):
    """One pass over the pages of a listing."""

    def __init__(self, listing: AsyncListing[T], sizes: PageSize, start: str | None) -> None:
        self.chain = Chain(start)
        self._listing = listing
        self._sizes = sizes
        self._ahead: Prefetch[Page[T]] | None = None
        self._look_ahead_at = 0

    async def next_page(self) -> list[tuple[T, str | None]] | None:
        """Fetch the next page that holds something new; None at the end."""
        while not self.chain.finished:
            ahead, self._ahead = self._ahead, None
            if ahead is None:
                page = await self._fetch()
            else:
                page = await ahead.result()
            before = self.chain.received
            fresh = self.chain.take(page)
            self._look_ahead_at = min(before + 2, self.chain.received)
            if fresh:
                return fresh
        return None

    def look_ahead(self, position: int) -> None:
        """Start on the next page, once the second item of the current one is in use."""
        if position >= self._look_ahead_at and self._ahead is None and not self.chain.finished:
            self._ahead = Prefetch(self._fetch)

    async def _fetch(self) -> Page[T]:
        while True:
            request = self.chain.request(self._sizes.value)
            started = monotonic()
            try:
                page = await self._listing._fetch_page(request)
            except DeadlineExceededError:
                raise
            except (RequestTimeoutError, ServerError):
                if not self._sizes.failed():
                    raise
                continue
            self._sizes.answered(request.size, monotonic() - started)
            return page


def _needed(index: int | slice) -> int | None:
    """How many items have to be there to answer `index`; None for all of them."""
    if isinstance(index, int):
        return index + 1 if index >= 0 else None
    ends = [end for end in (index.start, index.stop) if end is not None]
    if any(end < 0 for end in ends) or index.stop is None or (index.step or 1) < 0:
        return None
    return int(index.stop)


def _receipt(chain: Chain) -> Receipt:
    raise NotImplementedError
