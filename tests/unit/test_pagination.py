"""Page sizes and cursors, without any server."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wandkit._core.pagination import LARGEST_PAGE, Chain, Page, PageSize, needed_for
from wandkit.errors import AnswerError, ArgumentError


def page(keys: str, cursor: str | None, has_next: bool, total: int | None = None) -> Page[str]:
    """Return a page of letters."""
    return Page([*keys], [*keys], [None] * len(keys), cursor, has_next, total)


@given(pages=st.lists(st.text("abcdefgh", max_size=6), min_size=1, max_size=6))
def test_each_object_is_handed_on_once_and_counted(pages: list[str]) -> None:
    chain = Chain()
    found: list[str] = []
    for number, keys in enumerate(pages, 1):
        found += [item for item, _ in chain.take(page(keys, str(number), number < len(pages)))]
    assert sorted(found) == sorted({*"".join(pages)})
    assert chain.received + chain.duplicates == len("".join(pages))
    assert chain.finished


def test_the_count_is_asked_for_once() -> None:
    chain = Chain()
    first = chain.request(10).count
    chain.take(page("ab", "1", True, total=3))
    assert (first, chain.request(10).count, chain.request(10).cursor) == (True, False, "1")


@pytest.mark.parametrize("cursor", [None, "0"])
def test_a_server_that_leads_nowhere_is_an_error_and_no_endless_loop(cursor: str | None) -> None:
    chain = Chain(start="0")
    chain.take(page("a", cursor, True))
    with pytest.raises(AnswerError, match="stops after 1 items"):
        chain.request(10)
    assert not chain.receipt().complete


def test_a_listing_that_lost_objects_says_how_many() -> None:
    chain = Chain()
    chain.take(page("ab", None, False, total=5))
    assert "3 did not come" in chain.receipt().gaps[0]


@given(answers=st.lists(st.tuples(st.booleans(), st.floats(0, 100)), max_size=30))
def test_pages_stay_between_the_smallest_and_the_largest(answers: list[tuple[bool, float]]) -> None:
    sizes = PageSize()
    for failed, elapsed_s in answers:
        if failed:
            before = sizes.value
            assert not sizes.failed() or sizes.value < before
        else:
            sizes.answered(sizes.value, elapsed_s)
        assert 1 <= sizes.value <= LARGEST_PAGE


def test_a_size_that_was_too_much_is_not_tried_again() -> None:
    sizes = PageSize(first=400)
    sizes.failed()
    sizes.answered(200, 0.001)
    assert sizes.value == 200


@given(size=st.integers(1, 5000), elapsed_s=st.floats(0, 10))
def test_a_fixed_size_stays(size: int, elapsed_s: float) -> None:
    sizes = PageSize(size)
    sizes.answered(size, elapsed_s)
    assert (sizes.failed(), sizes.value) == (False, min(size, LARGEST_PAGE))


@pytest.mark.parametrize("size", [0, -3, "5", 2.5])
def test_a_page_of_nothing_is_refused(size: Any) -> None:
    with pytest.raises(ArgumentError, match="1 or more"):
        PageSize(size)


BOUND = st.none() | st.integers(-15, 15)


@given(start=BOUND, stop=BOUND, step=st.none() | st.sampled_from([-2, -1, 1, 2]))
def test_what_a_slice_needs_is_enough_for_it(start: int | None, stop: int | None, step: int | None) -> None:
    letters = "abcdefghij"
    wanted = slice(start, stop, step)
    needed = needed_for(wanted)
    assert (letters if needed is None else letters[:needed])[wanted] == letters[wanted]


@given(index=st.integers(-10, 9))
def test_what_an_index_needs_is_enough_for_it(index: int) -> None:
    letters = "abcdefghij"
    needed = needed_for(index)
    assert (letters if needed is None else letters[:needed])[index] == letters[index]


def test_an_index_may_be_a_number_of_another_library() -> None:
    import numpy

    assert needed_for(numpy.int64(3)) == 4  # type: ignore[arg-type]


def test_an_index_that_is_no_number_is_refused_as_a_list_does() -> None:
    with pytest.raises(TypeError):
        needed_for("3")  # type: ignore[arg-type]
