"""A filter document, turned into one SQL condition.

Logic ($and, $or, $nor, $not) is here; what a comparison means for a key is the field's business. Mongo's
rules: several keys in one document are joined by AND, a plain value means equality, a negation also holds
where the key is missing. Lists of conditions may hold null, which is left out, and may be empty, which asks
for nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement

from wandkit.server.filtering.errors import FilterSyntaxError
from wandkit.server.filtering.fields import Comparison, Field
from wandkit.server.filtering.functions import check_pattern
from wandkit.server.shapes import is_list, is_object

__all__ = ["OPERATORS", "FieldLookup", "compile_filter", "compile_filter_text"]

Condition = ColumnElement[bool]
FieldLookup = Callable[[str], Field]

LOGIC = ("$and", "$or", "$nor", "$not")
OPERATORS = (
    "$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$exists",
    "$regex", "$options", "$not", "$contains", "$size", "$all",
)  # fmt: skip

_COMPARISONS: dict[str, Comparison] = {"$gt": "$gt", "$gte": "$gte", "$lt": "$lt", "$lte": "$lte"}
_MAX_DEPTH = 40
_MAX_CONDITIONS = 500
_FLAT = 100
_FLAGS = frozenset("ims")


def compile_filter_text(text: str | None, lookup: FieldLookup) -> Condition:
    """Return the condition of a filter as the wire carries it: JSON text, empty or null for none.

    Raises:
        FilterSyntaxError: It is not JSON, or not a filter.
    """
    if text is None or not text.strip():
        return sa.true()
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FilterSyntaxError(f"filters is not JSON: {error}") from None
    return sa.true() if document is None else compile_filter(document, lookup)


def compile_filter(document: Any, lookup: FieldLookup) -> Condition:
    """Return the condition of a filter document; `lookup` finds the field of a key.

    Raises:
        FilterSyntaxError: An unknown operator or key, or a value that the operator cannot use.
    """
    return _Compiler(lookup).document(document, 0)


class _Compiler:
    def __init__(self, lookup: FieldLookup) -> None:
        self._lookup = lookup
        self._count = 0

    def document(self, document: Any, depth: int) -> Condition:
        if not is_object(document):
            raise FilterSyntaxError(f"a filter is an object of keys and conditions, not {_shown(document)}")
        if depth > _MAX_DEPTH:
            raise FilterSyntaxError(f"the filter is nested deeper than {_MAX_DEPTH}")
        return _joined(sa.and_, [self._entry(key, value, depth + 1) for key, value in document.items()])

    def _entry(self, key: str, value: Any, depth: int) -> Condition:
        self._count += 1
        if self._count > _MAX_CONDITIONS:
            raise FilterSyntaxError(
                f"the filter has more than {_MAX_CONDITIONS} conditions; use $in for long lists"
            )
        if key in LOGIC:
            return self._logic(key, value, depth)
        if key.startswith("$"):
            raise _unknown(key, LOGIC)
        return self._conditions(self._lookup(key), value, depth)

    def _logic(self, operator: str, value: Any, depth: int) -> Condition:
        if operator == "$not":
            return _negated(self.document(value, depth))
        if not is_list(value):
            raise FilterSyntaxError(f"{operator} takes a list of filters, not {_shown(value)}")
        documents = [part for part in value if part is not None]
        if not documents:
            return sa.true()
        if operator == "$and":
            return _joined(sa.and_, [self.document(part, depth) for part in documents])
        any_of = _joined(sa.or_, [self.document(part, depth) for part in _gathered(documents)])
        return any_of if operator == "$or" else _negated(any_of)

    def _conditions(self, field: Field, value: Any, depth: int) -> Condition:
        if not is_object(value) or not any(key.startswith("$") for key in value) or set(value) == {"$date"}:
            return field.equals(value)
        if "$options" in value and "$regex" not in value:
            raise FilterSyntaxError("$options belongs to a $regex beside it")
        if depth > _MAX_DEPTH:
            raise FilterSyntaxError(f"the filter is nested deeper than {_MAX_DEPTH}")
        pairs = [(operator, operand) for operator, operand in value.items() if operator != "$options"]
        options = value.get("$options", "")
        return _joined(sa.and_, [self._apply(field, *pair, options, depth + 1) for pair in pairs])

    def _apply(self, field: Field, operator: str, operand: Any, options: Any, depth: int) -> Condition:
        if operator == "$eq":
            return field.equals(operand)
        if operator == "$ne":
            return _negated(field.equals(operand))
        if operator in _COMPARISONS:
            return field.compare(_COMPARISONS[operator], operand)
        if operator in ("$in", "$nin"):
            found = field.is_in(_list(operator, operand))
            return found if operator == "$in" else _negated(found)
        if operator == "$exists":
            return field.exists() if operand else _negated(field.exists())
        if operator == "$regex":
            return field.matches(_pattern(operand, options))
        if operator == "$not":
            return _negated(self._conditions(field, operand, depth))
        if operator == "$contains":
            return field.contains(operand)
        if operator == "$size":
            return field.size(_count(operand))
        if operator == "$all":
            wanted = _list(operator, operand)
            return _joined(sa.and_, [field.equals(value) for value in wanted]) if wanted else sa.false()
        raise _unknown(operator, OPERATORS)


def _gathered(documents: Sequence[Any]) -> list[Any]:
    """Return the alternatives with those that ask for values of one key as one list of values.

    before:  [{"name": "a"}, {"name": "b"}, {"state": "failed"}]
    after:   [{"name": {"$in": ["a", "b"]}}, {"state": {"$in": ["failed"]}}]
    """
    values: dict[str, list[Any]] = {}
    others: list[Any] = []
    for document in documents:
        key, value = _only_entry(document)
        if key.startswith("$") or isinstance(value, (dict, list)):
            others.append(document)
        else:
            values.setdefault(key, []).append(value)
    return [*({key: {"$in": listed}} for key, listed in values.items()), *others]


def _only_entry(document: Any) -> tuple[str, Any]:
    """Return the entry of a filter of one; what is no such filter counts as an operator."""
    return next(iter(document.items())) if is_object(document) and len(document) == 1 else ("$", None)


def _negated(condition: Condition) -> Condition:
    return sa.func.coalesce(condition, sa.false()) == sa.false()


def _joined(join: Callable[..., Condition], parts: Sequence[Condition]) -> Condition:
    """Join conditions as a tree of bounded width, because SQLite bounds the depth of an expression."""
    if not parts:
        return sa.true()
    level = list(parts)
    while len(level) > _FLAT:
        groups = [level[start : start + _FLAT] for start in range(0, len(level), _FLAT)]
        level = [sa.func.coalesce(join(*group), sa.false()) == sa.true() for group in groups]
    return join(*level)


def _pattern(operand: Any, options: Any) -> str:
    if not isinstance(operand, str):
        raise FilterSyntaxError(f"$regex takes a text, not {_shown(operand)}")
    if not isinstance(options, str) or not set(options) <= _FLAGS:
        raise FilterSyntaxError(f"$options takes the letters i, m and s, not {_shown(options)}")
    pattern = f"(?{''.join(sorted(set(options)))}){operand}" if options else operand
    check_pattern(pattern)
    return pattern


def _list(operator: str, operand: Any) -> list[Any]:
    if not is_list(operand):
        raise FilterSyntaxError(f"{operator} takes a list, not {_shown(operand)}")
    return operand


def _count(operand: Any) -> int:
    if (
        isinstance(operand, bool)
        or not isinstance(operand, (int, float))
        or operand != int(operand)
        or operand < 0
    ):
        raise FilterSyntaxError(f"$size takes a whole number, not {_shown(operand)}")
    return int(operand)


def _unknown(operator: str, known: Sequence[str]) -> FilterSyntaxError:
    return FilterSyntaxError(f"unknown operator {operator!r}; known here: {', '.join(known)}")


def _shown(value: Any) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 80 else f"{text[:77]}..."
