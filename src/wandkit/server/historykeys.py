"""What is known of a run's history keys: how often each was logged and with which types.

The shape is the wire's: {"sets": [], "lastStep": n, "keys": {name: {"typeCounts": [{"type", "count"}],
"monotonic", "previousValue"}}}. A dict without `_type` counts as its members under dotted names; one with
`_type` is one value.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, cast

from wandkit.server.shapes import is_object

__all__ = ["KeyIndex"]

_NON_FINITE = frozenset({"NaN", "Infinity", "-Infinity"})
_MAX_KEYS = 100_000


class KeyIndex:
    """Counts keys over rows; start from what is stored, add the new rows, store again."""

    def __init__(self, stored: str | None = None) -> None:
        decoded: dict[str, Any] = json.loads(stored) if stored else {}
        self.last_step: int | None = decoded.get("lastStep")
        self._sets: list[Any] = decoded.get("sets", [])
        self._keys: dict[str, _Key] = {name: _Key.load(key) for name, key in decoded.get("keys", {}).items()}

    def add(self, step: int, row: Mapping[str, Any]) -> None:
        """Count one row."""
        if self.last_step is None or step > self.last_step:
            self.last_step = step
        self._count(row, "")

    def add_all(self, rows: Iterable[tuple[int, Mapping[str, Any]]]) -> None:
        """Count rows in order."""
        for step, row in rows:
            self.add(step, row)

    def _count(self, row: Mapping[str, Any], prefix: str) -> None:
        keys = self._keys
        for name, value in row.items():
            if type(value) is dict and value and "_type" not in value:
                self._count(cast("dict[str, Any]", value), f"{prefix}{name}.")
                continue
            full = prefix + name if prefix else name
            key = keys.get(full)
            if key is None:
                if len(keys) >= _MAX_KEYS:
                    continue
                key = keys[full] = _Key()
            key.add(value)

    def dump(self) -> str | None:
        """Return the JSON text to store, or None before the first row."""
        if self.last_step is None:
            return None
        keys = {name: key.dump() for name, key in self._keys.items()}
        return json.dumps(
            {"sets": self._sets, "lastStep": self.last_step, "keys": keys}, separators=(",", ":")
        )


class _Key:
    __slots__ = ("counts", "monotonic", "previous")

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.monotonic = True
        self.previous: float | int | None = None

    @classmethod
    def load(cls, stored: Mapping[str, Any]) -> _Key:
        key = cls()
        key.counts = {count["type"]: count["count"] for count in stored.get("typeCounts", ())}
        key.monotonic = stored.get("monotonic", False)
        key.previous = stored.get("previousValue")
        return key

    def add(self, value: Any) -> None:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            if self.previous is not None and value < self.previous:
                self.monotonic = False
            self.previous = value
            name = "number"
        else:
            name = _type_name(value)
        self.counts[name] = self.counts.get(name, 0) + 1

    def dump(self) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "typeCounts": [{"type": kind, "count": n} for kind, n in self.counts.items()]
        }
        if self.previous is not None:
            shown["monotonic"] = self.monotonic
            shown["previousValue"] = self.previous
        return shown


def _type_name(value: Any) -> str:
    if value is None:
        return "nil"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, str):
        return "number" if value in _NON_FINITE else "string"
    if isinstance(value, list):
        return "list"
    kind = value.get("_type") if is_object(value) else None
    return kind if isinstance(kind, str) else "map"
