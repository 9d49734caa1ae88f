"""Frames from history rows: pandas, polars and Arrow, each loaded only when somebody asks for it.

Rows are dicts; a column is there for every name that any row has, in the order of first sight. A column that
holds texts and numbers alike becomes one of JSON texts in Arrow and polars, so that no value is lost.
In bulk, without rows: _core/arrow.py.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from wandkit._core.bulk import RowReader, Values
from wandkit._core.history import Row, decode_rows
from wandkit.errors import MissingExtraError

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

__all__ = [
    "Columns",
    "arrow_from_rows",
    "as_texts",
    "columns_from",
    "columns_of",
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
        self._columns = {name: Column() for name in names or ()}
        self._reader = RowReader()

    def add(self, rows: Sequence[Row], **constant: Any) -> None:
        """Append rows; `constant` values are the same for all of them."""
        if not rows:
            return
        self._make(constant)
        names = [name for name in self._columns if name not in constant]
        values: Mapping[str, Values] | None = _uniform(rows, names)
        if values is None:
            self._make([] if self._fixed else columns_of(rows))
            values = {name: [row.get(name) for row in rows] for name in self._columns}
        self._append(values, len(rows), constant)

    def add_texts(self, texts: Sequence[str], **constant: Any) -> None:
        """Append the rows in these JSON texts, in bulk where they are alike.

        Raises:
            AnswerError: A row is not a JSON object.
        """
        values = self._reader.read(texts)
        if values is None:
            rows = decode_rows(texts)
            self.add(rows, **constant)
            self._reader.learn(rows)
            return
        self._make(constant)
        self._make([] if self._fixed else values)
        lacking = [name for name in self._columns if name not in values and name not in constant]
        absent = dict.fromkeys(lacking, [None] * len(texts))
        self._append({**values, **absent}, len(texts), constant)

    def _append(self, values: Mapping[str, Values], count: int, constant: Mapping[str, Any]) -> None:
        for name, column in self._columns.items():
            column.add(Repeated(constant[name], count) if name in constant else values[name])
        self.count += count

    def _make(self, names: Iterable[str]) -> None:
        for name in names:
            if name not in self._columns:
                self._columns[name] = Column([None] * self.count)

    def sorted(self) -> Columns:
        """Return the same columns in alphabetical order."""
        ordered = Columns()
        ordered.count = self.count
        ordered._columns = {name: self._columns[name] for name in sorted(self._columns)}
        return ordered

    def to_pandas(self) -> pandas.DataFrame:
        """Return a pandas frame; missing values are NaN or None."""
        library: Any = load_library("pandas")
        columns = {name: column.to_pandas() for name, column in self._columns.items()}
        frame: pandas.DataFrame = library.DataFrame(columns, columns=list(columns))
        return frame

    def to_polars(self) -> polars.DataFrame:
        """Return a polars frame; missing values are null, NaN stays NaN."""
        library: Any = load_library("polars")
        series = [column.to_polars(library, name) for name, column in self._columns.items()]
        frame: polars.DataFrame = library.DataFrame(series)
        return frame

    def to_arrow(self) -> pyarrow.Table:
        """Return an Arrow table; missing values are null, NaN stays NaN."""
        library: Any = load_library("pyarrow")
        arrays = {name: column.to_arrow(library) for name, column in self._columns.items()}
        table: pyarrow.Table = library.table(arrays)
        return table


class Repeated(NamedTuple):
    """One value, many times over."""

    value: Any
    times: int


class Column:
    """The values of one column, block by block; blocks of floats and of integers are kept small."""

    def __init__(self, values: list[Any] | None = None) -> None:
        self._blocks: list[Values | Repeated] = []
        if values:
            self.add(values)

    def add(self, values: Values | Repeated) -> None:
        """Append values."""
        if not isinstance(values, list):
            self._blocks.append(values)
            return
        kinds = {*map(type, values)}
        block: Values = values
        if kinds == {float}:
            block = array("d", values)
        elif kinds == {int}:
            try:
                block = array("q", values)
            except OverflowError:
                block = values
        self._blocks.append(block)

    def to_pandas(self) -> Any:
        """Return what pandas takes over as it is, or a list."""
        numbers = self._numbers()
        if numbers is not None:
            return _numpy_view(numbers)
        repeated = [block for block in self._blocks if isinstance(block, Repeated)]
        if len(repeated) == len(self._blocks) and {type(block.value) for block in repeated} == {str}:
            return _repeated_texts(repeated)
        return self._values()

    def to_polars(self, polars: Any, name: str) -> Any:
        """Return a polars series."""
        numbers = self._numbers()
        if numbers is not None:
            return polars.Series(
                name, list(numbers), dtype=polars.Float64 if numbers.typecode == "d" else polars.Int64
            )
        values = self._values()
        if _kinds(values) == {int, float}:
            floats = [None if value is None else float(value) for value in values]
            return polars.Series(name, floats, dtype=polars.Float64)
        if len(_kinds(values)) > 1:
            return polars.Series(name, as_texts(values), dtype=polars.String)
        try:
            return polars.Series(name, values)
        except (polars.exceptions.PolarsError, TypeError, OverflowError):
            return polars.Series(name, as_texts(values), dtype=polars.String)

    def to_arrow(self, arrow: Any) -> Any:
        """Return an Arrow array."""
        numbers = self._numbers()
        if numbers is not None:
            kind = arrow.float64() if numbers.typecode == "d" else arrow.int64()
            return arrow.Array.from_buffers(kind, len(numbers), [None, arrow.py_buffer(numbers)])
        values = self._values()
        if _kinds(values) == {int, float}:
            floats = [None if value is None else float(value) for value in values]
            return arrow.array(floats, type=arrow.float64())
        try:
            return arrow.array(values, from_pandas=False)
        except (arrow.ArrowException, TypeError, OverflowError):
            return arrow.array(as_texts(values), type=arrow.string())

    def _numbers(self) -> array[Any] | None:
        """All values as one array of floats, or of integers; None where some are neither."""
        codes = {block.typecode if isinstance(block, array) else "" for block in self._blocks}
        if not codes or "" in codes:
            return None
        joined: array[Any] = array("d") if "d" in codes else array("q")
        for block in self._blocks:
            if isinstance(block, array):
                joined.extend(block if block.typecode == joined.typecode else map(float, block))
        return joined

    def _values(self) -> list[Any]:
        values: list[Any] = []
        for block in self._blocks:
            values.extend([block.value] * block.times if isinstance(block, Repeated) else block)
        return values


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


def as_texts(values: Iterable[Any]) -> list[str | None]:
    """Return values as texts: texts stay, None stays, everything else becomes JSON."""
    from pydantic_core import to_json

    return [value if value is None or isinstance(value, str) else to_json(value).decode() for value in values]


def _uniform(rows: Sequence[Row], names: Sequence[str]) -> dict[str, list[Any]] | None:
    """The values of each column, where every row has these columns and no other; None elsewhere."""
    if {*map(len, rows)} != {len(names)}:
        return None
    try:
        return {name: list(map(itemgetter(name), rows)) for name in names}
    except KeyError:
        return None


def _numpy_view(numbers: array[Any]) -> Any:
    """The same memory as a numpy array."""
    import numpy

    return numpy.frombuffer(numbers, numpy.float64 if numbers.typecode == "d" else numpy.int64)


def _repeated_texts(blocks: Sequence[Repeated]) -> Any:
    """Texts as pandas holds them; each is made one once."""
    import numpy
    import pandas

    different: Any = pandas.Series([block.value for block in blocks]).array
    return different.take(numpy.repeat(numpy.arange(len(blocks)), [block.times for block in blocks]))


def _kinds(values: Sequence[Any]) -> set[type]:
    """The types of the values that are there."""
    kinds: set[type] = {*map(type, values)}
    return kinds - {type(None)}
