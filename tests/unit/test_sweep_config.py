"""Sweep configurations: the documented shape, and the key that is named where one does not fit."""

from __future__ import annotations

from typing import Any

import pytest

from wandkit._core.sweep_config import DISTRIBUTIONS, check_sweep_config, infer_distribution
from wandkit.errors import ArgumentError

LR = {"lr": {"min": 0.0, "max": 1.0}}
BAD: list[tuple[str, dict[str, Any], str]] = [
    ("no method", {"parameters": LR}, "method is missing"),
    ("odd method", {"method": "gird", "parameters": LR}, "'grid'"),
    ("no parameters", {"method": "grid"}, "parameters is missing"),
    ("parameters of no mapping", {"method": "grid", "parameters": [1]}, "parameters must map"),
    ("empty parameter", {"method": "grid", "parameters": {"lr": None}}, r"parameters\.lr must be a mapping"),
    ("bare value", {"method": "grid", "parameters": {"lr": 0.1}}, r"\{value: 0\.1\}"),
    ("no key that counts", {"method": "grid", "parameters": {"lr": {}}}, r"parameters\.lr needs value"),
    ("mixed bounds", {"method": "random", "parameters": {"lr": {"min": 0, "max": 0.5}}}, "one whole number"),
    (
        "text bound",
        {"method": "random", "parameters": {"lr": {"min": "a", "max": 1}}},
        r"lr\.min must be a number",
    ),
    (
        "endless bound",
        {"method": "random", "parameters": {"lr": {"min": 0.0, "max": float("inf")}}},
        r"lr\.max must be a number, not inf",
    ),
    (
        "bound that says endless",
        {"method": "random", "parameters": {"lr": {"min": 0.0, "max": "inf"}}},
        r"lr\.max must be a number, not inf",
    ),
    (
        "exponent of an inverse",
        {
            "method": "random",
            "parameters": {"lr": {"distribution": "inv_log_uniform", "min": -1000, "max": 1}},
        },
        r"lr\.min is an exponent, and e to the 1000 is no number",
    ),
    (
        "brackets without a count",
        {"method": "random", "parameters": LR, "early_terminate": {"type": "hyperband", "max_iter": 27}},
        "needs min_iter, or max_iter and s",
    ),
    (
        "brackets that do not grow",
        {
            "method": "random",
            "parameters": LR,
            "early_terminate": {"type": "hyperband", "min_iter": 3, "eta": 1},
        },
        r"early_terminate\.eta is 1: use a number larger than 1",
    ),
    (
        "bracket before the first step",
        {"method": "random", "parameters": LR, "early_terminate": {"type": "hyperband", "min_iter": 0}},
        r"early_terminate\.min_iter is 0: use a number from 1 on",
    ),
    ("no JSON form", {"method": "grid", "parameters": {"lr": {"value": object()}}}, r"lr\.value"),
    ("bounds crossed", {"method": "random", "parameters": {"lr": {"min": 2, "max": 1}}}, r"lr\.min is 2"),
    (
        "one bound",
        {"method": "random", "parameters": {"lr": {"distribution": "uniform", "min": 1}}},
        "lacks max",
    ),
    ("empty values", {"method": "grid", "parameters": {"lr": {"values": []}}}, r"lr\.values"),
    ("misspelt key", {"method": "grid", "parameters": {"lr": {"vales": [1], "value": 1}}}, r"lr\.vales"),
    (
        "odd distribution",
        {"method": "random", "parameters": {"lr": {"distribution": "unifrom"}}},
        "'uniform'",
    ),
    (
        "chances that do not add up",
        {"method": "random", "parameters": {"lr": {"values": [1, 2], "probabilities": [0.5, 0.6]}}},
        "add up to 1",
    ),
    (
        "chances of another count",
        {"method": "random", "parameters": {"lr": {"values": [1, 2], "probabilities": [1]}}},
        r"lr\.probabilities",
    ),
    (
        "logarithm of zero",
        {
            "method": "random",
            "parameters": {"lr": {"distribution": "log_uniform_values", "min": 0, "max": 1}},
        },
        "larger than 0 for a logarithm",
    ),
    (
        "nested",
        {"method": "grid", "parameters": {"optimizer": {"parameters": {"lr": 1}}}},
        r"parameters\.optimizer\.parameters\.lr",
    ),
    ("bayes without a metric", {"method": "bayes", "parameters": LR}, "metric is missing"),
    ("metric as text", {"method": "random", "parameters": LR, "metric": "loss"}, "metric must be a mapping"),
    (
        "metric without a name",
        {"method": "random", "parameters": LR, "metric": {"goal": "minimize"}},
        "metric.name",
    ),
    (
        "odd goal",
        {"method": "random", "parameters": LR, "metric": {"name": "x", "goal": "min"}},
        "metric.goal is 'min'",
    ),
    ("odd cap", {"method": "random", "parameters": LR, "run_cap": 0}, "run_cap is 0"),
    (
        "early without a type",
        {"method": "random", "parameters": LR, "early_terminate": {}},
        "early_terminate.type",
    ),
    (
        "hyperband without a bracket",
        {"method": "random", "parameters": LR, "early_terminate": {"type": "hyperband"}},
        "needs min_iter",
    ),
]


@pytest.mark.parametrize(("config", "named"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_the_offending_key_is_named(config: dict[str, Any], named: str) -> None:
    with pytest.raises(ArgumentError, match=named):
        check_sweep_config(config)


@pytest.mark.parametrize(
    ("parameter", "distribution"),
    [
        ({"value": 1}, "constant"),
        ({"values": [1]}, "categorical"),
        ({"values": [1], "probabilities": [1]}, "categorical_w_probabilities"),
        ({"min": 1, "max": 2}, "int_uniform"),
        ({"min": 1.0, "max": 2.0}, "uniform"),
        ({"mu": 0, "sigma": 1}, "normal"),
        ({"a": 1, "b": 2}, "beta"),
        ({"distribution": "q_uniform", "min": 1, "max": 2}, "q_uniform"),
        ({"parameters": {}}, None),
    ],
)
def test_a_distribution_is_inferred_from_the_keys(
    parameter: dict[str, Any], distribution: str | None
) -> None:
    assert infer_distribution(parameter) == distribution


def test_inferred_bounds_are_filled_in_and_the_original_is_left_alone() -> None:
    config = {"method": "random", "parameters": {"lr": {"min": 0.0, "max": 1.0}}}
    made, remarks = check_sweep_config(config)
    assert made["parameters"]["lr"] == {"min": 0.0, "max": 1.0, "distribution": "uniform"}
    assert config["parameters"] == {"lr": {"min": 0.0, "max": 1.0}}
    assert remarks == []


def test_bounds_that_yaml_made_texts_of_are_numbers() -> None:
    made, _ = check_sweep_config({"method": "random", "parameters": {"lr": {"min": "1e-4", "max": "1e-2"}}})
    assert made["parameters"]["lr"] == {"min": 0.0001, "max": 0.01, "distribution": "uniform"}


def test_unknown_keys_are_let_through_and_told() -> None:
    config = {"method": "grid", "metrics": {}, "parameters": {"lr": {"value": 1, "default": 1}}}
    made, remarks = check_sweep_config(config)
    assert made == config
    assert remarks == [
        "metrics is not part of a sweep configuration. Did you mean 'metric'?",
        "parameters.lr.default is not part of a sweep configuration.",
    ]


def test_a_custom_search_needs_no_parameters() -> None:
    made, remarks = check_sweep_config({"method": "custom"})
    assert (made, remarks) == ({"method": "custom"}, [])


def test_every_distribution_that_says_what_it_needs_gets_it_checked() -> None:
    for distribution, needed in DISTRIBUTIONS.items():
        config = {"method": "random", "parameters": {"x": {"distribution": distribution}}}
        if needed:
            with pytest.raises(ArgumentError, match="lacks"):
                check_sweep_config(config)
        else:
            assert check_sweep_config(config)[0] == config


def test_tuples_and_numbers_of_numpy_are_taken_as_what_they_say() -> None:
    numpy = pytest.importorskip("numpy")
    given: dict[str, Any] = {
        "a": {"values": (1, 2)},
        "b": {"values": numpy.arange(2)},
        "c": {"min": numpy.int64(0), "max": 9},
    }
    checked, _ = check_sweep_config({"method": "random", "parameters": given})
    assert checked["parameters"] == {
        "a": {"values": [1, 2]},
        "b": {"values": [0, 1]},
        "c": {"min": 0, "max": 9, "distribution": "int_uniform"},
    }


def test_a_configuration_that_holds_itself_is_refused() -> None:
    config: dict[str, Any] = {"method": "grid", "parameters": {}}
    config["parameters"]["x"] = config
    with pytest.raises(ArgumentError, match="holds itself"):
        check_sweep_config(config)
