"""Mongo-style filters and orders, turned into SQL expressions.

    document ── operators.py ──► one boolean SQL expression
                    │ asks, per key
                    ▼
    run.py (which key means what) ──► fields.py (how a column or a JSON value compares)
    order  ── order.py ──► sort expressions, cursors

Nothing of a filter is ever pasted into SQL: values, JSON paths and patterns are bound parameters.
`functions.py` holds the SQLite functions that the expressions call; `install` registers them on a connection.
"""

from __future__ import annotations
