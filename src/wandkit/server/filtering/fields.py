"""How one key of a filter compares: a column of the table, or a value inside a JSON column.

Every condition follows Mongo: a missing value is null, a comparison never crosses types, and a list matches
where one of its elements does. Conditions may be SQL NULL where they do not hold; `operators` negates with
that in mind.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import operator as op
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement

from wandkit.server.database import timestamp
from wandkit.server.filtering.errors import FilterSyntaxError
from wandkit.server.shapes import is_object

__all__ = ["Comparison", "DateField", "Field", "FlagField", "JsonField", "NumberField", "TextField"]

Comparison = Literal["$gt", "$gte", "$lt", "$lte"]
Condition = ColumnElement[bool]

_INT64 = 2**63
_COMPARISONS: dict[Comparison, Callable[[Any, Any], Condition]] = {
    "$gt": op.gt,
    "$gte": op.ge,
    "$lt": op.lt,
    "$lte": op.le,
}


class Field(ABC):
    """What the conditions on one key are in SQL."""

    @abstractmethod
    def equals(self, value: Any) -> Condition:
        """Hold where the value is `value`, or a list that has it."""

    @abstractmethod
    def compare(self, operator: Comparison, value: Any) -> Condition:
        """Hold where the value is of the same type as `value` and so ordered."""

    @abstractmethod
    def exists(self) -> Condition:
        """Hold where the key is there, with null too."""

    @abstractmethod
    def sort_value(self) -> ColumnElement[Any]:
        """Return what an order sorts by; NULL where there is nothing to sort by."""

    def is_in(self, values: Sequence[Any]) -> Condition:
        """Hold where the value equals one of `values`."""
        return sa.or_(sa.false(), *(self.equals(value) for value in values))

    def matches(self, pattern: str) -> Condition:
        """Hold where the value is a text in which `pattern` matches somewhere."""
        raise FilterSyntaxError("$regex works on texts only, and this key holds none")

    def contains(self, value: Any) -> Condition:
        """Hold where the list has the element, or the text has the part, `value`."""
        raise FilterSyntaxError("$contains works on lists and texts only, and this key holds neither")

    def size(self, count: int) -> Condition:
        """Hold where the value is a list of `count` elements."""
        return sa.false()


class TextField(Field):
    """A column of texts."""

    def __init__(self, column: ColumnElement[Any]) -> None:
        self._column = column

    def equals(self, value: Any) -> Condition:
        """Hold where the text is `value`; None means that there is none."""
        if value is None:
            return self._column.is_(None)
        return self._column == value if isinstance(value, str) else sa.false()

    def is_in(self, values: Sequence[Any]) -> Condition:
        """Hold where the text is one of `values`; one bound parameter however many there are."""
        texts = [value for value in values if isinstance(value, str)]
        condition = self._column.in_(listed(texts))
        return sa.or_(condition, self._column.is_(None)) if None in values else condition

    def compare(self, operator: Comparison, value: Any) -> Condition:
        """Hold where the text is so ordered, by code points."""
        if value is None:
            return self._column.is_(None) if operator in ("$gte", "$lte") else sa.false()
        return ordered(self._column, operator, value) if isinstance(value, str) else sa.false()

    def exists(self) -> Condition:
        """Hold where there is a text."""
        return self._column.is_not(None)

    def matches(self, pattern: str) -> Condition:
        """Hold where `pattern` matches somewhere in the text."""
        return sa.func.wandkit_regex(pattern, self._column) == 1

    def contains(self, value: Any) -> Condition:
        """Hold where the text has `value` in it."""
        return sa.func.instr(self._column, value) > 0 if isinstance(value, str) else sa.false()

    def sort_value(self) -> ColumnElement[Any]:
        """Return the text."""
        return self._column


class NumberField(Field):
    """A column, or an expression, of numbers."""

    def __init__(self, column: ColumnElement[Any]) -> None:
        self._column = column

    def equals(self, value: Any) -> Condition:
        """Hold where the number is `value`; None means that there is none."""
        if value is None:
            return self._column.is_(None)
        return self._column == bound(value) if is_number(value) else sa.false()

    def compare(self, operator: Comparison, value: Any) -> Condition:
        """Hold where the number is so ordered."""
        if value is None:
            return self._column.is_(None) if operator in ("$gte", "$lte") else sa.false()
        return ordered(self._column, operator, bound(value)) if is_number(value) else sa.false()

    def exists(self) -> Condition:
        """Hold where there is a number."""
        return self._column.is_not(None)

    def sort_value(self) -> ColumnElement[Any]:
        """Return the number."""
        return self._column


class DateField(Field):
    """A column of moments; filters spell them as ISO 8601 texts, without a zone in UTC."""

    def __init__(self, column: ColumnElement[Any]) -> None:
        self._column = column

    def equals(self, value: Any) -> Condition:
        """Hold where the moment is `value`; None means that there is none."""
        return self._column.is_(None) if value is None else self._column == moment(value)

    def compare(self, operator: Comparison, value: Any) -> Condition:
        """Hold where the moment is so ordered."""
        if value is None:
            return self._column.is_(None) if operator in ("$gte", "$lte") else sa.false()
        return ordered(self._column, operator, moment(value))

    def exists(self) -> Condition:
        """Hold where there is a moment."""
        return self._column.is_not(None)

    def sort_value(self) -> ColumnElement[Any]:
        """Return the moment."""
        return self._column


class FlagField(Field):
    """A fact that holds or does not, such as `tags.NAME`; where it does not hold, it counts as missing."""

    def __init__(self, holds: Condition) -> None:
        self._holds = holds

    def equals(self, value: Any) -> Condition:
        """Hold where the fact is as `value` says: True, or False or None."""
        if value is True:
            return self._holds
        return sa.not_(self._holds) if value is None or value is False else sa.false()

    def compare(self, operator: Comparison, value: Any) -> Condition:
        """Refuse: a fact has no order."""
        raise FilterSyntaxError(
            f"{operator} has no meaning for a key that is there or not; use true, false or $exists"
        )

    def exists(self) -> Condition:
        """Hold where the fact holds."""
        return self._holds

    def sort_value(self) -> ColumnElement[Any]:
        """Return 1 where the fact holds."""
        return sa.case((self._holds, 1), else_=None)


class JsonField(Field):
    """A value inside a JSON column, with its JSON type."""

    def __init__(self, kind: ColumnElement[Any], value: ColumnElement[Any]) -> None:
        """Take the SQL of the JSON type's name (NULL where the value is missing) and of the value."""
        self._kind = kind
        self._value = value

    def equals(self, value: Any) -> Condition:
        """Hold where the value is `value`, or a list that is it or has it; None means null or missing."""
        if value is None:
            return sa.or_(self._kind.is_(None), self._kind == "null", self._some_element("null", None))
        if isinstance(value, (list, dict)):
            kind = "array" if isinstance(value, list) else "object"
            whole = sa.and_(self._kind == kind, _same(self._value, value))
            return sa.or_(whole, self._some_element(kind, value))
        return sa.or_(_scalar_equals(self._kind, self._value, value), self._some_element("", value))

    def is_in(self, values: Sequence[Any]) -> Condition:
        """Hold where the value equals one of `values`; a bound parameter per type however many there are."""
        texts = [value for value in values if isinstance(value, str)]
        numbers = [bound(value) for value in values if is_finite(value)]
        others = [value for value in values if not isinstance(value, str) and not is_finite(value)]
        elements = self._elements()
        return sa.or_(
            _scalar_is_in(self._kind, self._value, texts, numbers),
            self._any(elements, _scalar_is_in(elements.c.type, elements.c.value, texts, numbers)),
            *(self.equals(value) for value in others),
        )

    def compare(self, operator: Comparison, value: Any) -> Condition:
        """Hold where the value, or an element of the list that it is, is so ordered."""
        if value is None:
            return self.equals(None) if operator in ("$gte", "$lte") else sa.false()
        elements = self._elements()
        return sa.or_(
            _scalar_compare(self._kind, self._value, operator, value),
            self._any(elements, _scalar_compare(elements.c.type, elements.c.value, operator, value)),
        )

    def exists(self) -> Condition:
        """Hold where the key is there, with null too."""
        return self._kind.is_not(None)

    def matches(self, pattern: str) -> Condition:
        """Hold where `pattern` matches in the text, or in a text of the list."""
        elements = self._elements()
        return sa.or_(
            sa.and_(self._kind == "text", sa.func.wandkit_regex(pattern, self._value) == 1),
            self._any(
                elements,
                sa.and_(elements.c.type == "text", sa.func.wandkit_regex(pattern, elements.c.value) == 1),
            ),
        )

    def contains(self, value: Any) -> Condition:
        """Hold where the list has the element `value`, or the text has it in it."""
        kind = "array" if isinstance(value, list) else "object" if isinstance(value, dict) else ""
        element = self._some_element("null" if value is None else kind, value)
        if not isinstance(value, str):
            return element
        return sa.or_(sa.and_(self._kind == "text", sa.func.instr(self._value, value) > 0), element)

    def size(self, count: int) -> Condition:
        """Hold where the value is a list of `count` elements."""
        return sa.and_(self._kind == "array", sa.func.json_array_length(self._array()) == count)

    def sort_value(self) -> ColumnElement[Any]:
        """Return the scalar: infinities as numbers; NaN, null, lists and objects as nothing."""
        return sa.case(
            (sa.or_(_is_number(self._kind), _is_boolean(self._kind)), self._value),
            (sa.and_(self._kind == "text", self._value == "Infinity"), sa.literal(math.inf)),
            (sa.and_(self._kind == "text", self._value == "-Infinity"), sa.literal(-math.inf)),
            (sa.and_(self._kind == "text", self._value != "NaN"), self._value),
            else_=None,
        )

    def _array(self) -> ColumnElement[Any]:
        return sa.case((self._kind == "array", self._value), else_="[]")

    def _elements(self) -> Any:
        return sa.func.json_each(self._array()).table_valued("value", "type", name=None)

    def _any(self, elements: Any, condition: Condition) -> Condition:
        return sa.and_(
            self._kind == "array", sa.exists(sa.select(sa.literal(1)).select_from(elements).where(condition))
        )

    def _some_element(self, kind: str, value: Any) -> Condition:
        elements = self._elements()
        if value is None:
            return self._any(elements, elements.c.type == "null")
        if kind:
            return self._any(elements, sa.and_(elements.c.type == kind, _same(elements.c.value, value)))
        return self._any(elements, _scalar_equals(elements.c.type, elements.c.value, value))


def listed(values: Sequence[Any]) -> sa.Select[tuple[Any]]:
    """Return values as a subquery with one bound parameter."""
    return sa.select(sa.func.json_each(json.dumps(list(values))).table_valued("value", name=None).c.value)


def ordered(left: ColumnElement[Any], operator: Comparison, right: Any) -> Condition:
    """Return the comparison of `left` with `right`."""
    return _COMPARISONS[operator](left, right)


def is_number(value: object) -> bool:
    """Return whether `value` is a JSON number; booleans are not."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_finite(value: object) -> bool:
    """Return whether `value` is a number that JSON can hold."""
    return (isinstance(value, int) and not isinstance(value, bool)) or (
        isinstance(value, float) and math.isfinite(value)
    )


def bound(value: Any) -> Any:
    """Return the number as SQLite can take it."""
    return float(value) if isinstance(value, int) and not -_INT64 <= value < _INT64 else value


def moment(value: Any) -> str:
    """Return the moment that a filter spells as an ISO 8601 text or as seconds since 1970, as it is stored.

    Raises:
        FilterSyntaxError: It is neither.
    """
    said: Any = value["$date"] if is_object(value) and set(value) == {"$date"} else value
    try:
        if is_number(said):
            seconds = said / 1000 if abs(said) > 1e11 else said
            return timestamp(dt.datetime.fromtimestamp(seconds, dt.timezone.utc))
        if isinstance(said, str):
            return timestamp(_parse_iso(said))
    except (ValueError, OverflowError, OSError):
        pass
    raise FilterSyntaxError(f"{said!r} is not a date; write it like 2024-05-31T12:00:00")


def _parse_iso(text: str) -> dt.datetime:
    text = text.strip().replace("Z", "+00:00").replace("z", "+00:00")
    if len(text) in (4, 7):
        text += "-01-01"[: 10 - len(text)] if len(text) == 4 else "-01"
    head, dot, rest = text.partition(".")
    if dot:  # older Pythons take three or six digits only
        digits = len(rest) - len(rest.lstrip("0123456789"))
        text = f"{head}.{rest[:digits][:6].ljust(6, '0')}{rest[digits:]}"
    return dt.datetime.fromisoformat(text)


def _scalar_equals(kind: ColumnElement[Any], stored: ColumnElement[Any], value: Any) -> Condition:
    if isinstance(value, bool):
        return kind == ("true" if value else "false")
    if isinstance(value, str):
        return sa.and_(kind == "text", stored == value)
    if not is_number(value):
        raise FilterSyntaxError(f"{value!r} is no JSON value")
    if math.isnan(value):  # JSON has no NaN: it is stored as null or by its name
        return sa.or_(kind == "null", sa.and_(kind == "text", stored == "NaN"))
    equal = sa.and_(_is_number(kind), stored == bound(value))
    if math.isinf(value):
        return sa.or_(equal, sa.and_(kind == "text", stored == ("Infinity" if value > 0 else "-Infinity")))
    return equal


def _scalar_is_in(
    kind: ColumnElement[Any], stored: ColumnElement[Any], texts: Sequence[str], numbers: Sequence[float]
) -> Condition:
    return sa.or_(
        sa.and_(kind == "text", stored.in_(listed(texts))),
        sa.and_(_is_number(kind), stored.in_(listed(numbers))),
    )


def _scalar_compare(
    kind: ColumnElement[Any], stored: ColumnElement[Any], operator: Comparison, value: Any
) -> Condition:
    if isinstance(value, bool):
        return sa.and_(_is_boolean(kind), ordered(stored, operator, int(value)))
    if isinstance(value, str):
        return sa.and_(kind == "text", ordered(stored, operator, value))
    if not is_number(value):
        raise FilterSyntaxError(f"{operator} compares with a number, a text or a boolean, not with {value!r}")
    if math.isnan(value):
        return sa.false()
    return sa.and_(_is_number(kind), ordered(stored, operator, bound(value)))


def _is_number(kind: ColumnElement[Any]) -> Condition:
    return sa.or_(kind == "integer", kind == "real")


def _is_boolean(kind: ColumnElement[Any]) -> Condition:
    return sa.or_(kind == "true", kind == "false")


def _same(stored: ColumnElement[Any], value: Any) -> Condition:
    return sa.func.wandkit_same(stored, json.dumps(value)) == 1
