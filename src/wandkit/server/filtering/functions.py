"""The SQLite functions that compiled filters call.

* `wandkit_regex(pattern, text)`: is there a match of `pattern` anywhere in `text`? RE2 does the matching, so
  the syntax is that of the hosted service (no look-around, no back references) and no pattern takes more than
  linear time.
* `wandkit_member(json, key)`: the JSON text of one member of an object, for keys that a JSON path cannot
  spell.
* `wandkit_same(json, json)`: are two JSON values equal, whatever the order of their keys?
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Protocol

from wandkit.server.filtering.errors import FilterSyntaxError
from wandkit.server.shapes import is_list, is_object

__all__ = ["MAX_PATTERN", "check_pattern", "install", "same_json"]

MAX_PATTERN = 2000


class _Connection(Protocol):
    def create_function(
        self, name: str, narg: int, func: Callable[..., Any], /, *, deterministic: bool = False
    ) -> None: ...


def install(connection: _Connection) -> None:
    """Register the functions on one SQLite connection of the driver."""
    connection.create_function("wandkit_regex", 2, _regex, deterministic=True)
    connection.create_function("wandkit_member", 2, _member, deterministic=True)
    connection.create_function("wandkit_same", 2, _same, deterministic=True)


def check_pattern(pattern: str) -> None:
    """Return if RE2 takes `pattern`.

    Raises:
        FilterSyntaxError: It is too long, or not RE2 syntax.
    """
    if len(pattern) > MAX_PATTERN:
        raise FilterSyntaxError(f"$regex is longer than {MAX_PATTERN} characters")
    from pyarrow import ArrowInvalid

    try:
        _matcher(pattern)("")
    except (ArrowInvalid, UnicodeEncodeError) as error:
        raise FilterSyntaxError(f"$regex {pattern!r} is not RE2 syntax: {error}") from None


def same_json(left: Any, right: Any) -> bool:
    """Return whether two decoded JSON values are equal; booleans are no numbers."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if is_object(left) and is_object(right):
        return left.keys() == right.keys() and all(same_json(left[key], right[key]) for key in left)
    if is_list(left) and is_list(right):
        return len(left) == len(right) and all(map(same_json, left, right))
    return bool(left == right)


@lru_cache(maxsize=64)
def _matcher(pattern: str) -> Callable[[str], bool]:
    import pyarrow
    import pyarrow.compute

    options = pyarrow.compute.MatchSubstringOptions(pattern)
    function = pyarrow.compute.get_function("match_substring_regex")
    text_type = pyarrow.string()

    def matches(text: str) -> bool:
        return bool(function.call([pyarrow.scalar(text, text_type)], options).as_py())

    return matches


def _regex(pattern: str, text: object) -> int | None:
    return None if not isinstance(text, str) else int(_matcher(pattern)(text))


def _member(text: object, key: str) -> str | None:
    if not isinstance(text, str) or not text.startswith("{"):
        return None
    try:
        value = json.loads(text)
    except ValueError:  # a text that only looks like an object
        return None
    return json.dumps(value[key]) if key in value else None


def _same(left: object, right: str) -> int | None:
    return None if not isinstance(left, str) else int(same_json(json.loads(left), json.loads(right)))
