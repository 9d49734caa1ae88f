"""Registries without I/O: their names, filters, visibilities and types."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, SupportsIndex, cast

from typing_extensions import Self

from wandkit.errors import ArgumentError, FilterError
from wandkit.filters import Expression, compile_filters
from wandkit.paths_artifact import REGISTRY_PREFIX

__all__ = [
    "COLLECTION_KEYS",
    "REGISTRY_KEYS",
    "VERSION_KEYS",
    "AddOnlyList",
    "access_of",
    "check_registry_name",
    "full_name",
    "registry_filter",
    "visibility_of",
]

REGISTRY_KEYS = frozenset({"id", "name", "entity_id", "description", "created_at", "updated_at"})
COLLECTION_KEYS = frozenset(
    {
        "artifact_collection_id",
        "collection_id",
        "id",
        "name",
        "tag",
        "description",
        "created_at",
        "updated_at",
    }
)
VERSION_KEYS = frozenset({"id", "version", "tag", "alias", "metadata", "created_at", "updated_at"}) | {
    "artifact_size", "linked_at",
}  # fmt: skip

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


def registry_filter(filters: Mapping[str, Any] | Expression | None, keys: frozenset[str]) -> str | None:
    """Return a filter as the server takes it; the names of registries get their prefix.

    Raises:
        FilterError: A key is none of `keys`, or an operator is unknown.
    """
    if filters is None:
        return None
    document = json.loads(compile_filters(filters))
    return json.dumps(_checked(document, keys))


def _checked(document: Mapping[str, Any], keys: frozenset[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in document.items():
        if key.startswith("$"):
            parts: Any = value
            found[key] = (
                [_checked(part, keys) for part in parts] if isinstance(value, list) else _checked(parts, keys)
            )
        elif key.split(".")[0] not in keys:
            raise FilterError(
                f"{key!r} is nothing that these can be filtered by.",
                next_step=f"Use {', '.join(sorted(keys))}.",
            )
        else:
            found[key] = _prefixed(value) if key == "name" and keys is REGISTRY_KEYS else value
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
