"""The order of a sweep's runs: a short key of the metric, written out as the server wants it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wandkit._core.sweep_config import is_mapping

__all__ = ["format_order_key", "metric_order"]

_COLUMNS = frozenset({"createdAt", "created_at", "heartbeat_at", "name", "sweep", "updatedAt", "updated_at"})
_SECTIONS = frozenset({"config", "summary_metrics", "tags"})


def format_order_key(key: str) -> str:
    """Return the order that a short key means: `loss` is `-summary_metrics.loss`.

    Without a sign it is descending. A bare name is a summary value, unless it is a column of runs, and so is
    a dotted one whose first part is not `config`, `summary_metrics` or `tags`.
    """
    sign, name = (key[0], key[1:]) if key[:1] in ("+", "-") else ("-", key)
    first, dot, _ = name.partition(".")
    known = first in _SECTIONS if dot else name in _COLUMNS
    return f"{sign}{name}" if known else f"{sign}summary_metrics.{name}"


def metric_order(config: Mapping[str, Any]) -> str | None:
    """Return the order that puts the best run of a sweep first; None where the sweep has no metric."""
    metric = config.get("metric")
    if not is_mapping(metric) or not metric.get("name"):
        return None
    sign = "+" if metric.get("goal", "minimize") == "minimize" else "-"
    return format_order_key(f"{sign}{metric['name']}")
