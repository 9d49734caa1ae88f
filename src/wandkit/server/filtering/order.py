"""An order such as "-summary_metrics.loss", turned into sort expressions and conditions for cursors.

Rows without the key come last in both directions, and equal rows are ordered by their id, so that the order
is total and a cursor stays where it is when rows are added before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement, UnaryExpression

from wandkit.server.filtering.errors import FilterSyntaxError
from wandkit.server.filtering.operators import FieldLookup

__all__ = ["Ordering", "SortKey", "compile_order"]


@dataclass(frozen=True)
class SortKey:
    """One sort expression and its direction; SQL NULL comes last in both."""

    expression: ColumnElement[Any]
    descending: bool
    nullable: bool = True


@dataclass(frozen=True)
class Ordering:
    """A total order of rows.

    A page after a cursor: select `expressions` beside the row, keep the last row's values in the cursor, and
    ask for the rows `after` them.
    """

    keys: tuple[SortKey, ...]

    @property
    def expressions(self) -> list[ColumnElement[Any]]:
        """What to select, so that a row's place in the order can be kept in a cursor."""
        return [key.expression for key in self.keys]

    def clauses(self, *, reverse: bool = False) -> list[UnaryExpression[Any]]:
        """Return what goes into ORDER BY; `reverse` reads the order from its end."""
        clauses: list[UnaryExpression[Any]] = []
        for key in self.keys:
            if key.nullable:
                missing = key.expression.is_(None)
                clauses.append(missing.desc() if reverse else missing.asc())
            clauses.append(key.expression.desc() if key.descending != reverse else key.expression.asc())
        return clauses

    def after(self, values: Sequence[Any]) -> ColumnElement[bool]:
        """Return the condition of the rows that come after the row with these values of `expressions`."""
        return self._beyond(values, reverse=False)

    def before(self, values: Sequence[Any]) -> ColumnElement[bool]:
        """Return the condition of the rows that come before the row with these values of `expressions`."""
        return self._beyond(values, reverse=True)

    def _beyond(self, values: Sequence[Any], *, reverse: bool) -> ColumnElement[bool]:
        if len(values) != len(self.keys):
            raise FilterSyntaxError("the cursor belongs to another order")
        found: ColumnElement[bool] = sa.false()
        for key, value in reversed(list(zip(self.keys, values, strict=True))):
            same = key.expression.is_(None) if value is None else key.expression == value
            found = sa.or_(_further(key, value, reverse=reverse), sa.and_(same, found))
        return found


def compile_order(order: str | None, lookup: FieldLookup, tiebreak: ColumnElement[Any]) -> Ordering:
    """Return the order that the text `+key`, `-key` or `key` (ascending) asks for; empty for newest first.

    Args:
        order: The text as the wire carries it.
        lookup: Finds the field of a key.
        tiebreak: The unique column that orders equal rows, in the direction of the key.

    Raises:
        FilterSyntaxError: The key is unknown.
    """
    text = (order or "").strip() or "-createdAt"
    descending = text.startswith("-")
    key = text[1:] if text[0] in "+-" else text
    if not key:
        raise FilterSyntaxError(f"order {order!r} names no key; write it like -created_at or +config.lr")
    value = lookup(key).sort_value()
    return Ordering((SortKey(value, descending), SortKey(tiebreak, descending, nullable=False)))


def _further(key: SortKey, value: Any, *, reverse: bool) -> ColumnElement[bool]:
    """Return the condition of a strictly later place in the order of one key; missing values come last."""
    expression = key.expression
    if value is None:
        return expression.is_not(None) if reverse else sa.false()
    later = expression < value if key.descending != reverse else expression > value
    return sa.or_(later, expression.is_(None)) if key.nullable and not reverse else later
