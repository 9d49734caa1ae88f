"""What `select=` asks for: the large parts of runs, whole or by key.

select=[F.config["lr"], F.summary["loss"], "config", "summary", "system_metrics", "history_keys"]
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, Protocol, Union

from wandkit._core.jsontext import read_object, write
from wandkit.errors import ArgumentError

__all__ = ["PARTS", "Keyed", "Part", "Select", "Selection", "parse_select", "part_of", "trimmed"]


class Keyed(Protocol):
    """A field of `F`, as far as it matters here."""

    @property
    def key(self) -> str:
        """The key as a filter spells it: `config.lr`, `summary_metrics.loss`."""
        ...


Select = Union[str, Keyed, Iterable[Union[str, Keyed]]]  # noqa: UP007 - evaluated on Python 3.10

Part = Literal["config", "summary", "system", "keys"]
PARTS: tuple[Part, ...] = ("config", "summary", "system", "keys")

NAMES: dict[str, Part] = {
    "config": "config",
    "rawconfig": "config",
    "summary": "summary",
    "summary_metrics": "summary",
    "system_metrics": "system",
    "history_keys": "keys",
}
FIELDS: dict[Part, str] = {
    "config": "config",
    "summary": "summary_metrics",
    "system": "system_metrics",
    "keys": "history_keys",
}
_VALUE = re.compile(r"\.value(?=\.|$)")
EXPECTED = 'F.config["KEY"], F.summary["KEY"], "config", "summary", "system_metrics" or "history_keys"'


@dataclass(frozen=True, slots=True)
class Selection:
    """The large parts to ask for.

    Attributes:
        parts: The parts that are asked for at all.
        config_keys: The keys of the config; None for all.
        summary_keys: The keys of the summary; None for all.
    """

    parts: frozenset[Part] = frozenset()
    config_keys: tuple[str, ...] | None = None
    summary_keys: tuple[str, ...] | None = None


def parse_select(items: Select | None) -> Selection:
    """Return what `items` ask for.

    Raises:
        ArgumentError: An item names no part of a run.
    """
    if items is None:
        return Selection()
    listed = list(items) if isinstance(items, Iterable) and not isinstance(items, str) else [items]
    whole: set[Part] = set()
    keys: dict[Part, list[str]] = {"config": [], "summary": []}
    for item in listed:
        name, _, key = str(getattr(item, "key", item)).partition(".")
        part = NAMES.get(name)
        if part is None or (key and part not in keys):
            raise ArgumentError(f"select cannot take {item!r}.", next_step=f"Expected {EXPECTED}.")
        if not key:
            whole.add(part)
        else:
            keys[part] += _keys(part, key)
    by_key: set[Part] = {part for part, found in keys.items() if found}
    return Selection(
        frozenset(whole | by_key),
        tuple(dict.fromkeys(keys["config"])) if keys["config"] and "config" not in whole else None,
        tuple(dict.fromkeys(keys["summary"])) if keys["summary"] and "summary" not in whole else None,
    )


def _keys(part: Part, key: str) -> list[str]:
    """Return the keys on the first level that may hold `key`: with its dots, or the dict that it is in."""
    if part == "config":
        return [_VALUE.split(key, maxsplit=1)[0]]
    return [key, key.partition(".")[0]]


def part_of(run: Any, part: Part) -> Any:
    """Return `part` of a run as an answer holds it: JSON text, for the history keys a decoded object."""
    return getattr(run, FIELDS[part])


def trimmed(text: str | None, keys: tuple[str, ...] | None) -> str | None:
    """Return a JSON text with `keys` only, for a server that sent more than it was asked for."""
    if text is None or keys is None:
        return text
    held = read_object(text, "projected part of a run")
    if held.keys() <= set(keys):
        return text
    return write({key: value for key, value in held.items() if key in keys})
