"""JSON texts of config and summary: read, written, compared and merged, with NaN and the infinities.

The wire carries bare `NaN`, `Infinity` and `-Infinity` tokens, which strict JSON does not have.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from datetime import date, datetime, timezone
from enum import Enum
from pathlib import PurePath
from typing import Any, Final, cast

from wandkit._core.jsonvalue import read_json
from wandkit.errors import AnswerError, ArgumentError

__all__ = ["MISSING", "is_array", "merge", "read_object", "same", "to_json", "write"]


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()


def read_object(text: str | None, what: str) -> dict[str, Any]:
    """Return the object in a JSON text; an absent or empty text is an empty object.

    Args:
        text: The text as the server sent it.
        what: What it is, for the message: `config`, `summary`.

    Raises:
        AnswerError: The text holds something else.
    """
    if not text:
        return {}
    try:
        value = read_json(text)
    except ValueError:
        value = _read_leniently(text, what)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise AnswerError(f"The {what} that the server sent is not a JSON object: it begins {text[:40]!r}.")
    return cast("dict[str, Any]", value)


def _read_leniently(text: str, what: str) -> object:
    """Read what old clients wrote: control characters and lone surrogates inside texts."""
    try:
        return cast("object", json.loads(text, strict=False))
    except ValueError as error:
        raise AnswerError(f"The {what} that the server sent cannot be read as JSON: {error}.") from None


def write(value: object) -> str:
    """Return the JSON text of a value that is in JSON types, with bare NaN and infinities."""
    return json.dumps(value, separators=(",", ":"))


def same(left: object, right: object) -> bool:
    """Return whether two JSON values are equal, where NaN equals NaN and True does not equal 1."""
    if isinstance(left, dict) and isinstance(right, dict):
        one, other = cast("dict[str, object]", left), cast("dict[str, object]", right)
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(left, list) and isinstance(right, list):
        first, second = cast("list[object]", left), cast("list[object]", right)
        return len(first) == len(second) and all(map(same, first, second))
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, float) and isinstance(right, float) and math.isnan(left):
        return math.isnan(right)
    return left == right


def merge(original: Any, edited: Any, current: Any) -> Any:
    """Return `current` with what was changed between `original` and `edited`.

    Objects are merged key by key at every depth; anything else that was changed is taken as edited.
    """
    if same(original, edited):
        return current
    mine, theirs = _object(edited), _object(current)
    if mine is None or theirs is None:
        return edited
    before = _object(original) or {}
    merged = {
        key: merge(before.get(key, MISSING), mine[key], value) if key in mine else value
        for key, value in theirs.items()
        if key in mine or key not in before
    }
    for key, value in mine.items():
        if key not in theirs and not same(before.get(key, MISSING), value):
            merged[key] = value
    return merged


def _object(value: object) -> dict[str, Any] | None:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


Compress = Callable[[Any], object]


def to_json(value: object, at: str, compress: Compress | None = None) -> Any:
    """Return the value in JSON types; NaN and the infinities stay.

    Args:
        value: Anything that has a JSON form: also NumPy numbers and arrays, dates, paths, sets.
        at: The key it is stored under, for the message.
        compress: What becomes of an array; default its elements as lists.

    Raises:
        ArgumentError: The value has no JSON form.
    """
    kind = type(value)
    if value is None or kind is str or kind is bool or kind is int or kind is float:
        return value
    if isinstance(value, Enum):
        return to_json(value.value, at, compress)
    if isinstance(value, Mapping):
        entries = cast("Mapping[object, object]", value)
        return {str(key): to_json(part, f"{at}.{key}", compress) for key, part in entries.items()}
    if isinstance(value, (list, tuple)):
        return [to_json(part, f"{at}[…]", compress) for part in cast("list[object]", value)]
    if isinstance(value, (set, frozenset)):
        members = sorted(cast("set[object]", value), key=repr)
        return [to_json(part, f"{at}[…]", compress) for part in members]
    return _plain(value, at, compress)


def _plain(value: object, at: str, compress: Compress | None) -> object:
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=timezone.utc)).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, PurePath):
        return str(value)
    if is_array(value):
        return _array(value, at, compress)
    raise ArgumentError(
        f"The value of `{at}` cannot be stored: {type(value).__name__} has no JSON form.",
        next_step="Store numbers, texts, lists and dicts of them; other things as files.",
    )


def is_array(value: object) -> bool:
    """Return whether the value is a NumPy number, or an array or tensor of any library."""
    return hasattr(value, "dtype") and hasattr(value, "ndim")


def _array(value: Any, at: str, compress: Compress | None) -> object:
    if value.ndim and compress is not None:
        return compress(value)
    plain = value.item() if not value.ndim and hasattr(value, "item") else value.tolist()
    if is_array(plain):
        raise ArgumentError(f"The value of `{at}` cannot be stored: {type(plain).__name__} has no JSON form.")
    return to_json(plain, at, compress)
