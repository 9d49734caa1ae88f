"""What a project's runs have in common: their columns, values, tags and history keys."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

from ariadne import ObjectType, SchemaBindable
from graphql import GraphQLResolveInfo
from sqlalchemy import ColumnElement, select

from wandkit.server.columns import columns_of, values_of
from wandkit.server.graphql import context_of
from wandkit.server.model.project import Project
from wandkit.server.model.run import Run
from wandkit.server.pagination import page_of_list
from wandkit.server.permissions import Refusal
from wandkit.server.resolvers.run import run_condition, understood

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
    _parent: dict[str, Any], _info: GraphQLResolveInfo, **_arguments: object
) -> list[dict[str, Any]]:
    """Refuse: an empty list would claim that nothing changed."""
    raise Refusal(
        "RunConnection.delta is not available on this server; list the runs with an updatedAt filter"
    )


@project.field("parameterImportance")
def resolve_importance(_parent: Project, _info: GraphQLResolveInfo, **_arguments: object) -> Any:
    """Refuse: an empty answer would claim that nothing matters."""
    raise Refusal("Project.parameterImportance is not available on this server")


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
