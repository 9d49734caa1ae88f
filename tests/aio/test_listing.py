"""Listings: loops of their own, shared pages, indexes, resumption, and what odd servers do to them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from wandkit import AsyncListing
from wandkit._core.model import Problem
from wandkit._core.pagination import Page, PageRequest
from wandkit._transport.concurrency.aio import gather_bounded, sleep
from wandkit.errors import AnswerError, ArgumentError, ServerError


class AsyncLetters(AsyncListing[str]):
    """A listing of ready-made pages; cursors are page numbers."""

    def __init__(
        self,
        pages: Sequence[str],
        *,
        total: int | None = None,
        per_page: int | None = None,
        start: str | None = None,
    ) -> None:
        super().__init__(per_page=per_page, start=start)
        self.pages = pages
        self.total = total
        self.asked: list[PageRequest] = []

    async def _fetch_page(self, request: PageRequest) -> Page[str]:
        self.asked.append(request)
        index = int(request.cursor or 0)
        letters = self.pages[index]
        return Page(
            items=list(letters),
            keys=list(letters),
            cursors=[f"{index}.{place}" for place in range(len(letters))],
            end_cursor=str(index + 1),
            has_next=index + 1 < len(self.pages),
            total=self.total if request.count else None,
        )


class AsyncCircle(AsyncLetters):
    """A listing whose server says the same cursor for ever."""

    async def _fetch_page(self, request: PageRequest) -> Page[str]:
        self.asked.append(request)
        return Page(items=["a"], keys=["a"], cursors=["0"], end_cursor="0", has_next=True)


class AsyncWithoutCursor(AsyncLetters):
    """A listing whose server says that there is more, but not where."""

    async def _fetch_page(self, request: PageRequest) -> Page[str]:
        return Page(items=["a"], keys=["a"], cursors=[None], end_cursor=None, has_next=True)


class AsyncOdd(AsyncLetters):
    """A listing with one node that cannot be read."""

    async def _fetch_page(self, request: PageRequest) -> Page[str]:
        problem = Problem("Letters.edges", "name: a text is expected", {"node": {"name": "q"}})
        return Page(["a"], ["a"], ["0"], "0", has_next=False, total=2, problems=[problem])


class AsyncRemote(AsyncLetters):
    """A listing whose server lets others have their turn."""

    async def _fetch_page(self, request: PageRequest) -> Page[str]:
        for _ in range(5):
            await sleep(0)
        page = await super()._fetch_page(request)
        return page


class AsyncOverloaded(AsyncLetters):
    """A listing whose server cannot answer for more than ten at once."""

    async def _fetch_page(self, request: PageRequest) -> Page[str]:
        self.asked.append(request)
        if request.size > 10:
            raise ServerError("too much", status=504)
        return Page(["a"], ["a"], ["0"], "0", has_next=False)


async def test_a_new_listing_asks_for_nothing() -> None:
    listing = AsyncLetters(["ab"])
    assert (listing.asked, listing.cursor, listing.more) == ([], None, True)


async def test_a_loop_goes_over_all_pages_in_order() -> None:
    listing = AsyncLetters(["ab", "cd", "e"])
    assert [letter async for letter in listing] == list("abcde")


async def test_a_second_loop_asks_for_nothing_more() -> None:
    listing = AsyncLetters(["ab", "cd"])
    first = [letter async for letter in listing]
    second = [letter async for letter in listing]
    assert first == second
    assert len(listing.asked) == 2


async def test_nested_loops_each_have_their_own_place() -> None:
    listing = AsyncLetters(["ab", "c"])
    pairs = [one + other async for one in listing async for other in listing]
    assert pairs == ["aa", "ab", "ac", "ba", "bb", "bc", "ca", "cb", "cc"]


async def test_next_has_a_place_of_its_own_until_the_listing_is_forgotten() -> None:
    listing = AsyncLetters(["ab", "c"])
    first = await anext(listing)
    looped = [letter async for letter in listing]
    rest = [await anext(listing), await anext(listing)]
    with pytest.raises(StopAsyncIteration):
        await anext(listing)
    listing.forget()
    again = await anext(listing)
    assert (first, looped, rest, again) == ("a", ["a", "b", "c"], ["b", "c"], "a")


async def test_the_length_is_what_the_server_counts() -> None:
    length = await AsyncLetters(["ab", "c"], total=3).length
    assert length == 3


async def test_an_empty_page_in_the_middle_does_not_end_the_loop() -> None:
    listing = AsyncLetters(["ab", "", "c"])
    assert [letter async for letter in listing] == list("abc")


async def test_an_item_that_comes_twice_is_handed_out_once() -> None:
    listing = AsyncLetters(["ab", "bc"], total=3)
    assert [letter async for letter in listing] == list("abc")
    assert listing.receipt.duplicates == 1
    assert listing.receipt.complete


@pytest.mark.parametrize(("index", "letter"), [(0, "a"), (2, "c"), (-1, "e"), (-5, "a")])
async def test_an_index_fetches_what_it_needs(index: int, letter: str) -> None:
    listing = AsyncLetters(["ab", "cd", "e"])
    found = await listing[index]
    assert found == letter


@pytest.mark.parametrize(
    ("part", "letters"),
    [
        (slice(2), "ab"),
        (slice(1, 3), "bc"),
        (slice(3, None), "de"),
        (slice(-2, None), "de"),
        (slice(None, None, 2), "ace"),
        (slice(4, 2), ""),
        (slice(2, 99), "cde"),
    ],
)
async def test_a_slice_is_the_list_of_that_part(part: slice, letters: str) -> None:
    listing = AsyncLetters(["ab", "cd", "e"])
    found = await listing[part]
    assert found == list(letters)


async def test_a_slice_loads_no_page_too_many() -> None:
    listing = AsyncLetters(["ab", "cd", "e"])
    await listing[0:2]
    assert len(listing.asked) == 1


@pytest.mark.parametrize("index", [5, -6])
async def test_an_index_beyond_the_end_says_how_many_there_are(index: int) -> None:
    listing = AsyncLetters(["ab", "cd", "e"])
    with pytest.raises(IndexError, match="listing of 5"):
        await listing[index]


async def test_the_length_is_the_servers_count_after_one_page() -> None:
    listing = AsyncLetters(["ab", "cd"], total=40)
    count = await listing.count()
    assert (count, len(listing.asked)) == (40, 1)


async def test_a_length_that_the_server_does_not_say_is_counted() -> None:
    listing = AsyncLetters(["ab", "cd"])
    count = await listing.count()
    assert count == 4


async def test_the_count_is_asked_for_on_the_first_page_only() -> None:
    listing = AsyncLetters(["ab", "cd", "e"], total=5)
    await listing.load_all()
    assert [request.count for request in listing.asked] == [True, False, False]


async def test_the_cursor_is_behind_the_last_item_handed_out() -> None:
    listing = AsyncLetters(["abc", "d"])
    async for letter in listing:
        if letter == "b":
            break
    assert (listing.cursor, listing.more) == ("0.1", True)


async def test_the_cursor_follows_the_latest_loop() -> None:
    listing = AsyncLetters(["abc", "d"])
    await listing.load_all()
    everything = [letter async for letter in listing]
    async for letter in listing:
        if letter == "a":
            break
    assert everything == list("abcd")
    assert (listing.cursor, listing.more) == ("0.0", True)


async def test_a_listing_starts_where_start_says() -> None:
    listing = AsyncLetters(["ab", "cd", "e"], start="1")
    assert [letter async for letter in listing] == list("cde")


async def test_a_finished_listing_has_no_more() -> None:
    listing = AsyncLetters(["ab"])
    await listing.load_all()
    assert [letter async for letter in listing] == ["a", "b"]
    assert listing.more is False


async def test_a_stream_hands_out_the_same_and_keeps_nothing() -> None:
    listing = AsyncLetters(["ab", "cd"], total=4)
    streamed = [letter async for letter in listing.stream()]
    again = [letter async for letter in listing.stream()]
    assert streamed == again == list("abcd")
    assert len(listing.asked) == 4
    assert listing.receipt.complete


async def test_the_next_page_is_fetched_while_the_current_one_is_used() -> None:
    listing = AsyncLetters(["ab", "cd", "e"])
    async for letter in listing:
        if letter == "b":
            break
    second = await listing[2]
    assert (second, len(listing.asked)) == ("c", 2)


async def test_taking_only_the_first_item_fetches_one_page() -> None:
    listing = AsyncLetters(["ab", "cd", "e"])
    async for _ in listing:
        break
    assert len(listing.asked) == 1


async def test_loops_that_run_at_the_same_time_share_the_pages() -> None:
    letters = AsyncRemote("abcdefghijklmnopqrstuvwxyz", total=26)

    async def word() -> str:
        return "".join([letter async for letter in letters])

    words = await gather_bounded(4, [word] * 4)
    assert words == ["abcdefghijklmnopqrstuvwxyz"] * 4
    assert letters.receipt.duplicates == 0


async def test_a_forgotten_listing_asks_anew() -> None:
    listing = AsyncLetters(["ab"])
    await listing.load_all()
    listing.forget()
    await listing.load_all()
    assert len(listing.asked) == 2


async def test_a_server_that_runs_in_circles_is_found_out() -> None:
    listing = AsyncCircle([])
    with pytest.raises(AnswerError, match="a second time"):
        await listing.load_all()
    assert listing.receipt.received == 1
    assert not listing.receipt.complete


async def test_a_server_that_has_more_but_no_cursor_is_found_out() -> None:
    listing = AsyncWithoutCursor([])
    first = await listing[0]
    assert first == "a"
    with pytest.raises(AnswerError, match="no cursor"):
        await listing[1]


async def test_an_unreadable_node_is_left_out_and_reported() -> None:
    listing = AsyncOdd([])
    letters = await listing.load_all()
    assert letters == ["a"]
    assert [str(failure) for failure in listing.receipt.failures] == ["q: name: a text is expected"]
    assert not listing.receipt.complete


async def test_a_receipt_says_what_the_server_counted_and_did_not_send() -> None:
    listing = AsyncLetters(["ab"], total=4)
    await listing.load_all()
    assert listing.receipt.missing == 2
    assert "2 did not come" in str(listing.receipt)


async def test_a_receipt_of_a_listing_that_is_not_loaded_is_not_complete() -> None:
    listing = AsyncLetters(["ab", "c"])
    await listing[0]
    assert not listing.receipt.complete


async def test_pages_start_small_and_grow_while_answers_come_quickly() -> None:
    listing = AsyncLetters(["a", "b", "c"])
    await listing.load_all()
    assert [request.size for request in listing.asked] == [50, 1000, 1000]


async def test_pages_shrink_when_the_server_cannot_answer() -> None:
    listing = AsyncOverloaded([])
    letters = await listing.load_all()
    assert letters == ["a"]
    assert [request.size for request in listing.asked] == [50, 25, 12, 6]


async def test_a_fixed_page_size_stays() -> None:
    listing = AsyncLetters(["a", "b", "c"], per_page=7)
    await listing.load_all()
    assert {request.size for request in listing.asked} == {7}


async def test_a_fixed_page_size_that_fails_is_the_users_to_change() -> None:
    listing = AsyncOverloaded([], per_page=20)
    with pytest.raises(ServerError):
        await listing.load_all()
    assert len(listing.asked) == 1


@pytest.mark.parametrize("per_page", [0, -1])
async def test_a_page_holds_at_least_one(per_page: int) -> None:
    with pytest.raises(ArgumentError, match="per_page"):
        AsyncLetters(["a"], per_page=per_page)
