"""Page sizes and cursors of listings: what to ask for next, and what has arrived so far.

Pure logic, no I/O. `PageSize` decides how many items the next page asks for; `Chain` follows the cursors,
leaves out what came twice, notices a server that runs in circles, and counts for the receipt.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar, cast

from wandkit._core.problem import Problem
from wandkit._core.receipt import ItemFailure, Receipt
from wandkit.errors import AnswerError, ArgumentError

__all__ = ["LARGEST_PAGE", "Chain", "Page", "PageRequest", "PageSize", "needed_for", "next_cursor"]

T = TypeVar("T")

LARGEST_PAGE = 1000
"""Most items that a W&B server puts on one page."""

FIRST_PAGE = 50
SMALLEST_PAGE = 5
QUICK_PAGE_S = 1.5
"""A page that takes about this long is of the right size."""

FASTEST_GROWTH = 20.0


@dataclass(frozen=True, slots=True)
class PageRequest:
    """What one page is asked for.

    Attributes:
        size: Most items on the page.
        cursor: The place after which the page starts; None for the beginning.
        count: Whether the server's count of the whole listing is wanted as well.
    """

    size: int
    cursor: str | None
    count: bool


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page as it arrived.

    Attributes:
        items: The objects, in the server's order.
        keys: One identity per item; an item whose key came before is a duplicate.
        cursors: The place after each item.
        end_cursor: The place after the page, as the server gave it.
        has_next: Whether the server says that there is more.
        total: The server's count of the whole listing, where it was asked for and given.
        problems: The nodes of the page that could not be read and were left out.
    """

    items: Sequence[T]
    keys: Sequence[str]
    cursors: Sequence[str | None]
    end_cursor: str | None
    has_next: bool
    total: int | None = None
    problems: Sequence[Problem] = ()


class PageSize:
    """The size of the next page: fixed, or small at first, growing on quick answers, halved on failure."""

    def __init__(
        self, fixed: int | None = None, *, first: int = FIRST_PAGE, largest: int = LARGEST_PAGE
    ) -> None:
        if fixed is not None and (not isinstance(cast("object", fixed), int) or fixed < 1):
            raise ArgumentError(
                f"per_page must be a whole number, 1 or more, not {fixed!r}.",
                next_step="Leave it out to adapt.",
            )
        self._fixed = fixed is not None
        self._limit = largest
        self.value = min(fixed if fixed is not None else first, LARGEST_PAGE)

    def answered(self, size: int, elapsed_s: float) -> None:
        """Grow towards pages that take about `QUICK_PAGE_S`, after a page of `size` took `elapsed_s`."""
        if self._fixed:
            return
        growth = min(QUICK_PAGE_S / max(elapsed_s, 1e-3), FASTEST_GROWTH)
        self.value = max(SMALLEST_PAGE, min(int(size * growth), self._limit))

    def failed(self) -> bool:
        """Halve after a timeout or a 5xx; False where the page cannot be made smaller."""
        if self._fixed or self.value <= SMALLEST_PAGE:
            return False
        self._limit = self.value = max(SMALLEST_PAGE, self.value // 2)
        return True


def next_cursor(has_next: bool, cursor: str | None, seen: set[str], received: int) -> str | None:
    """Return the place from which the next page is to be asked for; None after the last page.

    Args:
        has_next: Whether the server says that there is more.
        cursor: The place that it gives for that.
        seen: The places that came before; this one is added.
        received: How many items have come, for the message.

    Raises:
        AnswerError: There is more, but the place is none, or one that came before.
    """
    if not has_next:
        return None
    if cursor is None or cursor in seen:
        what = "no cursor" if cursor is None else f"the cursor {cursor!r} a second time"
        raise AnswerError(
            f"The listing stops after {received} items: the server has more, but gives {what}.",
            next_step="This is a fault of the server; another order or page size may get around it.",
        )
    seen.add(cursor)
    return cursor


class Chain:
    """A walk along the cursors of one query, and its counts.

    Attributes:
        total: The server's count of the whole listing; None where it gave none.
        received: Items handed on so far.
        duplicates: Items left out because their key came before.
        pages: Pages taken so far.
        problems: Nodes that could not be read.
        finished: Whether the last page has been taken.
        resumed: Whether the walk started in the middle, from a cursor.
        cursor: The place from which the next page is to be asked for; None for the beginning.
    """

    def __init__(self, start: str | None = None) -> None:
        self.total: int | None = None
        self.received = 0
        self.duplicates = 0
        self.pages = 0
        self.problems: list[Problem] = []
        self.finished = False
        self.resumed = start is not None
        self.cursor: str | None = start
        self._stuck: AnswerError | None = None
        self._seen_keys: set[str] = set()
        self._seen_cursors: set[str] = set() if start is None else {start}

    def request(self, size: int) -> PageRequest:
        """Return what to ask for next.

        Raises:
            AnswerError: The server said that there is more but gave no new place to go on from.
        """
        if self._stuck is not None:
            raise self._stuck
        return PageRequest(size, self.cursor, count=self.pages == 0)

    def take(self, page: Page[T]) -> list[tuple[T, str | None]]:
        """Return the items of `page` that are new, each with the cursor after it, and move on."""
        self.pages += 1
        if page.total is not None:
            self.total = page.total
        self.problems.extend(page.problems)
        fresh: list[tuple[T, str | None]] = []
        for item, key, cursor in zip(page.items, page.keys, page.cursors, strict=True):
            if key in self._seen_keys:
                self.duplicates += 1
            else:
                self._seen_keys.add(key)
                fresh.append((item, cursor))
        self.received += len(fresh)
        self._move(page)
        return fresh

    def _move(self, page: Page[T]) -> None:
        self.finished = not page.has_next
        if self.finished:
            return
        cursor = page.end_cursor or next((c for c in reversed(page.cursors) if c), None)
        try:
            self.cursor = next_cursor(True, cursor, self._seen_cursors, self.received)
        except AnswerError as error:
            self._stuck = error

    def receipt(self) -> Receipt:
        """Return the account of the walk so far."""
        return Receipt(
            received=self.received,
            expected=None if self.resumed else self.total,
            duplicates=self.duplicates,
            gaps=self._gaps(),
            failures=[ItemFailure(_name_of(problem), problem.error) for problem in self.problems],
        )

    def _gaps(self) -> list[str]:
        if self._stuck is not None:
            return [self._stuck.message]
        if not self.finished:
            return ["not all pages have been loaded yet"]
        missing = 0 if self.resumed or self.total is None else self.total - self.received - len(self.problems)
        if missing == 0:
            return []
        what = f"{missing} did not come" if missing > 0 else f"{-missing} more came"
        return [f"the server counted {self.total}, of which {what}: the listing changed while it was read"]


def needed_for(index: int | slice) -> int | None:
    """Return how many items have to be loaded to answer `index`; None for all of them.

    Raises:
        TypeError: It is neither a whole number nor a slice.
    """
    if not isinstance(index, slice):
        place = operator.index(index)
        return place + 1 if place >= 0 else None
    start, stop, step = index.start or 0, index.stop, index.step or 1
    if stop is None or start < 0 or stop < 0 or step < 0:
        return None
    return int(stop) if stop > start else 0


def _name_of(problem: Problem) -> str:
    """Return how an unreadable node calls itself, as far as that can be made out."""
    edge = _object(problem.raw)
    node = _object(edge.get("node", edge))
    return str(node.get("name") or node.get("id") or problem.path)


def _object(value: object) -> dict[str, object]:
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}
