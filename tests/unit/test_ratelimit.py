"""The pauses that the server's rate-limit headers ask for."""

from __future__ import annotations

import pytest

from wandkit._core.ratelimit import RateLimit


def pause(remaining: str, reset: str = "10", after_s: float = 0.0) -> float:
    """Return the pause `after_s` seconds after an answer with these headers."""
    limit = RateLimit()
    limit.observe({"ratelimit-remaining": remaining, "ratelimit-reset": reset}, now=50.0)
    return limit.pause_s(50.0 + after_s)


def test_there_is_no_pause_before_the_first_answer() -> None:
    assert RateLimit().pause_s(0.0) == 0.0


@pytest.mark.parametrize("remaining", ["1000", "500", "101", "100"])
def test_there_is_no_pause_while_a_tenth_is_left(remaining: str) -> None:
    assert pause(remaining) == 0.0


def test_pauses_grow_as_the_budget_shrinks() -> None:
    assert 0 < pause("75") < pause("50") < pause("10") < pause("0")


def test_a_budget_that_is_used_up_waits_for_the_reset() -> None:
    assert pause("0", "10") == 10.0


def test_the_pause_ends_with_the_reset() -> None:
    assert pause("0", "10", after_s=10.0) == 0.0


def test_a_pause_has_an_upper_end() -> None:
    assert pause("0", "86400") == 60.0


def test_a_refilled_budget_ends_the_pauses() -> None:
    limit = RateLimit()
    limit.observe({"ratelimit-remaining": "0", "ratelimit-reset": "10"}, now=0.0)
    limit.observe({"ratelimit-remaining": "900", "ratelimit-reset": "10"}, now=1.0)
    assert limit.pause_s(1.0) == 0.0


@pytest.mark.parametrize("remaining", ["", "many", "nan", "-1", "inf"])
def test_headers_that_are_no_numbers_change_nothing(remaining: str) -> None:
    assert pause(remaining) == 0.0
