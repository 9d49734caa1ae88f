"""What a project's runs have in common: their columns, values, tags and history keys."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import Any

from ariadne import ObjectType, SchemaBindable
from graphql import GraphQLResolveInfo
from sqlalchemy import ColumnElement, select

from wandkit.server import ids
from wandkit.server.columns import columns_of, leaves_of, values_of
from wandkit.server.database import timestamp
from wandkit.server.filtering.run import run_field
from wandkit.server.graphql import context_of
from wandkit.server.importance import importances
from wandkit.server.model.project import Project
from wandkit.server.model.run import Run
from wandkit.server.pagination import page_of_list
from wandkit.server.permissions import Refusal
from wandkit.server.resolvers.run import run_condition, understood
from wandkit.server.run_delta import delta_of

__all__ = ["BINDABLES"]

project: ObjectType = ObjectType("Project")
run_connection: ObjectType = ObjectType("RunConnection")

BINDABLES: list[SchemaBindable] = [project, run_connection]


@project.field("fields")
def resolve_fields(
    parent: Project,
    info: GraphQLResolveInfo,
    *,
    pattern: str | None = None,
    types: list[str] | None = None,
    columns: list[str] | None = None,
    **arguments: Any,
) -> dict[str, Any]:
    """Return the paths of config and summary that the runs have; `pattern` is a part of the path."""
    context = context_of(info)
    found = [
        {"path": path, "type": counts.most_common(1)[0][0]}
        for path, counts in columns_of(context.session, run_condition(parent, None)).items()
        if (not pattern or pattern.strip("%").lower() in path.lower())
        and (not columns or path.partition(".")[0] in columns)
        and (not types or counts.keys() & set(types))
    ]
    return page_of_list(found, arguments, max_size=context.config.max_page_size)


@project.field("pathCounts")
def resolve_path_counts(parent: Project, info: GraphQLResolveInfo, *, filters: str | None = None) -> str:
    """Return how many matching runs have each path, JSON text."""
    columns = columns_of(context_of(info).session, run_condition(parent, filters))
    return json.dumps({path: counts.total() for path, counts in columns.items()})


@project.field("valueCounts")
def resolve_value_counts(
    parent: Project, info: GraphQLResolveInfo, *, keyPath: str | None = None, filters: str | None = None
) -> str:
    """Return how many matching runs have each value of a key, JSON text."""
    if not keyPath:
        raise Refusal("valueCounts needs a keyPath")
    return json.dumps({str(value): count for value, count in _values(parent, info, keyPath, filters)})


@project.field("runKeySuggestions")
def resolve_suggestions(
    parent: Project, info: GraphQLResolveInfo, *, keyPath: str, filters: str | None = None
) -> list[dict[str, Any]]:
    """Return the values of a key in the matching runs, most frequent first."""
    return [
        {"count": count, "value": json.dumps(value), "displayValue": json.dumps(str(value))}
        for value, count in _values(parent, info, keyPath, filters)
    ]


@project.field("tagCounts")
def resolve_tag_counts(
    parent: Project, info: GraphQLResolveInfo, *, filters: str | None = None
) -> list[dict[str, Any]]:
    """Return how many matching runs have each tag, most frequent first."""
    counts = _tags(info, run_condition(parent, filters))
    return [{"name": name, "count": count} for name, count in counts.most_common()]


@project.field("tags")
def resolve_tags(parent: Project, info: GraphQLResolveInfo) -> list[dict[str, Any]]:
    """Return the tags in use."""
    names = sorted(_tags(info, run_condition(parent, None)))
    return [{"name": name, "colorIndex": sum(name.encode()) % 16} for name in names]


@run_connection.field("historyKeys")
def resolve_history_keys(
    parent: dict[str, Any], info: GraphQLResolveInfo, **_arguments: object
) -> dict[str, Any] | None:
    """Return the history keys of all matching runs, not of the page's only."""
    texts = select(Run.history_keys).where(parent["condition"], Run.history_keys.is_not(None))
    return _merged(json.loads(text) for text in context_of(info).session.scalars(texts) if text)


@run_connection.field("delta")
def resolve_delta(
    parent: dict[str, Any], _info: GraphQLResolveInfo, *, currentRuns: list[str], lastUpdated: str
) -> list[dict[str, Any]]:
    """Return the steps from the runs that the caller has, by id or short id, to those of this page."""
    runs: list[Run] = [edge["node"] for edge in parent["edges"]]
    by_id = {ids.run_id(run): run.name for run in runs}
    since = _moment(lastUpdated)
    return delta_of(
        [by_id.get(name, name) for name in currentRuns],
        runs,
        lambda run: run.name,
        lambda run: run.updated_at > since,
    )


@project.field("parameterImportance")
def resolve_importance(
    parent: Project,
    info: GraphQLResolveInfo,
    *,
    target: str,
    filters: str | None = None,
    limit: int | None = None,
    parameters: list[str] | None = None,
    runParameters: list[str] | None = None,
) -> list[dict[str, Any]]:
    """Return how much the parameters of the matching runs say about a number, the `limit` foremost.

    Keys are those of filters; a bare one is of the config, as `target` of the summary. Without `parameters`
    and `runParameters` all of the config are looked at.
    """
    condition = run_condition(parent, filters)
    own = {key: understood(partial(_value_of, key)) for key in runParameters or []}
    statement = select(Run.config, Run.summary, *own.values()).where(condition)
    rows: list[dict[str, Any]] = []
    for found in context_of(info).session.execute(statement).all():
        texts: list[Any] = list(found)
        rows.append({**leaves_of(texts[0], texts[1]), **dict(zip(own, texts[2:], strict=True))})
    paths = dict.fromkeys(path for row in rows for path in row)
    known = [path for path in paths if path.startswith("config.")]
    asked = {name: _path_of(name, known) for name in parameters or []}
    names = {path: name for name, path in asked.items()} | dict(zip(own, own, strict=True))
    wanted = list(names) or known
    goal = target if "." in target else f"summary_metrics.{target}"
    ranked = importances(rows, lambda row: row.get(goal), wanted)
    return [{**asdict(one), "parameter": names.get(one.parameter, one.parameter)} for one in ranked[:limit]]


def _value_of(key: str) -> ColumnElement[Any]:
    return run_field(key).sort_value()


def _path_of(name: str, known: list[str]) -> str:
    """Return the path of a config key as it is written: `lr` is `config.lr.value`."""
    spellings = (name, f"config.{name}.value", f"config.{name}", f"config.{name.replace('.', '.value.', 1)}")
    return next((path for path in spellings if path in known), name)


def _moment(text: str) -> str:
    """Return a moment as stored ones are written, so that they compare."""
    try:
        return timestamp(datetime.fromisoformat(text.replace("Z", "+00:00")))
    except ValueError:
        raise Refusal(f"{text!r} is no moment in time") from None


def _values(
    parent: Project, info: GraphQLResolveInfo, key: str, filters: str | None
) -> list[tuple[Any, int]]:
    session, condition = context_of(info).session, run_condition(parent, filters)
    return understood(lambda: values_of(session, condition, key))


def _tags(info: GraphQLResolveInfo, condition: ColumnElement[bool]) -> Counter[str]:
    lists = context_of(info).session.scalars(select(Run.tags).where(condition))
    return Counter(tag for tags in lists for tag in tags)


def _merged(indexes: Iterable[dict[str, Any]]) -> dict[str, Any] | None:
    keys: dict[str, Counter[str]] = {}
    last_step: int | None = None
    for index in indexes:
        if index.get("lastStep") is not None:
            last_step = max(index["lastStep"], last_step if last_step is not None else index["lastStep"])
        for name, key in index.get("keys", {}).items():
            counts = keys.setdefault(name, Counter())
            for entry in key.get("typeCounts", []):
                counts[entry["type"]] += entry.get("count", 1)
    if last_step is None:
        return None
    shown = {
        name: {"typeCounts": [{"type": kind, "count": count} for kind, count in counts.items()]}
        for name, counts in keys.items()
    }
    return {"sets": [], "lastStep": last_step, "keys": shown}
