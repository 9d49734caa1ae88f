"""Tables of runs: one row a run, one column for each key of config and summary, dicts flattened with dots."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

__all__ = ["columns_in_order", "flattened"]


def flattened(values: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """Return the values by `prefix.key`, those inside of dicts by `prefix.key.inner`; an empty dict stays."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        name = f"{prefix}.{key}"
        if isinstance(value, dict) and value:
            flat |= flattened(cast("dict[str, Any]", value), name)
        else:
            flat[name] = value
    return flat


def columns_in_order(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return all columns: facts, then config, then summary, each in the order of first sight."""
    names = dict.fromkeys(name for row in rows for name in row)
    config = [name for name in names if name.startswith("config.")]
    summary = [name for name in names if name.startswith("summary.")]
    later = {*config, *summary}
    return [*(name for name in names if name not in later), *config, *summary]
