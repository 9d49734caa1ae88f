"""Pages of a listing: keyset cursors that stay where they are when rows are added before them.

A cursor is opaque: it holds the place of its row in the order, so no page is found by counting.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLResolveInfo,
    SelectionSetNode,
)
from sqlalchemy import ColumnElement, Select
from sqlalchemy.orm import Session

from wandkit.server.filtering.order import Ordering, SortKey
from wandkit.server.permissions import Refusal
from wandkit.server.shapes import is_list

__all__ = ["by_id", "page", "page_of_list", "selected"]

DEFAULT_PAGE_SIZE = 50


def by_id(column: ColumnElement[Any], *, descending: bool = False) -> Ordering:
    """Return the order of a unique, never changing number."""
    return Ordering((SortKey(column, descending, nullable=False),))


def page(
    session: Session,
    statement: Select[Any],
    ordering: Ordering,
    arguments: Mapping[str, Any],
    *,
    max_size: int,
    default_size: int = DEFAULT_PAGE_SIZE,
) -> dict[str, Any]:
    """Return the page that `first`, `after`, `before` and `last` ask for, as a connection.

    Args:
        session: The open session.
        statement: Selects one entity, filtered but not ordered.
        ordering: The total order.
        arguments: The field's arguments; others than the four are ignored.
        max_size: The most edges of one page.
        default_size: The number of edges where none is asked for.
    """
    backwards = arguments.get("last") is not None and arguments.get("first") is None
    wanted = arguments.get("last") if backwards else arguments.get("first")
    size = min(default_size if wanted is None else wanted, max_size)
    if size < 0:
        raise Refusal(f"a page of {size} is not possible")
    after, before = arguments.get("after"), arguments.get("before")
    if after:
        statement = statement.where(ordering.after(_place(after, ordering)))
    if before:
        statement = statement.where(ordering.before(_place(before, ordering)))
    rows: Sequence[Any] = session.execute(
        statement.add_columns(*ordering.expressions)
        .order_by(*ordering.clauses(reverse=backwards))
        .limit(size + 1)
    ).all()
    more = len(rows) > size
    shown = list(rows[:size])
    if backwards:
        shown.reverse()
    edges = [{"node": row[0], "cursor": _cursor(row[1:])} for row in shown]
    return {
        "edges": edges,
        "pageInfo": {
            "startCursor": edges[0]["cursor"] if edges else None,
            "endCursor": edges[-1]["cursor"] if edges else None,
            "hasNextPage": bool(before) if backwards else more,
            "hasPreviousPage": more if backwards else bool(after),
        },
    }


def page_of_list(items: Sequence[Any], arguments: Mapping[str, Any], *, max_size: int) -> dict[str, Any]:
    """Return one page of a list that is in memory, as a connection with `arrayconnection:N` cursors."""
    start = 0
    if arguments.get("after"):
        start = _position(arguments["after"]) + 1
    wanted = arguments.get("first")
    end = min(len(items), start + min(max_size if wanted is None else max(wanted, 0), max_size))
    edges = [
        {"node": items[place], "cursor": base64.b64encode(f"arrayconnection:{place}".encode()).decode()}
        for place in range(start, end)
    ]
    return {
        "edges": edges,
        "totalCount": len(items),
        "pageInfo": {
            "startCursor": edges[0]["cursor"] if edges else None,
            "endCursor": edges[-1]["cursor"] if edges else None,
            "hasNextPage": end < len(items),
            "hasPreviousPage": start > 0,
        },
    }


def selected(info: GraphQLResolveInfo, *path: str) -> frozenset[str]:
    """Return the names of the fields asked for under the path below this field, e.g. `("edges", "node")`.

    Fragments are looked into whatever their conditions, so the answer may hold more than is sent, never less.
    """
    level = [node.selection_set for node in info.field_nodes if node.selection_set]
    for name in path:
        level = [
            field.selection_set
            for field in _fields(level, info.fragments)
            if field.name.value == name and field.selection_set
        ]
    return frozenset(field.name.value for field in _fields(level, info.fragments))


def _fields(
    sets: Sequence[SelectionSetNode], fragments: Mapping[str, FragmentDefinitionNode]
) -> list[FieldNode]:
    found: list[FieldNode] = []
    for selection_set in sets:
        for node in selection_set.selections:
            if isinstance(node, FieldNode):
                found.append(node)
            elif isinstance(node, FragmentSpreadNode):
                found.extend(_fields([fragments[node.name.value].selection_set], fragments))
            else:
                found.extend(_fields([node.selection_set], fragments))  # type: ignore[attr-defined]
    return found


def _cursor(values: Sequence[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(list(values), separators=(",", ":")).encode()).decode()


def _place(cursor: str, ordering: Ordering) -> list[Any]:
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor))
    except ValueError:
        values = None
    scalars = (str, int, float, type(None))
    if (
        not is_list(values)
        or len(values) != len(ordering.keys)
        or not all(isinstance(value, scalars) for value in values)
    ):
        raise Refusal(f"invalid cursor {cursor!r}: use one that this listing gave, with the same order")
    return values


def _position(cursor: str) -> int:
    try:
        kind, _, place = base64.b64decode(cursor, validate=True).decode().partition(":")
        if kind == "arrayconnection":
            return int(place)
    except ValueError:
        pass
    raise Refusal(f"invalid cursor {cursor!r}: use one that this listing gave")
