"""Static HTML for notebooks: no scripts, no frames, no requests."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib import import_module

__all__ = ["html_rows", "html_table", "show"]

_CELL = "text-align:left;vertical-align:top"
_LONGEST_CELL = 200


def html_table(rows: Mapping[str, object], *, hidden: bool = False, height: int | None = None) -> str:
    """Return a table with one row per name; with `hidden`, folded away until somebody opens it."""
    body = "".join(
        f'<tr><th style="{_CELL}">{_escape(name)}</th><td style="{_CELL}">{_cell(value)}</td></tr>'
        for name, value in rows.items()
    )
    return _frame(f"<table>{body}</table>", hidden, height)


def html_rows(columns: Sequence[str], rows: Sequence[Sequence[object]], more: str = "") -> str:
    """Return a table with a head and one line per row, and a note of what it leaves out."""
    head = "".join(f'<th style="{_CELL}">{_escape(column)}</th>' for column in columns)
    body = "".join(
        f"<tr>{''.join(f'<td style={_CELL!r}>{_cell(value)}</td>' for value in row)}</tr>" for row in rows
    )
    note = f"<p>{_escape(more)}</p>" if more else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{note}"


def show(text: str) -> bool:
    """Show HTML where a notebook is listening; False where there is none."""
    shell = sys.modules.get("IPython")
    if shell is None or shell.get_ipython() is None:
        return False
    notebook = import_module("IPython.display")
    notebook.display(notebook.HTML(text))
    return True


def _frame(table: str, hidden: bool, height: int | None) -> str:
    box = f'<div style="max-height:{int(height)}px;overflow:auto">{table}</div>' if height else table
    return f"<details><summary>Show</summary>{box}</details>" if hidden else box


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        value = value.isoformat(sep=" ", timespec="seconds")
    text = "" if value is None else str(value)
    if text.startswith(("https://", "http://")):
        link = _escape(text)
        return f'<a href="{link}">{link}</a>'
    shown = text if len(text) <= _LONGEST_CELL else text[:_LONGEST_CELL] + "…"
    return _escape(shown)


def _escape(text: str) -> str:
    from html import escape

    return escape(text)
