"""The newer form of a report's filter, a flat list with connectors, and the tree of the older one.

    {"filterFormat": "filterV2", "filters": [LEAF, {…LEAF, "connector": "AND"}, {"filters": […], …}]}

The web app of today and its libraries write the list, and read both. `AND` binds tighter than `OR`; what
stands in brackets is an entry with `filters` of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

__all__ = ["FLAT", "as_tree", "is_flat", "tree_to_flat"]

Json = dict[str, Any]

FLAT = "filterV2"
"""What `filterFormat` says of a flat list."""


def is_flat(filters: Mapping[str, Any]) -> bool:
    """Whether a filter is a flat list."""
    return filters.get("filterFormat") == FLAT


def as_tree(filters: Mapping[str, Any]) -> Json:
    """Return a filter of either form as a tree; what its leaves say beside the condition is kept."""
    if not is_flat(filters):
        return dict(filters)
    return _alternatives(_entries(filters))


def _alternatives(entries: Sequence[Json]) -> Json:
    groups: list[list[Json]] = [[]]
    for place, entry in enumerate(entries):
        if place and entry.get("connector") == "OR":
            groups.append([])
        groups[-1].append(_node(entry))
    return {"op": "OR", "filters": [{"op": "AND", "filters": group} for group in groups]}


def _node(entry: Json) -> Json:
    if "filters" in entry:
        return _alternatives(_entries(entry))
    return {key: value for key, value in entry.items() if key != "connector"}


def tree_to_flat(tree: Mapping[str, Any]) -> Json:
    """Return a tree as a flat list; brackets stand where an alternative is within a condition."""
    return {"filterFormat": FLAT, "filters": _flat(tree)}


def _flat(node: Mapping[str, Any]) -> list[Json]:
    operator = node.get("op")
    if operator not in ("AND", "OR"):
        return [dict(node)]
    found: list[Json] = []
    for part in _entries(node):
        below = _flat(part)
        if operator == "AND" and any(entry.get("connector") == "OR" for entry in below):
            below = [{"filters": below}]
        if found and below:
            below = [{**below[0], "connector": operator}, *below[1:]]
        found += below
    return found


def _entries(holder: Mapping[str, Any]) -> list[Json]:
    found: list[Any] | None = holder.get("filters")
    entries = found if isinstance(found, list) else []
    return [cast("Json", entry) for entry in entries if isinstance(entry, dict)]
