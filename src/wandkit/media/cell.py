"""One cell of a table: between what Python has and what JSON can hold."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from functools import partial
from typing import Any, cast

from wandkit.errors import ArgumentError
from wandkit.media.image import Classes, Image, ImageMask
from wandkit.media.media import Audio, Bokeh, Home, Html, Media, Molecule, Object3D, Video

__all__ = ["media_of", "read_cell", "written_cell"]

_MEDIA: dict[str, type[Media]] = {
    kind.kind: kind for kind in (Audio, Bokeh, Html, Image, ImageMask, Molecule, Object3D, Video)
}
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def media_of(fields: Mapping[str, Any]) -> Media | Classes:
    """Return the object that an artifact describes by `fields`; of another type, one that keeps them all."""
    kind = str(fields.get("_type", ""))
    return Classes.of(fields) if kind == Classes.kind else _MEDIA.get(kind, Media).of(fields)


def read_cell(value: Any, *, is_time: bool) -> Any:
    """Return what a cell of a table's JSON stands for."""
    if is_time and isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            return _EPOCH + timedelta(milliseconds=value)
        except (OverflowError, ValueError):
            return value
    found: Any = value
    if isinstance(value, dict) and "_type" in value:
        fields = cast("dict[str, Any]", found)
        return media_of(fields) if fields["_type"] in _MEDIA else found
    return found


def written_cell(value: object, home: Home, *, keep_nan: bool = False) -> Any:
    """Return the JSON of a cell; its media are put into `home`.

    Args:
        value: The cell.
        home: Where files go.
        keep_nan: Whether NaN stays NaN; the official client writes null.

    Raises:
        ArgumentError: JSON cannot hold it.
    """
    if isinstance(value, float) and math.isnan(value) and not keep_nan:
        return None
    if value is None or isinstance(value, (bool, str)) or type(value) in (int, float):
        return value
    inner = partial(written_cell, home=home, keep_nan=keep_nan)
    if isinstance(value, (Media, Classes)):
        return value.to_json(home)
    if isinstance(value, Mapping):
        return {key: inner(one) for key, one in cast("Mapping[object, object]", value).items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [inner(one) for one in cast("list[Any]", value)]
    if isinstance(value, date):
        return _milliseconds(value)
    if hasattr(value, "tolist"):
        return _written_array(value, inner)
    if isinstance(value, (int, float, Decimal)):
        return float(value) if isinstance(value, (float, Decimal)) else int(value)
    if type(value).__name__ in ("NAType", "NaTType"):
        return None
    raise ArgumentError(
        f"a table cannot hold {value!r} of the type {type(value).__name__}",
        next_step="Use numbers, texts, booleans, times, None, lists and mappings of those, or media.",
    )


def _written_array(value: Any, inner: Callable[[Any], Any]) -> Any:
    plain = value.tolist()
    if getattr(getattr(value, "dtype", None), "kind", "") == "M" and isinstance(plain, int):
        return plain / 1_000_000
    return inner(plain)


def _milliseconds(value: date) -> int | None:
    if value != value:  # pandas.NaT
        return None
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=timezone.utc)
    known = value.replace(tzinfo=timezone.utc) if value.tzinfo is None else value
    return (known - _EPOCH) // timedelta(milliseconds=1)
