"""The columns of a set of runs: which config and summary paths they have, of which type, and which values."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from wandkit.server.filtering.run import run_field
from wandkit.server.model.run import Run
from wandkit.server.shapes import is_object

__all__ = ["Columns", "columns_of", "leaves_of", "values_of"]

_INTERNAL = frozenset({"_wandb", "wandb_version"})

Columns = dict[str, Counter[str]]
"""How many runs have a path, by type."""


def columns_of(session: Session, condition: ColumnElement[bool]) -> Columns:
    """Return the paths that the matching runs have, in order of their names.

    Paths are those of filters: `config.lr.value`, `config.model.value.depth`, `summary_metrics.loss`. Dicts
    count as their members, except typed ones (histograms, images), whose type is their `_type`.
    """
    found: Columns = {}
    texts = select(Run.config, Run.summary).where(condition).execution_options(yield_per=500)
    for config, summary in session.execute(texts):
        for path, value in leaves_of(config, summary).items():
            found.setdefault(path, Counter())[_kind(value)] += 1
    return dict(sorted(found.items()))


def values_of(
    session: Session, condition: ColumnElement[bool], key: str, *, limit: int = 1000
) -> list[tuple[Any, int]]:
    """Return the values of one filter key in the matching runs with their counts, most frequent first.

    Raises:
        FilterSyntaxError: There is no such key.
    """
    value = run_field(key).sort_value()
    count = func.count()
    statement = select(value, count).where(condition, value.is_not(None)).group_by(value)
    rows = session.execute(statement.order_by(count.desc(), value).limit(limit))
    return [(found, how_often) for found, how_often in rows]


def leaves_of(config: str, summary: str) -> dict[str, Any]:
    """Return the values of a run's config and summary, JSON texts, by the paths of filters."""
    return dict([*_config_leaves(json.loads(config)), *_leaves("summary_metrics", json.loads(summary))])


def _config_leaves(config: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, entry in config.items():
        if key in _INTERNAL:
            continue
        if isinstance(entry, dict) and "value" in entry:
            yield from _leaves(f"config.{key}.value", entry["value"])
        else:
            yield from _leaves(f"config.{key}", entry)


def _leaves(prefix: str, value: Any) -> Iterator[tuple[str, Any]]:
    if is_object(value) and not isinstance(value.get("_type"), str):
        for key, member in value.items():
            if key not in _INTERNAL:
                yield from _leaves(f"{prefix}.{key}", member)
    else:
        yield prefix, value


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, str):
        return "string"
    if is_object(value):
        return str(value["_type"])
    return "list" if isinstance(value, list) else "null"
