"""Conditions on metrics, value by value."""

from __future__ import annotations

import math

import pytest

from wandkit.server.automation_event import Change, Threshold, ZScore
from wandkit.server.automation_metric import Condition, holds, values_needed

ABOVE = Threshold("loss", None, 5, "$gt", 3.0)


def mean(window: int) -> Threshold:
    """Return the condition of a mean of so many values being above 3."""
    return Threshold("loss", "AVERAGE", window, "$gt", 3.0)


@pytest.mark.parametrize(
    ("comparison", "below", "equal", "above"),
    [
        ("$gt", False, False, True),
        ("$gte", False, True, True),
        ("$lt", True, False, False),
        ("$lte", True, True, False),
        ("$eq", False, True, False),
        ("$ne", True, False, True),
    ],
)
def test_a_value_is_compared(comparison: str, below: bool, equal: bool, above: bool) -> None:
    condition = Threshold("loss", None, 1, comparison, 3.0)
    assert [holds(condition, [value]) for value in (2.0, 3.0, 4.0)] == [below, equal, above]


def test_without_an_aggregate_the_window_does_not_count() -> None:
    assert (values_needed(ABOVE), holds(ABOVE, [9.0, 1.0]), holds(ABOVE, [4.0])) == (1, False, True)


@pytest.mark.parametrize(("aggregate", "expected"), [("MAX", True), ("MIN", False), ("AVERAGE", True)])
def test_an_aggregate_is_of_the_last_values(aggregate: str, expected: bool) -> None:
    condition = Threshold("loss", aggregate, 3, "$gt", 3.0)
    assert holds(condition, [0.0, 0.0, 1.0, 2.0, 9.0]) is expected


def test_nothing_holds_before_the_window_is_full() -> None:
    assert [holds(mean(3), [9.0] * count) for count in range(5)] == [False, False, False, True, True]


@pytest.mark.parametrize(
    ("direction", "relative", "threshold", "expected"),
    [
        ("ANY", False, 5.0, True),
        ("DECREASE", False, 5.0, True),
        ("INCREASE", False, 5.0, False),
        ("DECREASE", True, 0.5, True),
        ("DECREASE", True, 0.6, False),
    ],
)
def test_a_change_has_a_direction_and_a_size(
    direction: str, relative: bool, threshold: float, expected: bool
) -> None:
    condition = Change("loss", None, 1, 1, relative, direction, threshold)
    assert holds(condition, [10.0, 5.0]) is expected


def test_a_change_of_means_goes_from_one_window_to_the_next() -> None:
    condition = Change("loss", "AVERAGE", 2, 3, False, "INCREASE", 4.0)
    assert values_needed(condition) == 5
    assert holds(condition, [1.0, 1.0, 1.0, 5.0, 5.0])
    assert not holds(condition, [1.0, 1.0, 4.0, 5.0, 5.0])


@pytest.mark.parametrize(("last", "expected"), [(0.0, False), (1e-9, True), (-1.0, True)])
def test_every_change_from_nothing_is_without_bounds(last: float, expected: bool) -> None:
    assert holds(Change("loss", None, 1, 1, True, "ANY", 1e9), [0.0, last]) is expected


@pytest.mark.parametrize(
    ("direction", "last", "expected"),
    [("ANY", 5.0, True), ("ANY", -5.0, True), ("INCREASE", -5.0, False), ("DECREASE", -5.0, True)],
)
def test_a_z_score_compares_with_the_values_before(direction: str, last: float, expected: bool) -> None:
    condition = ZScore("loss", 4, direction, 3.0)
    assert holds(condition, [-1.0, 1.0, -1.0, 1.0, last]) is expected


def test_values_that_do_not_vary_have_no_z_score() -> None:
    assert not holds(ZScore("loss", 3, "ANY", 1.0), [2.0, 2.0, 2.0, 9.0])


@pytest.mark.parametrize(
    "condition",
    [ABOVE, mean(2), Change("loss", "MAX", 2, 2, True, "ANY", 0.1), ZScore("loss", 4, "ANY", 1.0)],
    ids=["value", "mean", "change", "z-score"],
)
def test_no_more_than_the_needed_values_count(condition: Condition) -> None:
    values = [math.sin(number) * 5 for number in range(40)]
    needed = values_needed(condition)
    found = [holds(condition, values[:end]) for end in range(needed, 40)]
    assert found == [holds(condition, values[end - needed : end]) for end in range(needed, 40)]
    assert len(set(found)) == 2
