"""How much parameters say about what runs reached."""

from __future__ import annotations

import math
from typing import Any

import pytest

from wandkit.server.importance import Importance, importances


def of(rows: list[dict[str, Any]], *parameters: str) -> list[Importance]:
    """Return what the parameters say about `loss`."""
    return importances(rows, lambda row: row.get("loss"), parameters)


def test_a_parameter_that_decides_all_is_all_important() -> None:
    rows = [{"lr": number, "seed": number * 7 % 5, "loss": 2 * number} for number in range(40)]
    found = of(rows, "seed", "lr")
    assert [one.parameter for one in found] == ["lr", "seed"]
    assert found[0].importance > 0.9
    assert found[0].correlation == pytest.approx(1.0)
    assert sum(one.importance for one in found) == pytest.approx(1.0)


def test_less_is_better_shows_as_a_negative_correlation() -> None:
    (found,) = of([{"lr": number, "loss": -number} for number in range(10)], "lr")
    assert found.correlation == pytest.approx(-1.0)


def test_words_are_important_and_do_not_correlate() -> None:
    rows = [{"kind": "mlp" if number % 2 else "cnn", "loss": number % 2} for number in range(10)]
    (found,) = of(rows, "kind")
    assert (found.importance, found.correlation, found.runs) == (1.0, None, 10)


def test_a_parameter_that_never_changes_says_nothing() -> None:
    rows = [{"lr": 1, "loss": number} for number in range(10)]
    assert of(rows, "lr") == [Importance("lr", 0.0, None, 10)]


def test_a_name_that_each_run_has_for_itself_says_nothing() -> None:
    rows = [{"name": f"run-{number}", "loss": number} for number in range(10)]
    assert of(rows, "name") == [Importance("name", 0.0, None, 10)]


@pytest.mark.parametrize("loss", [None, "low", True, math.nan, math.inf])
def test_runs_that_reached_no_number_do_not_count(loss: object) -> None:
    rows: list[dict[str, Any]] = [{"lr": number, "loss": number} for number in range(4)]
    (found,) = of([*rows, {"lr": 100, "loss": loss}], "lr")
    assert found.runs == 4


def test_a_parameter_of_one_run_only_is_left_out() -> None:
    assert of([{"lr": 1, "loss": 1}, {"loss": 2}], "lr", "missing") == []


def test_lists_are_compared_as_a_whole() -> None:
    rows = [{"sizes": [number % 2, 1], "loss": number % 2} for number in range(6)]
    (found,) = of(rows, "sizes")
    assert found.importance == 1.0
