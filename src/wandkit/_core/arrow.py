"""Arrow tables in bulk: from the JSON texts of rows, and from tables of different columns.

A column that holds texts and numbers alike becomes one of JSON texts, so that no value is lost.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from wandkit._core.frame import as_texts, columns_from, load_library
from wandkit._core.history import decode_rows, has_non_finite_text, restore_numbers

if TYPE_CHECKING:
    import pyarrow

__all__ = ["arrow_from_texts", "concat_arrow"]


def arrow_from_texts(texts: Sequence[str]) -> pyarrow.Table:
    """Return an Arrow table from the JSON texts of rows, without making a dict per row."""
    arrow: Any = load_library("pyarrow")
    lines = "\n".join(texts)
    if has_non_finite_text(lines):
        lines = restore_numbers(lines)
    if not texts or lines.count("\n") != len(texts) - 1:
        return columns_from(decode_rows(texts)).to_arrow()
    try:
        table: pyarrow.Table = _read_lines(arrow, lines.encode())
    except arrow.ArrowInvalid:
        return columns_from(decode_rows(texts)).to_arrow()
    return table


def _read_lines(arrow: Any, data: bytes) -> Any:
    """Read newline-delimited JSON; texts that look like dates stay texts, by a second reading."""
    reader: Any = load_library("pyarrow.json")
    block = reader.ReadOptions(block_size=max(1 << 20, len(data) // 8))
    table = reader.read_json(io.BytesIO(data), read_options=block)
    fixed = [(field.name, _without_dates(arrow, field.type)) for field in table.schema]
    if all(kind == field.type for (_, kind), field in zip(fixed, table.schema, strict=True)):
        return table
    options = reader.ParseOptions(explicit_schema=arrow.schema(fixed))
    return reader.read_json(io.BytesIO(data), read_options=block, parse_options=options)


def _without_dates(arrow: Any, kind: Any) -> Any:
    if arrow.types.is_temporal(kind):
        return arrow.string()
    if arrow.types.is_list(kind):
        return arrow.list_(_without_dates(arrow, kind.value_type))
    if arrow.types.is_struct(kind):
        return arrow.struct([(field.name, _without_dates(arrow, field.type)) for field in kind])
    return kind


def concat_arrow(tables: Sequence[pyarrow.Table]) -> pyarrow.Table:
    """Join tables below each other: all columns, integers widened to floats, clashing types to texts."""
    arrow: Any = load_library("pyarrow")
    filled = [table for table in tables if table.num_columns]
    try:
        whole: pyarrow.Table = _stacked(arrow, filled)
    except (arrow.ArrowInvalid, arrow.ArrowTypeError, arrow.ArrowNotImplementedError):
        clashing = _clashing(arrow, filled)
        whole = _stacked(arrow, [_texts_in(arrow, table, clashing) for table in filled])
    return whole


def _stacked(arrow: Any, tables: Sequence[Any]) -> Any:
    return arrow.concat_tables(tables, promote_options="permissive") if tables else arrow.table({})


def _clashing(arrow: Any, tables: Sequence[Any]) -> set[str]:
    found: set[str] = set()
    for name in {field.name for table in tables for field in table.schema}:
        fields = [arrow.schema([table.schema.field(name)]) for table in tables if name in table.schema.names]
        try:
            arrow.unify_schemas(fields, promote_options="permissive")
        except (arrow.ArrowInvalid, arrow.ArrowTypeError, arrow.ArrowNotImplementedError):
            found.add(name)
    return found


def _texts_in(arrow: Any, table: Any, names: set[str]) -> Any:
    for position, name in enumerate(table.schema.names):
        if name in names:
            texts = arrow.array(as_texts(table.column(position).to_pylist()), type=arrow.string())
            table = table.set_column(position, name, texts)
    return table
