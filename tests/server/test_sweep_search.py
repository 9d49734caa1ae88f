"""The search: grids counted through, random points within their bounds."""

from __future__ import annotations

import random
from typing import Any

import pytest

from wandkit.server.sweep_search import SearchError, grid_point, grid_size, random_point, remarks, same_point


def drawn(parameter: dict[str, Any], count: int = 300) -> list[Any]:
    """Return values of one parameter, drawn from the same seed."""
    rng = random.Random(7)
    return [random_point({"parameters": {"x": parameter}}, rng)["x"]["value"] for _ in range(count)]


def test_a_grid_has_every_combination_once() -> None:
    config = {
        "parameters": {
            "a": {"values": [1, 2, 3]},
            "b": {"min": 0, "max": 1},
            "c": {"value": "x"},
            "d": {"distribution": "q_uniform", "min": 0.0, "max": 0.3, "q": 0.1},
        }
    }
    points = [grid_point(config, number) for number in range(grid_size(config))]
    found = {tuple(entry["value"] for entry in point.values()) for point in points}
    assert len(points) == len(found) == 24
    assert {point[3] for point in found} == {0.0, 0.1, 0.2, 0.3}


def test_the_last_parameter_of_a_grid_varies_fastest() -> None:
    config = {"parameters": {"a": {"values": [1, 2]}, "b": {"values": [3, 4]}}}
    assert [grid_point(config, number)["b"]["value"] for number in range(4)] == [3, 4, 3, 4]


def test_nested_parameters_stay_nested() -> None:
    config = {"parameters": {"opt": {"parameters": {"lr": {"values": [1, 2]}, "name": {"value": "sgd"}}}}}
    assert grid_point(config, 1) == {"opt": {"value": {"lr": 2, "name": "sgd"}}}
    assert random_point(config, random.Random(0))["opt"]["value"]["name"] == "sgd"


def test_a_grid_without_end_is_counted_as_far_as_the_wire_does() -> None:
    parameters = {f"x{place}": {"values": list(range(100))} for place in range(20)}
    config = {"method": "grid", "parameters": parameters}
    assert grid_size(config) == 2**31 - 1
    assert grid_point(config, 101)["x19"] == {"value": 1}


@pytest.mark.parametrize(
    "parameter",
    [{"distribution": "log_normal", "mu": 1e6}, {"distribution": "beta", "a": -1.0, "b": 1.0}],
)
def test_what_cannot_be_drawn_is_refused_by_name(parameter: dict[str, Any]) -> None:
    with pytest.raises(SearchError, match="parameter x cannot be drawn"):
        random_point({"method": "random", "parameters": {"x": parameter}}, random.Random(0))


def test_a_grid_of_endless_values_is_refused_by_name() -> None:
    with pytest.raises(SearchError, match="parameter lr is uniform"):
        grid_size({"parameters": {"lr": {"min": 0.0, "max": 1.0}}})


@pytest.mark.parametrize(
    ("parameter", "low", "high"),
    [
        ({"min": 0.5, "max": 2.0}, 0.5, 2.0),
        ({"min": 3, "max": 5}, 3, 5),
        ({"distribution": "q_uniform", "min": 0, "max": 10, "q": 5}, 0, 10),
        ({"distribution": "log_uniform", "min": -2, "max": 0}, 0.13, 1.0),
        ({"distribution": "inv_log_uniform", "min": 0, "max": 2}, 0.13, 1.0),
        ({"distribution": "log_uniform_values", "min": 0.001, "max": 0.1}, 0.001, 0.1),
        ({"distribution": "q_log_uniform_values", "min": 8, "max": 64, "q": 8}, 8, 64),
        ({"distribution": "inv_log_uniform_values", "min": 0.001, "max": 0.1}, 0.001, 0.1),
        ({"distribution": "beta", "a": 2, "b": 2}, 0.0, 1.0),
        ({"distribution": "normal", "mu": 100, "sigma": 1}, 90, 110),
        ({"distribution": "q_normal", "mu": 100, "sigma": 1, "q": 1}, 90, 110),
        ({"distribution": "log_normal", "mu": 0, "sigma": 1}, 0.0, 1000.0),
        ({"distribution": "q_beta", "a": 2, "b": 2, "q": 0.1}, 0.0, 1.0),
        ({"distribution": "q_log_normal", "mu": 0, "sigma": 1, "q": 1}, 0, 1000),
        ({"distribution": "q_log_uniform", "min": 0, "max": 3, "q": 2}, 0, 22),
    ],
)
def test_random_values_lie_within_their_bounds(parameter: dict[str, Any], low: float, high: float) -> None:
    values = drawn(parameter)
    assert low <= min(values) <= max(values) <= high
    assert len(set(values)) > 1


def test_whole_numbers_stay_whole() -> None:
    assert all(isinstance(value, int) for value in drawn({"min": 3, "max": 5}))
    assert all(
        isinstance(value, int) for value in drawn({"distribution": "q_uniform", "min": 0, "max": 9, "q": 3})
    )


def test_values_are_drawn_by_their_chances() -> None:
    values = drawn({"values": ["a", "b"], "probabilities": [0.9, 0.1]})
    assert values.count("a") > 200


def test_a_run_with_other_settings_beside_is_the_same_point() -> None:
    point = {"lr": {"value": 0.1}}
    assert same_point(point, {"lr": {"value": 0.1}, "seed": {"value": 1}})
    assert not same_point(point, {"lr": {"value": 0.2}})
    assert not same_point(point, {})


def test_what_the_server_does_otherwise_is_said() -> None:
    early = {"type": "hyperband", "min_iter": 3}
    (found,) = remarks({"method": "grid", "early_terminate": early})
    assert "without a metric" in found
    assert remarks({"method": "bayes", "metric": {"name": "loss"}, "early_terminate": early}) == []
    assert "knows hyperband only" in remarks({"method": "grid", "early_terminate": {"type": "median"}})[0]
    assert remarks({"method": "grid"}) == []
