"""Registries without I/O: their names, filters, visibilities and types."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, SupportsIndex, cast

from typing_extensions import Self

from wandkit.errors import ArgumentError, FilterError
from wandkit.filters import Expression, compile_filters
from wandkit.paths_artifact import REGISTRY_PREFIX

__all__ = [
    "ADVANCED",
    "BASIC",
    "COLLECTION_KEYS",
    "REGISTRY_KEYS",
    "SAME_KEYS",
    "VERSION_KEYS",
    "AddOnlyList",
    "Keys",
    "Search",
    "access_of",
    "check_artifact_types",
    "check_registry_name",
    "full_name",
    "keys_in",
    "registry_filter",
    "sorted_by",
    "spelled",
    "visibility_of",
]

Keys = Mapping[str, str]
"""What can be filtered by, and how the server spells it."""

REGISTRY_KEYS: Keys = {
    key: key for key in ("id", "name", "entity_id", "description", "created_at", "updated_at")
}
_ID = "artifact_collection_id"
COLLECTION_KEYS: Keys = {
    _ID: _ID,
    "collection_id": _ID,
    "id": _ID,
    **{key: key for key in ("name", "tag", "description", "created_at", "updated_at")},
}


@dataclass(frozen=True)
class Search:
    """What versions can be found by: a plain server looks at other columns than one with a search index.

    Attributes:
        registries: By what of their registries.
        collections: By what of their collections.
        versions: By what of their own.
        orders: What they can be sorted by.
    """

    registries: Keys
    collections: Keys
    versions: Keys
    orders: Keys


BASIC = Search(
    REGISTRY_KEYS,
    COLLECTION_KEYS,
    {key: key for key in ("id", "version", "tag", "alias", "metadata", "created_at", "updated_at")},
    {},
)
_SORTED: Keys = {
    "created_at": "artifact_created_at",
    "artifact_created_at": "artifact_created_at",
    "linked_at": "acm_created_at",
    "acm_created_at": "acm_created_at",
    "artifact_size": "artifact_size",
}
ADVANCED = Search(
    {"id": "project_id", "project_id": "project_id", "name": "name", "entity_id": "entity_id"},
    {
        _ID: _ID,
        "collection_id": _ID,
        "id": _ID,
        "tag": "tag",
        "tags": "tag",
        **dict.fromkeys(("name", "collection_name", "artifact_collection_name"), "name"),
    },
    {
        "id": "artifact_id",
        "artifact_id": "artifact_id",
        "version": "version",
        "version_index": "version",
        "tag": "tag",
        "tags": "tag",
        "alias": "alias",
        "aliases": "alias",
        "metadata": "metadata",
        "artifact_metadata": "metadata",
        **_SORTED,
    },
    _SORTED,
)
VERSION_KEYS: Keys = {key: key for key in (*ADVANCED.versions, *BASIC.versions)}
SAME_KEYS = frozenset({"name", "entity_id", _ID, "tag", "alias", "version", "metadata"})
"""What both kinds of search spell alike."""

_UNSAFE = frozenset("/\\#?%:\r\n")
_LONGEST = 128
_ACCESS = {"organization": "PRIVATE", "restricted": "RESTRICTED"}
_NAME_OPERATORS = frozenset({"$eq", "$ne", "$in", "$nin"})


def full_name(name: str) -> str:
    """Return the name of the project behind the registry `name`."""
    return name if name.startswith(REGISTRY_PREFIX) else f"{REGISTRY_PREFIX}{name}"


def check_registry_name(name: str) -> str:
    """Return `name`, without the prefix, if a registry may have it.

    Raises:
        ArgumentError: It is empty, too long, or has a character that no URL takes.
    """
    short = name.removeprefix(REGISTRY_PREFIX)
    if not short or len(short) > _LONGEST - len(REGISTRY_PREFIX) or _UNSAFE.intersection(short):
        raise ArgumentError(
            f"{name!r} cannot name a registry",
            next_step=f"Use 1 to {_LONGEST - len(REGISTRY_PREFIX)} characters without / \\ # ? % :.",
        )
    return short


def check_artifact_types(types: Iterable[str]) -> list[str]:
    """Return names of artifact types as a list without repetitions.

    Raises:
        ArgumentError: They are one text instead of a list, or one is no name of a type.
    """
    if isinstance(types, str):
        raise ArgumentError(f"artifact_types is a list, not {types!r}", next_step=f"Try [{types!r}].")
    found = list(dict.fromkeys(types))
    for kind in found:
        if not isinstance(cast(object, kind), str) or not kind or len(kind) > _LONGEST or {*"/:"} & {*kind}:
            raise ArgumentError(
                f"{kind!r} cannot name a type of artifacts",
                next_step=f"Use 1 to {_LONGEST} characters without / and :.",
            )
    return found


def access_of(visibility: str) -> str:
    """Return what the server calls `organization` or `restricted`.

    Raises:
        ArgumentError: It is neither.
    """
    if visibility not in _ACCESS:
        raise ArgumentError(f"visibility is 'organization' or 'restricted', not {visibility!r}")
    return _ACCESS[visibility]


def visibility_of(access: str | None) -> str:
    """Return `organization` or `restricted` for what the server calls it; another word is the former."""
    return "restricted" if access == "RESTRICTED" else "organization"


def registry_filter(filters: Mapping[str, Any] | Expression | None, keys: Keys) -> str | None:
    """Return a filter as the server takes it; the names of registries get their prefix.

    Raises:
        FilterError: A key is none of `keys`, or an operator is unknown.
    """
    if filters is None:
        return None
    return json.dumps(spelled(json.loads(compile_filters(filters, known=frozenset(keys))), keys))


def spelled(document: Mapping[str, Any], keys: Keys) -> dict[str, Any]:
    """Return a filter with the keys that the server knows; the names of registries get their prefix.

    Raises:
        FilterError: A key is none of `keys`.
    """
    found: dict[str, Any] = {}
    for key, value in document.items():
        if key.startswith("$"):
            parts: Any = value
            found[key] = (
                [spelled(part, keys) for part in parts] if isinstance(value, list) else spelled(parts, keys)
            )
            continue
        first, dot, rest = key.partition(".")
        if first not in keys:
            raise FilterError(
                f"{key!r} is nothing that these can be filtered by.",
                next_step=f"Use {', '.join(sorted(keys))}.",
            )
        is_registry = keys in (BASIC.registries, ADVANCED.registries)
        found[f"{keys[first]}{dot}{rest}"] = _prefixed(value) if first == "name" and is_registry else value
    return found


def sorted_by(order: str, keys: Keys) -> str:
    """Return an order with the key that the server knows.

    Raises:
        FilterError: Its key is none of `keys`.
    """
    sign, key = (order[0], order[1:]) if order[:1] in ("+", "-") else ("+", order)
    if key not in keys:
        raise FilterError(
            f"{key!r} is nothing that versions can be sorted by.", next_step=f"Use {', '.join(sorted(keys))}."
        )
    return f"{sign}{keys[key]}"


def keys_in(document: Mapping[str, Any]) -> set[str]:
    """Return the keys that a filter asks for, without what is inside of them."""
    found: set[str] = set()
    for key, value in document.items():
        if not key.startswith("$"):
            found.add(key.partition(".")[0])
            continue
        inner: Any = value
        for part in inner if isinstance(value, list) else [inner]:
            found |= keys_in(part)
    return found


def _prefixed(value: Any) -> Any:
    """Put the prefix before names, except in patterns."""
    if isinstance(value, str):
        return full_name(value)
    if isinstance(value, list):
        return [_prefixed(item) for item in cast("list[object]", value)]
    if isinstance(value, dict):
        held = cast("dict[str, Any]", value)
        return {
            operator: _prefixed(operand) if operator in _NAME_OPERATORS else operand
            for operator, operand in held.items()
        }
    return value


class AddOnlyList(list[str]):
    """A list whose first items, those that the server has, stay as they are; others may come and go."""

    def __init__(self, saved: Iterable[str] = ()) -> None:
        super().__init__(dict.fromkeys(saved))
        self._saved = len(self)

    @property
    def drafts(self) -> list[str]:
        """The items that the server does not have yet."""
        return self[self._saved :]

    def append(self, item: str) -> None:
        """Add an item, unless it is there."""
        if item not in self:
            super().append(item)

    def extend(self, items: Iterable[str]) -> None:
        """Add the items that are not there."""
        for item in items:
            self.append(item)

    def __iadd__(self, items: Iterable[str]) -> Self:  # type: ignore[override,misc]
        """Add the items that are not there."""
        self.extend(items)
        return self

    def remove(self, item: str) -> None:
        """Take out an item that the server does not have yet.

        Raises:
            ArgumentError: The server has it.
        """
        if item in self[: self._saved]:
            raise self._refusal()
        super().remove(item)

    def __setitem__(self, index: Any, value: Any) -> None:
        """Refuse: items are added, not replaced."""
        raise self._refusal()

    def __delitem__(self, index: SupportsIndex | slice) -> None:
        """Refuse: use `remove` for what was just added."""
        raise self._refusal()

    def insert(self, index: SupportsIndex, item: str) -> None:
        """Refuse: items are added at the end."""
        raise self._refusal()

    def pop(self, index: SupportsIndex = -1) -> str:
        """Refuse: use `remove` for what was just added."""
        raise self._refusal()

    def clear(self) -> None:
        """Refuse: what the server has stays."""
        raise self._refusal()

    @staticmethod
    def _refusal() -> ArgumentError:
        return ArgumentError("a registry's types are only added to", next_step="Use append or extend.")
