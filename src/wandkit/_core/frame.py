"""Frames from history rows: pandas, polars and Arrow, each loaded only when somebody asks for it.

Rows are dicts; a column is there for every name that any row has, in the order of first sight. A column that
holds texts and numbers alike becomes one of JSON texts in Arrow and polars, so that no value is lost.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

from wandkit._core.history import Row, decode_rows, has_non_finite_text, restore_numbers
from wandkit.errors import MissingExtraError

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

__all__ = [
    "arrow_from_rows",
    "arrow_from_texts",
    "columns_from",
    "columns_of",
    "concat_arrow",
    "has_library",
    "load_library",
    "pandas_from_rows",
    "polars_from_rows",
]

EXTRAS = {"pandas": "pandas", "polars": "polars", "pyarrow": "arrow"}


def load_library(name: str) -> Any:
    """Import pandas, polars or pyarrow.

    Raises:
        MissingExtraError: It is not installed; names the extra that brings it.
    """
    try:
        return import_module(name)
    except ImportError as error:
        extra = EXTRAS[name.partition(".")[0]]
        raise MissingExtraError(
            f"this needs {name.partition('.')[0]}, which is not installed",
            next_step=f"Run: python -m pip install 'wandkit[{extra}]'",
        ) from error


def has_library(name: str) -> bool:
    """Whether pandas, polars or pyarrow can be imported."""
    try:
        import_module(name)
    except ImportError:
        return False
    return True


def columns_of(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the names of all columns in the order of first sight."""
    names: dict[str, None] = {}
    known = names.keys()
    for row in rows:
        if row.keys() - known:
            names.update(dict.fromkeys(row))
    return list(names)


def columns_from(rows: Sequence[Row], names: Sequence[str]) -> dict[str, Sequence[Any]]:
    """Return the values of each column; None where a row has none."""
    wanted = tuple(names)
    if rows and all(tuple(row) == wanted for row in rows):
        return dict(zip(wanted, zip(*[row.values() for row in rows], strict=True), strict=True))
    return {name: [row.get(name) for row in rows] for name in names}


def pandas_from_rows(rows: Sequence[Row], columns: Sequence[str] | None = None) -> pandas.DataFrame:
    """Return a pandas frame with one row per row; missing values are NaN or None."""
    library: Any = load_library("pandas")
    names = list(columns) if columns is not None else columns_of(rows)
    frame: pandas.DataFrame = library.DataFrame(columns_from(rows, names), columns=names)
    return frame


def polars_from_rows(rows: Sequence[Row], columns: Sequence[str] | None = None) -> polars.DataFrame:
    """Return a polars frame with one row per row; missing values are null, NaN stays NaN."""
    library: Any = load_library("polars")
    names = list(columns) if columns is not None else columns_of(rows)
    found = columns_from(rows, names)
    frame: polars.DataFrame = library.DataFrame(
        [_polars_series(library, name, found[name]) for name in names]
    )
    return frame


def arrow_from_rows(rows: Sequence[Row], columns: Sequence[str] | None = None) -> pyarrow.Table:
    """Return an Arrow table with one row per row; missing values are null, NaN stays NaN."""
    arrow: Any = load_library("pyarrow")
    names = list(columns) if columns is not None else columns_of(rows)
    found = columns_from(rows, names)
    table: pyarrow.Table = arrow.table({name: _arrow_array(arrow, found[name]) for name in names})
    return table


def _kinds(values: Sequence[Any]) -> set[type]:
    """The types of the values that are there."""
    kinds: set[type] = {type(value) for value in values}
    return kinds - {type(None)}


def _polars_series(polars: Any, name: str, values: Sequence[Any]) -> Any:
    kinds = _kinds(values)
    if kinds == {int, float}:
        floats = [None if value is None else float(value) for value in values]
        return polars.Series(name, floats, dtype=polars.Float64)
    if len(kinds) > 1:
        return polars.Series(name, _as_texts(values), dtype=polars.String)
    try:
        return polars.Series(name, values)
    except (polars.exceptions.PolarsError, TypeError, OverflowError):
        return polars.Series(name, _as_texts(values), dtype=polars.String)


def _arrow_array(arrow: Any, values: Sequence[Any]) -> Any:
    if _kinds(values) == {int, float}:
        floats = [None if value is None else float(value) for value in values]
        return arrow.array(floats, type=arrow.float64())
    try:
        return arrow.array(values, from_pandas=False)
    except (arrow.ArrowException, TypeError, OverflowError):
        return arrow.array(_as_texts(values), type=arrow.string())


def _as_texts(values: Iterable[Any]) -> list[str | None]:
    """Texts stay, everything else becomes JSON."""
    return [value if value is None or isinstance(value, str) else to_json(value).decode() for value in values]


def arrow_from_texts(texts: Sequence[str]) -> pyarrow.Table:
    """Return an Arrow table from the JSON texts of rows, without making a dict per row."""
    arrow: Any = load_library("pyarrow")
    lines = "\n".join(texts)
    if has_non_finite_text(lines):
        lines = restore_numbers(lines)
    if not texts or lines.count("\n") != len(texts) - 1:
        return arrow_from_rows(decode_rows(texts))
    try:
        table: pyarrow.Table = _read_lines(arrow, lines.encode())
    except arrow.ArrowInvalid:
        return arrow_from_rows(decode_rows(texts))
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
            texts = arrow.array(_as_texts(table.column(position).to_pylist()), type=arrow.string())
            table = table.set_column(position, name, texts)
    return table
