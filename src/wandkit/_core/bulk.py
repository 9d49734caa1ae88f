"""Rows that are alike, from their JSON texts straight to columns: without a dict for each row.

The first row says which names there are and which of them hold numbers; the others are read into slots of
these types. Where a row has other names or other types, the texts are left to `_core/history.py`.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any, NamedTuple, Union, cast

from msgspec import MsgspecError, defstruct
from msgspec.json import Decoder
from msgspec.structs import astuple

from wandkit._core.collector import uncollected
from wandkit._core.history import Row, has_non_finite_text, join_rows
from wandkit._core.jsonvalue import read_json

__all__ = ["RowReader", "Values"]

Values = Union[list[Any], "array[float]", "array[int]"]
"""The values of a column, in the order of the rows."""

FEWEST_ROWS = 20
MOST_LAYOUTS = 64
MOST_MISSES = 8


class Layout(NamedTuple):
    """The columns of rows that are alike: names, types (float, int, or Any for all else), and the decoder."""

    names: tuple[str, ...]
    kinds: tuple[Any, ...]
    decode: Callable[[str], list[Any]]


class RowReader:
    """Reads blocks of rows; what it learns from one block helps with the next."""

    def __init__(self) -> None:
        self._layouts: dict[tuple[Any, ...], Layout] = {}
        self._floats: set[str] = set()
        self._misses = 0

    def read(self, texts: Sequence[str]) -> dict[str, Values] | None:
        """Return the columns of rows by name, ordered as the first row; None where rows are not alike."""
        if len(texts) < FEWEST_ROWS or self._misses >= MOST_MISSES:
            return None
        joined = join_rows(texts)
        layout = None if has_non_finite_text(joined) else self._layout(texts[0])
        if layout is not None:
            try:
                with uncollected():
                    rows = layout.decode(joined)
            except (MsgspecError, UnicodeError, RecursionError):
                pass
            else:
                if len(rows) == len(texts):
                    self._misses = 0
                    return _columns(layout, rows)
        self._misses += 1
        return None

    def learn(self, rows: Sequence[Row]) -> None:
        """Take note of what the rows of a block turned out to be: which numbers are not always whole."""
        if not rows or self._misses >= MOST_MISSES:
            return
        for name in rows[0].keys() - self._floats:
            if any(type(row.get(name)) is float for row in rows):
                self._floats.add(name)

    def _layout(self, text: str) -> Layout | None:
        try:
            first = read_json(text)
        except ValueError:
            return None
        if not isinstance(first, dict):
            return None
        row = cast("dict[str, Any]", first)
        key = tuple((name, self._kind(name, value)) for name, value in row.items())
        if key not in self._layouts:
            if len(self._layouts) >= MOST_LAYOUTS:
                return None
            try:
                self._layouts[key] = _new_layout(key)
            except (ValueError, TypeError):
                return None  # a name that msgspec cannot take
        return self._layouts[key]

    def _kind(self, name: str, value: Any) -> Any:
        kind = cast("type[object]", type(value))
        if kind is float or (kind is int and name in self._floats):
            return float
        return int if kind is int else Any


def _new_layout(key: tuple[tuple[str, Any], ...]) -> Layout:
    names, kinds = tuple(name for name, _ in key), tuple(kind for _, kind in key)
    slots = [f"c{number}" for number in range(len(key))]
    row = defstruct(
        "Row",
        list(zip(slots, kinds, strict=True)),
        rename=dict(zip(slots, names, strict=True)),
        forbid_unknown_fields=True,
        gc=False,
    )
    return Layout(names, kinds, Decoder(list[row]).decode)  # type: ignore[valid-type]


def _columns(layout: Layout, rows: list[Any]) -> dict[str, Values]:
    """Return the columns of decoded rows: floats all in one pass where there is nothing but numbers."""
    found: dict[str, Values] = {}
    floats = None if Any in layout.kinds else _floats(rows, len(layout.names))
    for number, (name, kind) in enumerate(zip(layout.names, layout.kinds, strict=True)):
        if kind is float and floats is not None:
            found[name] = floats[number]
            continue
        values = map(attrgetter(f"c{number}"), rows)
        try:
            found[name] = list(values) if kind is Any else array("d" if kind is float else "q", values)
        except OverflowError:
            found[name] = list(map(attrgetter(f"c{number}"), rows))
    return found


def _floats(rows: list[Any], width: int) -> list[array[float]] | None:
    """Return all columns as floats; None where a whole number is too large for one."""
    values: Iterable[Any] = chain.from_iterable(map(astuple, rows))
    try:
        if "numpy" not in sys.modules:
            flat = array("d", values)
            return [flat[number::width] for number in range(width)]
        numpy: Any = sys.modules["numpy"]
        block: Any = numpy.fromiter(values, numpy.float64, len(rows) * width).reshape(len(rows), width)
    except OverflowError:
        return None
    return [array("d", block[:, number].tobytes()) for number in range(width)]
