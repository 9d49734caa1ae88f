"""Listings: re-iterable queries whose pages load as they are needed.

Logic without I/O: _core/pagination.py. Docs: docs/api/listing.md.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar, overload

from wandkit._core.awaitable import awaitable_property
from wandkit._core.pagination import Chain, Page, PageRequest, PageSize, needed_for
from wandkit._core.receipt import Receipt
from wandkit._transport.concurrency.aio import Lock, Looped, Prefetch, monotonic, sleep
from wandkit.errors import DeadlineExceededError, RequestTimeoutError, ServerError

__all__ = ["AsyncListing"]

T = TypeVar("T")


class AsyncListing(Looped, Generic[T]):
    """A query for many objects that can be looped over again and again.

    Every loop has its own place, loaded pages are shared between loops, and the next page is fetched while
    the current one is used. Nothing is sent before the first item, length or index is asked for.

    Subclasses say how one page is fetched: `_fetch_page`.
    """

    def __init__(self, *, per_page: int | None = None, start: str | None = None) -> None:
        self._per_page = per_page
        self._start = start
        self.forget()

    def forget(self) -> None:
        """Drop the loaded pages, so that the next use asks the server again; running loops go on."""
        self._pages: AsyncPages[T] = AsyncPages(self._fetch_page, PageSize(self._per_page), self._start)
        self._latest: AsyncWalk[T] = self._pages
        self._place = 0

    async def _fetch_page(self, request: PageRequest) -> Page[T]:
        """Fetch one page; subclasses say how."""
        raise NotImplementedError

    async def __aiter__(self) -> AsyncIterator[T]:
        """Loop over all objects, from the first one, loading pages as needed."""
        pages = self._pages
        items = pages.items
        position = 0
        while True:
            if position >= len(items) and not await pages.load_beyond(position):
                return
            item = items[position]
            position += 1
            pages.reached = position
            if position == pages.look_ahead_at:
                pages.look_ahead()
                await sleep(0)  # lets the request go out before the consumer keeps the loop busy
            yield item

    async def __anext__(self) -> T:
        """Return the next object of a loop that the listing keeps for `anext`, apart from all other loops.

        Raises:
            StopAsyncIteration: There are no more. `forget` begins anew.
        """
        pages = self._pages
        if self._place >= len(pages.items) and not await pages.load_beyond(self._place):
            raise StopAsyncIteration
        item = pages.items[self._place]
        self._place += 1
        pages.reached = self._place
        return item

    async def stream(self) -> AsyncIterator[T]:
        """Loop once over all objects without keeping them: memory stays at two pages, whatever the length."""
        walk = AsyncWalk(self._fetch_page, PageSize(self._per_page), self._start)
        self._latest = walk
        position = 0
        while True:
            page = await walk.next_page()
            if page is None:
                return
            for item, _ in page:
                position += 1
                if position == walk.look_ahead_at:
                    walk.look_ahead()
                    await sleep(0)
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
        pages = self._pages
        needed = needed_for(index)
        if needed is None:
            await pages.load_all()
        elif needed:
            await pages.load_beyond(needed - 1)
        if isinstance(index, slice):
            return pages.items[index]
        try:
            return pages.items[index]
        except IndexError:
            raise IndexError(f"there is no item {index} in a listing of {len(pages.items)}") from None

    async def count(self) -> int:
        """Return how many objects the server counts; where it does not say, load all and count them.

        Raises:
            WandkitError: The server could not be asked; see the listing for what it says of its own.
        """
        pages = self._pages
        if pages.chain.pages == 0:
            await pages.load_beyond(0)
        if pages.chain.total is not None:
            return pages.chain.total
        await pages.load_all()
        return len(pages.items)

    @awaitable_property
    async def length(self) -> int:
        """How many objects the server counts, as `count` says it."""
        number = await self.count()
        return number

    async def load_all(self) -> list[T]:
        """Load every page and return all objects.

        Raises:
            WandkitError: A page could not be loaded; see the listing for what it says of its own.
        """
        pages = self._pages
        await pages.load_all()
        return list(pages.items)

    @property
    def cursor(self) -> str | None:
        """The place after the last object handed out, to go on from there with `start=`; None at first."""
        pages = self._pages
        return pages.cursors[pages.reached - 1] if pages.reached else self._start

    @property
    def more(self) -> bool:
        """Whether there is more to come after what has been handed out; True before the first page."""
        pages = self._pages
        return pages.reached < len(pages.items) or not pages.chain.finished

    @property
    def receipt(self) -> Receipt:
        """What has arrived so far against what the server counts: duplicates, gaps, unreadable objects."""
        return self._latest.chain.receipt()


@dataclass(frozen=True)
class Ahead(Generic[T]):
    """A page that is fetched before it is asked for, and the place after which it starts."""

    cursor: str | None
    page: Prefetch[Page[T]]


class AsyncWalk(Generic[T]):
    """One pass over the pages of a query: the next page fetched ahead, smaller pages after failures.

    Attributes:
        chain: Where it is, and what it counted.
        look_ahead_at: The item, counted from 1, whose use starts the fetching of the next page: the first of
            the newest page, but the second of the first one, so that whoever takes a first item only does not
            pay for a second page.
    """

    def __init__(
        self, fetch: Callable[[PageRequest], Awaitable[Page[T]]], sizes: PageSize, start: str | None
    ) -> None:
        self.chain = Chain(start)
        self._fetch = fetch
        self._sizes = sizes
        self._ahead: Ahead[T] | None = None
        self._is_fetching = False
        self.look_ahead_at = 0

    async def next_page(self) -> list[tuple[T, str | None]] | None:
        """Fetch the next page that holds something new; None at the end."""
        while not self.chain.finished:
            ahead, self._ahead, self._is_fetching = self._ahead, None, True
            try:
                if ahead is not None and ahead.cursor == self.chain.cursor:
                    page = await ahead.page.result()
                else:  # another thread may have looked ahead from where the chain was before
                    page = await self._fetch_next()
                before = self.chain.received
                fresh = self.chain.take(page)
            finally:
                self._is_fetching = False
            self.look_ahead_at = min(before + (1 if before else 2), self.chain.received)
            if fresh:
                return fresh
        return None

    def look_ahead(self) -> None:
        """Start on the next page, unless that has been done or there is none."""
        if self._ahead is None and not self._is_fetching and not self.chain.finished:
            self._ahead = Ahead(self.chain.cursor, Prefetch(self._fetch_next))

    async def _fetch_next(self) -> Page[T]:
        while True:
            request = self.chain.request(self._sizes.value)
            started = monotonic()
            try:
                page = await self._fetch(request)
            except DeadlineExceededError:
                raise
            except (RequestTimeoutError, ServerError):
                if not self._sizes.failed():
                    raise
                continue
            self._sizes.answered(request.size, monotonic() - started)
            return page


class AsyncPages(AsyncWalk[T]):
    """A walk whose items are kept and shared by all loops.

    Attributes:
        items: What has arrived.
        cursors: The place after each item.
        reached: How far the loop that handed out the last item has come.
    """

    def __init__(
        self, fetch: Callable[[PageRequest], Awaitable[Page[T]]], sizes: PageSize, start: str | None
    ) -> None:
        super().__init__(fetch, sizes, start)
        self.items: list[T] = []
        self.cursors: list[str | None] = []
        self.reached = 0
        self._lock = Lock()

    async def load_beyond(self, position: int) -> bool:
        """Make sure that there is an item at `position`; False where the listing ends before it."""
        async with self._lock:
            while position >= len(self.items):
                page = await self.next_page()
                if page is None:
                    return False
                self.cursors.extend(cursor for _, cursor in page)
                self.items.extend(item for item, _ in page)
        return True

    async def load_all(self) -> None:
        """Load every page that is left, one ahead of the other."""
        while await self.load_beyond(len(self.items)):
            self.look_ahead()
