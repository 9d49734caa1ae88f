"""Where in a JSON column the value of a dotted key may be.

A key may itself hold dots: `config.a.b` means the member "a.b" where there is one, else the member "b" inside
"a".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement

from wandkit.server.filtering.errors import FilterSyntaxError
from wandkit.server.filtering.fields import JsonField

__all__ = ["config_field", "json_field", "splits"]

MAX_PARTS = 32
_MAX_SPLIT_PARTS = 4
_PLAIN_MEMBER = re.compile(r'[^"\\\x00-\x1f\x7f-\U0010ffff]*')
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")

Steps = Sequence[str | int]


def json_field(column: ColumnElement[Any], parts: Sequence[str]) -> JsonField:
    """Return the value at the dotted key `parts` of a column that holds one JSON object."""
    return _field(column, _with_indexes(splits(parts)))


def config_field(column: ColumnElement[Any], parts: Sequence[str]) -> JsonField:
    """Return a config value; `config.KEY` and `config.KEY.value` mean the same, wrapped or not."""
    wrapped: list[list[str]] = []
    bare = splits(parts)
    for first, *rest in bare:
        if rest and rest[0] == "value":
            wrapped.append([first, *rest])
        wrapped.append([first, "value", *rest])
    return _field(column, _with_indexes([*wrapped, *bare]))


def splits(parts: Sequence[str]) -> list[list[str]]:
    """Return the readings of a dotted key, longest members first: `a.b` is ["a.b"], then ["a", "b"]."""
    if len(parts) > MAX_PARTS:
        raise FilterSyntaxError(f"the key {'.'.join(parts)!r} has more than {MAX_PARTS} parts")
    if len(parts) > _MAX_SPLIT_PARTS:
        heads = (len(parts), *range(_MAX_SPLIT_PARTS, 0, -1))
        return [[".".join(parts[:head]), *parts[head:]] for head in heads]
    return list(_compositions(parts))


def _compositions(parts: Sequence[str]) -> Iterator[list[str]]:
    for head in range(len(parts), 0, -1):
        joined = ".".join(parts[:head])
        if head == len(parts):
            yield [joined]
        else:
            for rest in _compositions(parts[head:]):
                yield [joined, *rest]


def _with_indexes(readings: Sequence[list[str]]) -> list[Steps]:
    """Return the readings, then those in which a number behind the first member is an index of a list."""
    indexed = [
        [steps[0], *(int(step) if _INDEX.fullmatch(step) else step for step in steps[1:])]
        for steps in readings
    ]
    return [*readings, *(steps for steps in indexed if any(isinstance(step, int) for step in steps))]


def _field(column: ColumnElement[Any], readings: Sequence[Steps]) -> JsonField:
    kinds = [_reach(sa.func.json_type, column, steps) for steps in readings]
    values = [_reach(sa.func.json_extract, column, steps) for steps in readings]
    if len(readings) == 1:
        return JsonField(kinds[0], values[0])
    value = sa.case(
        *((kind.is_not(None), value) for kind, value in zip(kinds, values, strict=True)), else_=None
    )
    return JsonField(sa.func.coalesce(*kinds), value)


def _reach(ask: Callable[..., Any], document: ColumnElement[Any], steps: Steps) -> ColumnElement[Any]:
    """Return `ask(document, path)`, with odd members reached by our own function, step by step."""
    path = "$"
    for step in steps:
        if isinstance(step, int):
            path += f"[{step}]"
        elif not _PLAIN_MEMBER.fullmatch(step):
            document = sa.func.wandkit_member(
                document if path == "$" else sa.func.json_extract(document, path), step
            )
            path = "$"
        else:
            path += f'."{step}"'
    found: ColumnElement[Any] = ask(document, path)
    return found
