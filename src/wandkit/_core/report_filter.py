"""Filters, orders and groupings of reports, and the Mongo-style ones of listings, each from the other.

A report says which runs it shows as a tree: `{"op": "OR", "filters": [{"op": "AND", "filters": [LEAF, …]}]}`,
where a leaf is `{"key": {"section": "summary", "name": "loss"}, "op": "<", "value": 0.1}`. Newer ones say it
as a flat list; see report_flat.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any, cast

from wandkit._core.report_flat import as_tree, is_flat, tree_to_flat
from wandkit.errors import FilterError, OperatorError

__all__ = [
    "filter_tree",
    "filter_to_mongo",
    "group_paths",
    "items_of",
    "key_to_path",
    "keys_to_order",
    "mongo_to_filter",
    "object_of",
    "order_to_keys",
    "path_to_key",
    "replaced_filter",
    "run_set_filter",
    "said_path",
    "stored_path",
]

Json = dict[str, Any]

_PREFIXES = {
    "config": "config.",
    "summary": "summary_metrics.",
    "keys_info": "keys_info.keys.",
    "tags": "tags.",
}
_OPERATORS = {
    "!=": "$ne", ">": "$gt", ">=": "$gte", "<": "$lt", "<=": "$lte", "IN": "$in", "NIN": "$nin",
    "REGEX": "$regex",
}  # fmt: skip
_SIGNS = {mongo: sign for sign, mongo in _OPERATORS.items()} | {"$eq": "="}
_GROUPS = {"AND": "$and", "OR": "$or"}
_DEFAULT_SORT = "-createdAt"

WITHIN = "WITHINSECONDS"
"""The operator of "within the last so many seconds"."""


def object_of(raw: Mapping[str, Any], key: str) -> Json:
    """Return the object under `key`; an empty one where there is none."""
    found = raw.get(key)
    return cast("Json", found) if isinstance(found, dict) else {}


def items_of(raw: Mapping[str, Any], key: str) -> list[Any]:
    """Return the list under `key`; an empty one where there is none."""
    found: list[Any] | None = raw.get(key)
    return found if isinstance(found, list) else []


def key_to_path(key: Mapping[str, Any]) -> str:
    """Return the key of a report, `{"section", "name"}`, as a listing spells it.

    Raises:
        FilterError: No such section.
    """
    section, name = _mapping(key).get("section"), str(key.get("name", ""))
    if section == "run":
        return name
    if not isinstance(section, str) or section not in _PREFIXES:
        raise _bad(f"a report's key has no section {section!r}", f"Use one of run, {', '.join(_PREFIXES)}.")
    return _PREFIXES[section] + name


def path_to_key(path: str) -> Json:
    """Return a key of a listing, such as `config.lr`, as a report spells it; no section means the run."""
    for section, prefix in _PREFIXES.items():
        if path.startswith(prefix):
            return {"section": section, "name": path[len(prefix) :]}
    if path.startswith("summaryMetrics."):
        return {"section": "summary", "name": path.partition(".")[2]}
    return {"section": "run", "name": path}


def filter_to_mongo(filters: Mapping[str, Any], *, now: datetime | None = None) -> Json:
    """Return the filter of a report as a listing takes it; `{}` where it lets every run through.

    A leaf that is switched off, has no name, or compares in order with nothing has no effect.

    Args:
        filters: A tree, or a flat list (`"filterFormat": "filterV2"`).
        now: From when "within the last …" counts back; left out, this moment.

    Raises:
        FilterError: It holds an operator that reports do not have.
    """
    found = _to_mongo(as_tree(filters), now or datetime.now(timezone.utc))
    return {} if found is None else found


def _to_mongo(tree: object, now: datetime) -> Json | None:
    tree = _mapping(tree)
    operator = tree.get("op")
    if isinstance(operator, str) and operator in _GROUPS:
        parts = [_to_mongo(part, now) for part in items_of(tree, "filters")]
        kept = [part for part in parts if part is not None]
        return {_GROUPS[operator]: kept} if kept else None
    return _leaf_to_mongo(tree, now)


def _leaf_to_mongo(leaf: Mapping[str, Any], now: datetime) -> Json | None:
    key, operator, value = object_of(leaf, "key"), leaf.get("op"), leaf.get("value")
    if not isinstance(operator, str) or operator not in (*_OPERATORS, "=", "==", WITHIN):
        known = ", ".join([*_OPERATORS, WITHIN])
        raise _bad(f"a report has no operator {operator!r}", f"Use one of =, {known}.", OperatorError)
    if leaf.get("disabled") or not key.get("name"):
        return None
    if value is None and operator not in ("=", "==", "!="):
        return None
    if key.get("section") == "tags":
        return _tag_to_mongo(str(key["name"]), str(operator), value)
    path = key_to_path(key)
    if operator == WITHIN:
        return {path: {"$gte": _seconds_before(now, value)}}
    return {path: value} if operator in ("=", "==") else {path: {_OPERATORS[operator]: value}}


def _seconds_before(now: datetime, seconds: Any) -> str:
    try:
        moment = now.astimezone(timezone.utc) - timedelta(seconds=seconds)
    except (TypeError, ValueError, OverflowError) as error:
        raise _bad(f"{WITHIN} takes seconds, not {seconds!r}") from error
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def _tag_to_mongo(name: str, operator: str, value: object) -> Json:
    if operator == "IN":
        return {"tags": {"$in": value}}
    if operator == "NIN":
        return {"tags": {"$nin": value}}
    if (value is False) is not (operator == "!="):
        return {"$or": [{"tags": None}, {"tags": {"$ne": name}}]}
    return {"tags": name}


def mongo_to_filter(mongo: Mapping[str, Any]) -> Json:
    """Return a Mongo-style filter as one node of a report's tree: a leaf or a group.

    Raises:
        FilterError: A report cannot say this.
    """
    parts = [_entry_to_filter(key, operand) for key, operand in _mapping(mongo).items()]
    return parts[0] if len(parts) == 1 else {"op": "AND", "filters": parts}


def _entry_to_filter(key: str, operand: object) -> Json:
    if key in ("$and", "$or"):
        if not isinstance(operand, (list, tuple)):
            raise _bad(f"`{key}` takes a list of filters")
        listed = cast("Sequence[Mapping[str, Any]]", operand)
        absent = _absent_tag(key, listed)
        if absent is not None:
            return _leaf("tags", absent, "=", False)
        return {"op": key[1:].upper(), "filters": [mongo_to_filter(part) for part in listed]}
    if key.startswith("$"):
        advice = "Say it with `$and`, `$or` and comparisons."
        raise _bad(f"a report cannot say `{key}`", advice, OperatorError)
    comparisons = _comparisons(operand)
    leaves = [_leaf_of(key, sign, value) for sign, value in comparisons]
    return leaves[0] if len(leaves) == 1 else {"op": "AND", "filters": leaves}


def _absent_tag(key: str, parts: Sequence[Mapping[str, Any]]) -> str | None:
    """Return the tag of "no tags, or not this one", which a report says in one leaf."""
    if key == "$or" and len(parts) == 2 and parts[0] == {"tags": None} and list(parts[1]) == ["tags"]:
        operand = parts[1]["tags"]
        if isinstance(operand, Mapping) and list(cast("Json", operand)) == ["$ne"]:
            name = cast("Json", operand)["$ne"]
            return name if isinstance(name, str) else None
    return None


def _comparisons(operand: object) -> list[tuple[str, Any]]:
    if not isinstance(operand, Mapping):
        return [("=", operand)]
    entries = cast("Mapping[str, Any]", operand)
    if not any(name.startswith("$") for name in entries):
        return [("=", dict(entries))]
    for name in entries:
        if name not in _SIGNS:
            known = ", ".join(_SIGNS)
            raise _bad(f"a report cannot say `{name}`", f"It knows {known}.", OperatorError)
    return [(_SIGNS[name], value) for name, value in entries.items()]


def _leaf_of(path: str, sign: str, value: Any) -> Json:
    if path == "tags":
        if isinstance(value, str) and sign in ("=", "!="):
            return _leaf("tags", value, "=", sign == "=")
        if sign in ("IN", "NIN"):
            return _leaf("tags", "tags", sign, value)
    key = path_to_key(path)
    return _leaf(key["section"], key["name"], sign, value)


def _leaf(section: str, name: str, sign: str, value: Any) -> Json:
    return {"key": {"section": section, "name": name}, "op": sign, "value": value, "disabled": False}


def filter_tree(mongo: Mapping[str, Any]) -> Json:
    """Return a Mongo-style filter as the whole tree of a run set: alternatives, each of conditions.

    Raises:
        FilterError: A report cannot say this.
    """
    if not mongo:
        return {"op": "OR", "filters": [{"op": "AND", "filters": []}]}
    node = mongo_to_filter(mongo)
    if node["op"] == "OR":
        return {"op": "OR", "filters": [_conditions(part) for part in node["filters"]]}
    return {"op": "OR", "filters": [_conditions(node)]}


def replaced_filter(filters: Mapping[str, Any], tree: Json) -> Json:
    """Return `tree` in the form that `filters` has, with what the web app keeps beside it."""
    made = tree_to_flat(tree) if is_flat(filters) else tree
    return made | {key: value for key, value in filters.items() if key not in made}


def _conditions(node: Json) -> Json:
    return node if node["op"] == "AND" else {"op": "AND", "filters": [node]}


def keys_to_order(keys: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the sort keys of a report as orders with their sign: `+createdAt`, `-summary_metrics.loss`."""
    return [
        ("+" if _mapping(key).get("ascending") else "-") + key_to_path(object_of(key, "key")) for key in keys
    ]


def order_to_keys(order: Sequence[str]) -> list[Json]:
    """Return orders, each with its sign, as the sort keys of a report.

    Raises:
        FilterError: One has no sign.
    """
    keys: list[Json] = []
    for text in order:
        if text[:1] not in ("+", "-") or len(text) < 2:
            raise _bad(f"the order {text!r} has no sign or no key", "Write `+KEY` or `-KEY`.")
        keys.append({"key": path_to_key(text[1:]), "ascending": text[0] == "+"})
    return keys


def group_paths(grouping: Sequence[Any]) -> list[str]:
    """Return the groupings of a run set as keys; the server's own texts stay as they are."""
    return [key if isinstance(key, str) else key_to_path(key) for key in grouping]


def stored_path(path: str) -> str:
    """Return `config.a.b` as reports store what they group and sort by: `config.a.value.b`.

    A path that says `value` already stays as it is.
    """
    head, *names = path.split(".")
    if head != "config" or not names or "value" in names:
        return path
    return ".".join([head, names[0], "value", *names[1:]])


def said_path(path: str) -> str:
    """Return the shortest path that is stored as `path`: `config.lr` for `config.lr.value`."""
    shorter = path.replace(".value", "", 1)
    return shorter if stored_path(shorter) == path else path


def run_set_filter(run_set: Mapping[str, Any], *, only_selected: bool = True) -> tuple[Json, str]:
    """Return the Mongo-style filter and the order of a run set.

    Args:
        run_set: As it stands in the spec of a report.
        only_selected: Leave out the runs that the reader of the report has switched off.
    """
    parts = [filter_to_mongo(object_of(run_set, "filters") or {"op": "OR", "filters": []})]
    search = object_of(run_set, "search")
    if search.get("query"):
        query = str(search["query"])
        pattern = re.escape(query) if search.get("isRegex") is False else query
        parts.append({"displayName": {"$regex": pattern}})
    if only_selected:
        selections = object_of(run_set, "selections")
        paths = group_paths(items_of(run_set, "grouping"))
        parts.append(_selected(items_of(selections, "tree"), selections.get("root", 0), paths, selections))
    kept = [part for part in parts if part]
    mongo: Json = {} if not kept else kept[0] if len(kept) == 1 else {"$and": kept}
    sort = object_of(run_set, "sort")  # older reports sort by one key: {"key": …, "ascending": …}
    order = keys_to_order([sort] if "key" in sort else items_of(sort, "keys"))
    return mongo, order[0] if order else _DEFAULT_SORT


def _selected(tree: Sequence[Any], root: object, paths: list[str], selections: Mapping[str, Any]) -> Json:
    """Return the filter of a selection: what `tree` names, or with a `root` of 1 everything else."""
    if not selections:
        return {}
    named = _named(tree, paths)
    if root == 1:
        return {"$nor": named} if named else {}
    if not named:
        return {"name": {"$in": []}}
    return named[0] if len(named) == 1 else {"$or": named}


def _named(tree: Sequence[Any], paths: list[str]) -> list[Json]:
    found: list[Json] = []
    names = [one for one in tree if not isinstance(one, Mapping)]
    if names:
        found.append({(paths[0] if paths else "name"): {"$in": names}})
    for one in tree:
        if isinstance(one, Mapping):
            node = cast("Mapping[str, Any]", one)
            below = _named(items_of(node, "children"), paths[1:])
            inner: list[Json] = [] if not below else [below[0] if len(below) == 1 else {"$or": below}]
            parts = ([{paths[0]: node.get("value")}] if paths else []) + inner
            if parts:
                found.append(parts[0] if len(parts) == 1 else {"$and": parts})
    return found


def _mapping(part: object) -> Mapping[str, Any]:
    if not isinstance(part, Mapping):
        raise _bad(f"each part of it is a mapping, not {type(part).__name__}")
    return cast("Mapping[str, Any]", part)


def _bad(why: str, advice: str = "", kind: type[FilterError] = FilterError) -> FilterError:
    return kind(f"The filter cannot be used in a report: {why}.", next_step=advice)
