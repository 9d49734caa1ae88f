"""Types of a table's columns, inferred from its cells: the forms and rules of the official client.

A type is the JSON that a table's file has under `column_types`: `{"wb_type": "number"}`,
`{"wb_type": "union", "params": {"allowed_types": [...]}}`. A type that is not known here is kept as it is.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from numbers import Integral
from typing import Any, cast

from wandkit.errors import ArgumentError, ArgumentTypeError

__all__ = [
    "ANY",
    "INVALID",
    "NONE",
    "UNKNOWN",
    "ColumnType",
    "assign",
    "column_names",
    "infer",
    "optional",
    "shown",
    "union",
]

ColumnType = dict[str, Any]

NONE: ColumnType = {"wb_type": "none"}
STRING: ColumnType = {"wb_type": "string"}
NUMBER: ColumnType = {"wb_type": "number"}
BOOLEAN: ColumnType = {"wb_type": "boolean"}
TIMESTAMP: ColumnType = {"wb_type": "timestamp"}
ANY: ColumnType = {"wb_type": "any"}
UNKNOWN: ColumnType = {"wb_type": "unknown"}
INVALID: ColumnType = {"wb_type": "invalid"}
VERSION: ColumnType = {"wb_type": "artifactVersion"}

_SIMPLE: dict[type, ColumnType] = {
    type(None): NONE,
    str: STRING,
    int: NUMBER,
    float: NUMBER,
    bool: BOOLEAN,
}
_PLAIN = frozenset({"none", "string", "number", "boolean", "timestamp", "artifactVersion", "pythonObject"})
_DICTS = frozenset({"typedDict", "dictionary"})


def infer(value: object) -> ColumnType:
    """Return the type of one value."""
    simple = _SIMPLE.get(type(value))
    if simple is NUMBER and isinstance(value, float) and math.isnan(value):
        return NONE
    if simple is STRING and str(value).startswith("wandb-artifact://"):
        return VERSION
    if simple is not None:
        return simple
    described = getattr(value, "column_type", None)
    if described is not None:
        return cast("ColumnType", described())
    if isinstance(value, Mapping):
        held = cast("Mapping[Any, object]", value)
        if held.get("_type") == "artifactVersion":
            return VERSION
        return {"wb_type": "typedDict", "params": {"type_map": {key: infer(held[key]) for key in held}}}
    if isinstance(value, (list, tuple, set, frozenset)):
        return _infer_list(list(cast("Iterable[object]", value)))
    if isinstance(value, date):
        return TIMESTAMP
    return _infer_foreign(value)


def column_names(columns: Iterable[str | int] | None) -> list[str | int]:
    """Return the names of columns, each once.

    Raises:
        ArgumentTypeError: They are no names.
        ArgumentError: A name comes twice.
    """
    given = cast(object, columns)
    if isinstance(given, (str, bytes)) or not isinstance(given, (Iterable, type(None))):
        raise ArgumentTypeError(f"columns is a list of names, not {given!r}")
    found: list[str | int] = []
    for name in columns if columns is not None else ():
        if not isinstance(cast(object, name), (str, Integral)):
            raise ArgumentTypeError(f"a column's name is a text or a number, not {name!r}")
        found.append(name if isinstance(name, str) else int(name))
    # In JSON a number is a text, so that 1 and "1" are the same.
    counts = Counter(str(name) for name in found)
    if twice := [name for name, count in counts.items() if count > 1]:
        raise ArgumentError(f"columns have names of their own; these come twice: {', '.join(twice)}")
    return found


def _infer_list(items: list[object]) -> ColumnType:
    element = optional(UNKNOWN) if None in items else UNKNOWN
    for item in items:
        element = assign(element, item)
    return {"wb_type": "list", "params": {"element_type": element, "length": len(items)}}


def _infer_foreign(value: object) -> ColumnType:
    """Return the type of what other libraries make: numbers and arrays of numpy, and the rest by name."""
    kind = getattr(getattr(value, "dtype", None), "kind", None)
    if kind is not None and getattr(value, "shape", None) == ():
        return {"b": BOOLEAN, "M": TIMESTAMP, "U": STRING, "S": STRING, "O": STRING}.get(kind, NUMBER)
    if kind is not None and hasattr(value, "tolist"):
        return infer(cast(Any, value).tolist())
    if isinstance(value, str):
        return STRING
    if isinstance(value, (int, float)):
        return NUMBER
    return {"wb_type": "pythonObject", "params": {"class_name": type(value).__name__}}


def union(kinds: Sequence[ColumnType]) -> ColumnType:
    """Return the type of what is any of `kinds`."""
    flat: list[ColumnType] = []
    for kind in kinds:
        flat += kind["params"]["allowed_types"] if kind["wb_type"] == "union" else [kind]
    return {"wb_type": "union", "params": {"allowed_types": sorted(flat, key=shown)}}


def optional(kind: ColumnType) -> ColumnType:
    """Return the type of what is `kind` or None."""
    return union([kind, NONE])


def assign(kind: ColumnType, value: object) -> ColumnType:
    """Return what a column of type `kind` is when it also holds `value`; `INVALID` where it cannot."""
    name = kind["wb_type"]
    if name == "union":
        return _assign_union(kind, value, is_type=False)
    if name == "list" and isinstance(value, Iterable):
        element: ColumnType = kind["params"]["element_type"]
        items = list(cast("Iterable[object]", value))
        for item in items:
            element = assign(element, item)
            if element is INVALID:
                return INVALID
        return {**kind, "params": {**kind["params"], "element_type": element, "length": len(items)}}
    if name in _DICTS and isinstance(value, Mapping):
        return _assign_keys(kind, cast("Mapping[Any, object]", value), None, assign)
    return _assign_type(kind, infer(value))


def _assign_type(kind: ColumnType, other: ColumnType) -> ColumnType:
    name, wanted = kind["wb_type"], other["wb_type"]
    if name == "invalid":
        return INVALID
    if name in ("any", "unknown"):
        fits = wanted not in ("none", "invalid")
        return (kind if name == "any" else other) if fits else INVALID
    if name == "union":
        return _assign_union(kind, other, is_type=True)
    if name in _PLAIN:
        return kind if kind == other else INVALID
    if name == "list":
        return _assign_list(kind, other)
    if name in _DICTS:
        if wanted not in _DICTS:
            return INVALID
        return _assign_keys(kind, other["params"]["type_map"], UNKNOWN, _assign_type)
    if name == "image-file":
        return _merge_image(kind, other) if wanted == name else INVALID
    # Files, keys of other tables, arrays: what the type says stays as it is.
    return kind if wanted == name or name not in _FILES else INVALID


_FILES = frozenset({"audio-file", "video-file", "html-file", "object3D-file", "molecule-file", "bokeh-file"})


def _assign_list(kind: ColumnType, other: ColumnType) -> ColumnType:
    if other["wb_type"] != "list":
        return INVALID
    mine, theirs = kind["params"], other["params"]
    element = _assign_type(mine["element_type"], theirs["element_type"])
    if element is INVALID:
        return INVALID
    length = mine.get("length") if mine.get("length") == theirs.get("length") else None
    return {**kind, "params": {**mine, "element_type": element, "length": length}}


def _assign_keys(kind: ColumnType, given: Mapping[Any, Any], missing: Any, fit: Any) -> ColumnType:
    """Fit each key's value, or its type, to the type that the key has; no key may be new."""
    held: dict[Any, ColumnType] = kind["params"]["type_map"]
    if not set(given) <= set(held):
        return INVALID
    found = {key: fit(one, given.get(key, missing)) for key, one in held.items()}
    if any(one is INVALID for one in found.values()):
        return INVALID
    return {**kind, "params": {**kind["params"], "type_map": found}}


def _assign_union(kind: ColumnType, given: Any, *, is_type: bool) -> ColumnType:
    allowed: list[ColumnType] = kind["params"]["allowed_types"]
    if is_type and given["wb_type"] == "union":
        for one in given["params"]["allowed_types"]:
            kind = _assign_union(kind, one, is_type=True)
            if kind is INVALID:
                return INVALID
        return kind
    wanted = given if is_type else infer(given)
    if wanted["wb_type"] in _PLAIN and wanted in allowed:
        return kind
    found: list[ColumnType] = []
    unknown, fits = 0, False
    for at, one in enumerate(allowed):
        if one["wb_type"] == "unknown":
            unknown += 1
            continue
        fitted = _assign_type(one, given) if is_type else assign(one, given)
        if fitted is INVALID:
            found.append(one)
            continue
        found += [fitted, *allowed[at + 1 :]]
        fits = True
        break
    if not fits:
        if not unknown or wanted["wb_type"] in ("none", "invalid"):
            return INVALID
        found.append(wanted)
        unknown -= 1
    return union([*found, *[UNKNOWN] * unknown])


def _merge_image(kind: ColumnType, other: ColumnType) -> ColumnType:
    """Put together which layers and classes two images have."""
    if kind.get("params") == other.get("params"):
        return kind
    merged: dict[str, ColumnType] = dict(kind.get("params") or {})
    others: dict[str, ColumnType] = other.get("params") or {}
    for name, added in others.items():
        held = merged.get(name)
        if held is not None:
            merged[name] = _merge_const(held, added)
        elif added["params"]["val"]:  # older clients name fewer of them
            merged[name] = added
    return {**kind, "params": merged}


def _merge_const(held: ColumnType, added: ColumnType) -> ColumnType:
    mine, theirs = held["params"]["val"], added["params"]["val"]
    return {**held, "params": {**held["params"], "val": _merged(mine, theirs)}}


def _merged(mine: Any, theirs: Any) -> Any:
    found: Any = mine
    if isinstance(mine, dict) and isinstance(theirs, dict):
        one, two = cast("dict[str, Any]", mine), cast("dict[str, Any]", theirs)
        return {
            **two,
            **{key: _merged(value, two[key]) if key in two else value for key, value in one.items()},
        }
    if isinstance(mine, list) and isinstance(theirs, list):
        held, others = cast("list[Any]", found), cast("list[Any]", cast(object, theirs))
        return [*held, *[value for value in others if value not in held]]
    return found


def shown(kind: ColumnType) -> str:
    """Return a type in words, by which the official client sorts the types of a union."""
    name: str = kind["wb_type"]
    params: dict[str, Any] = kind.get("params") or {}
    if name == "union":
        return " or ".join(shown(one) for one in params["allowed_types"])
    if name == "list":
        return f"{shown(params['element_type'])}[]"
    if name in _DICTS:
        return "{" + ", ".join(f"{key!r}: {shown(one)}" for key, one in params["type_map"].items()) + "}"
    if name == "const":
        return str(params["val"])
    inner = ", ".join(f"{key}:{_shown_param(value)}" for key, value in params.items())
    return f"{name.capitalize()}({inner})" if inner else name.capitalize()


def _shown_param(value: Any) -> str:
    if isinstance(value, dict) and "wb_type" in value:
        return shown(cast("ColumnType", value))
    return str(cast(object, value))
