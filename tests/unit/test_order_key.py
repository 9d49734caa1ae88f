"""Short order keys, written out."""

from __future__ import annotations

from typing import Any

import pytest

from wandkit._core.order_key import format_order_key, metric_order


@pytest.mark.parametrize(
    ("key", "order"),
    [
        ("loss", "-summary_metrics.loss"),
        ("+loss", "+summary_metrics.loss"),
        ("-val/loss", "-summary_metrics.val/loss"),
        ("loss.min", "-summary_metrics.loss.min"),
        ("summary_metrics.loss", "-summary_metrics.loss"),
        ("+config.lr.value", "+config.lr.value"),
        ("tags.good", "-tags.good"),
        ("createdAt", "-createdAt"),
        ("+name", "+name"),
    ],
)
def test_a_key_is_a_summary_value_unless_it_says_otherwise(key: str, order: str) -> None:
    assert format_order_key(key) == order


@pytest.mark.parametrize(
    ("config", "order"),
    [
        ({"metric": {"name": "loss"}}, "+summary_metrics.loss"),
        ({"metric": {"name": "loss", "goal": "minimize"}}, "+summary_metrics.loss"),
        ({"metric": {"name": "acc", "goal": "maximize"}}, "-summary_metrics.acc"),
        ({"metric": {}}, None),
        ({"metric": None}, None),
        ({}, None),
    ],
)
def test_the_metric_says_what_is_best(config: dict[str, Any], order: str | None) -> None:
    assert metric_order(config) == order
