"""Frames from history rows: pandas, polars and Arrow, each loaded only when somebody asks for it.

Rows are dicts; a column is there for every name that any row has, in the order of first sight. A column that
holds texts and numbers alike becomes one of JSON texts in Arrow and polars, so that no value is lost.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

from wandkit._core.history import Row, decode_rows, has_non_finite_text, restore_numbers
from wandkit.errors import MissingExtraError

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

__all__ = [
    "Columns",
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


class Columns:
    """Rows that become columns as they come, so that they need not be kept.

    Attributes:
        count: How many rows there are.
    """

    def __init__(self, names: Sequence[str] | None = None) -> None:
        """Start without rows.

        Args:
            names: The columns; None for every name that any row has, in the order of first sight.
        """
        self.count = 0
        self._fixed = names is not None
        self._columns: dict[str, list[Any]] = {name: [] for name in names or ()}

    def add(self, rows: Sequence[Row], **constant: Any) -> None:
        """Append rows; `constant` values are the same for all of them."""
        if not rows:
            return
        for name in constant:
            self._columns.setdefault(name, [None] * self.count)
        names = [name for name in self._columns if name not in constant]
        values = _uniform(rows, names)
        if values is None:
            if not self._fixed:
                for name in columns_of(rows):
                    self._columns.setdefault(name, [None] * self.count)
            values = {name: [row.get(name) for row in rows] for name in self._columns if name not in constant}
        for name, column in self._columns.items():
            column += [constant[name]] * len(rows) if name in constant else values[name]
        self.count += len(rows)

    @property
    def names(self) -> list[str]:
        """The names of the columns."""
        return list(self._columns)

    def sorted(self) -> Columns:
        """Return the same columns in alphabetical order."""
        ordered = Columns()
        ordered.count = self.count
        ordered._columns = {name: self._columns[name] for name in sorted(self._columns)}
        return ordered

    def to_pandas(self) -> pandas.DataFrame:
        """Return a pandas frame; missing values are NaN or None."""
        library: Any = load_library("pandas")
        columns = {name: _numpy_array(values) for name, values in self._columns.items()}
        frame: pandas.DataFrame = library.DataFrame(columns, columns=self.names)
        return frame

    def to_polars(self) -> polars.DataFrame:
        """Return a polars frame; missing values are null, NaN stays NaN."""
        library: Any = load_library("polars")
        series = [_polars_series(library, name, values) for name, values in self._columns.items()]
        frame: polars.DataFrame = library.DataFrame(series)
        return frame

    def to_arrow(self) -> pyarrow.Table:
        """Return an Arrow table; missing values are null, NaN stays NaN."""
        arrow: Any = load_library("pyarrow")
        arrays = {name: _arrow_array(arrow, values) for name, values in self._columns.items()}
        table: pyarrow.Table = arrow.table(arrays)
        return table


def columns_from(rows: Sequence[Row], names: Sequence[str] | None = None) -> Columns:
    """Return rows as columns: those of `names`, else all."""
    columns = Columns(names)
    columns.add(rows)
    return columns


def pandas_from_rows(rows: Sequence[Row], columns: Sequence[str] | None = None) -> pandas.DataFrame:
    """Return a pandas frame with one row per row; missing values are NaN or None."""
    return columns_from(rows, columns).to_pandas()


def polars_from_rows(rows: Sequence[Row], columns: Sequence[str] | None = None) -> polars.DataFrame:
    """Return a polars frame with one row per row; missing values are null, NaN stays NaN."""
    return columns_from(rows, columns).to_polars()


def arrow_from_rows(rows: Sequence[Row], columns: Sequence[str] | None = None) -> pyarrow.Table:
    """Return an Arrow table with one row per row; missing values are null, NaN stays NaN."""
    return columns_from(rows, columns).to_arrow()


def _uniform(rows: Sequence[Row], names: Sequence[str]) -> dict[str, list[Any]] | None:
    """The values of each column, where every row has these columns and no other; None elsewhere."""
    if {*map(len, rows)} != {len(names)}:
        return None
    try:
        return {name: list(map(itemgetter(name), rows)) for name in names}
    except KeyError:
        return None


def _numpy_array(values: list[Any]) -> Any:
    """Floats as an array, which pandas takes over as it is; anything else as it came."""
    if {*map(type, values)} != {float}:
        return values
    import numpy

    return numpy.fromiter(values, numpy.float64, len(values))


def _kinds(values: Sequence[Any]) -> set[type]:
    """The types of the values that are there."""
    kinds: set[type] = {*map(type, values)}
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
            texts = arrow.array(_as_texts(table.column(position).to_pylist()), type=arrow.string())
            table = table.set_column(position, name, texts)
    return table
