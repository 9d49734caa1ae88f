"""The steps from an old page of runs to a new one."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wandkit.server.run_delta import delta_of


def steps(before: Sequence[str], now: Sequence[str], changed: str = "") -> list[tuple[str, int, str | None]]:
    """Return the steps in short; a run is its name."""
    made = delta_of(before, now, str, lambda name: name in changed)
    return [(step["op"], step["index"], step["run"]) for step in made]


def applied(before: Sequence[str], made: Sequence[tuple[str, int, str | None]]) -> list[str | None]:
    """Return what the steps make of a list."""
    held: list[str | None] = list(before)
    for operation, index, name in made:
        if operation == "DELETE":
            del held[index]
        elif operation == "INSERT":
            held.insert(index, name)
        else:
            held[index] = name
    return held


def test_nothing_changed_takes_no_step() -> None:
    assert steps("abc", "abc") == []


@pytest.mark.parametrize(
    ("before", "now", "changed", "made"),
    [
        ("bc", "abc", "", [("INSERT", 0, "a")]),
        ("abc", "ac", "", [("DELETE", 1, None)]),
        ("abc", "abc", "b", [("UPDATE", 1, "b")]),
        ("", "ab", "ab", [("INSERT", 0, "a"), ("INSERT", 1, "b")]),
        ("ab", "", "", [("DELETE", 1, None), ("DELETE", 0, None)]),
        ("abc", "cab", "", [("DELETE", 2, None), ("INSERT", 0, "c")]),
        ("aab", "ab", "", [("DELETE", 1, None)]),
    ],
)
def test_each_change_is_one_step(
    before: str, now: str, changed: str, made: list[tuple[str, int, str | None]]
) -> None:
    assert steps(before, now, changed) == made


@given(st.lists(st.sampled_from("abcdefgh")), st.lists(st.sampled_from("abcdefgh"), unique=True))
def test_the_steps_lead_from_any_page_to_any_other(before: list[str], now: list[str]) -> None:
    assert applied(before, steps(before, now, "aceg")) == now
