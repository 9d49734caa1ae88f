"""Tables, and what is made of several: rows of values and media, as artifacts keep them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast, get_args

from wandkit.errors import ArgumentError, ArgumentTypeError
from wandkit.media.cell import read_cell, written_cell
from wandkit.media.column_type import ANY, INVALID, UNKNOWN, ColumnType, assign, column_names, infer, shown
from wandkit.media.column_type import optional as or_none
from wandkit.media.media import Home, Media, Origin

if TYPE_CHECKING:
    import pandas

__all__ = ["Column", "JoinedTable", "LogMode", "PartitionedTable", "Table"]

Column = str | int
LogMode = Literal["IMMUTABLE", "MUTABLE", "INCREMENTAL"]


class Table:
    """Rows of values and media under named columns.

    Attributes:
        columns: The names of the columns.
        data: The rows, to edit in place.
        fields: What else the artifact says of it, every key kept.
        arrays: The files of columns that hold arrays of numpy, by column, of a table that was read.
        source: The entry that it was read from.
    """

    kind: ClassVar[str] = "table"
    source: Origin | None = None

    def __init__(
        self,
        columns: Iterable[Column] | None = None,
        data: Iterable[Iterable[object]] | None = None,
        *,
        dataframe: pandas.DataFrame | None = None,
        optional: bool = True,
        allow_mixed_types: bool = False,
        log_mode: LogMode = "IMMUTABLE",
    ) -> None:
        """Make a table.

        Args:
            columns: The names of the columns.
            data: The rows.
            dataframe: A frame of pandas, instead of columns and data.
            optional: Whether cells may be None.
            allow_mixed_types: Whether a column may hold values of several types.
            log_mode: What is noted of how it is logged.

        Raises:
            ArgumentError: A row is no list, or has more or fewer values than there are columns; two columns
                have one name; `log_mode` is none of the three.
            ArgumentTypeError: Columns, data or `dataframe` are of another type.
        """
        if log_mode not in get_args(LogMode):
            raise ArgumentError(
                f"log_mode is {' or '.join(map(repr, get_args(LogMode)))}, not {log_mode!r}",
                next_step="Leave it out for a table that is logged once.",
            )
        if dataframe is not None:
            if not hasattr(cast(object, dataframe), "columns"):
                raise ArgumentTypeError(f"dataframe is a frame of pandas, not {type(dataframe).__name__}")
            columns = column_names(one if isinstance(one, int) else str(one) for one in dataframe.columns)
            data = zip(*(_cells_of(dataframe[name]) for name in dataframe.columns), strict=True)
        self.columns: list[Column] = column_names(columns)
        self.data: list[list[Any]] = []
        self.fields: dict[str, Any] = {"_type": self.kind, "log_mode": log_mode}
        self.arrays: dict[Column, Media] = {}
        self._loaded: dict[Column, list[Any]] = {}
        self._keeps_nan = False
        # Times that were written with a point, to be written so again.
        self._times: dict[datetime, float] = {}
        start = ANY if allow_mixed_types else UNKNOWN
        self._start: ColumnType | None = or_none(start) if optional else start
        self._held: dict[str, ColumnType] = {}
        if data is not None and not isinstance(cast(object, data), Iterable):
            raise ArgumentTypeError(f"data is a list of rows, not {type(data).__name__}")
        for row in data if data is not None else ():
            if isinstance(row, (str, bytes)) or not isinstance(cast(object, row), Iterable):
                raise ArgumentError(
                    f"a row of a table is a list of values, not {type(row).__name__}",
                    next_step=f"Give one for each of {self.columns}.",
                )
            self.add_data(*row)

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> Table:
        """Return the table that an artifact describes by `fields`."""
        held: dict[str, ColumnType] = {}
        types = fields.get("column_types")
        if isinstance(types, dict):
            held = dict(cast("dict[str, Any]", types).get("params", {}).get("type_map", {}))
        made = cls()
        made.columns = list(fields.get("columns") or ())
        made.fields = {key: value for key, value in fields.items() if key not in ("columns", "data")}
        made._held, made._keeps_nan = held, True
        made._start = None if types is None else made._start
        made.add_rows(fields.get("data") or ())
        for column in made.columns:
            path = _array_path(held.get(str(column)))
            if path:
                made.arrays[column] = Media.of({"path": path})
        return made

    def add_rows(self, rows: Iterable[Sequence[Any]]) -> None:
        """Add rows as a table's JSON has them."""
        times = [_is_time(self._held.get(str(column))) for column in self.columns]
        for row in rows:
            cells = [read_cell(cell, is_time=time) for cell, time in zip(row, times, strict=True)]
            for cell, raw in zip(cells, row, strict=True):
                if isinstance(cell, datetime) and isinstance(raw, float):
                    self._times[cell] = raw
            self.add_data(*cells)

    @property
    def type(self) -> str:
        """`table`."""
        return self.kind

    @property
    def log_mode(self) -> str | None:
        """What is noted of how it is logged; None where nothing is."""
        return self.fields.get("log_mode")

    def add_data(self, *row: object) -> None:
        """Add a row.

        Raises:
            ArgumentError: It has more or fewer values than there are columns.
        """
        if len(row) != len(self.columns):
            raise ArgumentError(
                f"a row of this table has {len(self.columns)} values, not {len(row)}",
                next_step=f"Give one for each of {self.columns}.",
            )
        self.data.append(list(row))

    def add_column(self, name: Column, data: Sequence[object]) -> None:
        """Add a column.

        Raises:
            ArgumentError: The name is taken, or there is not one value for each row.
        """
        if name in self.columns:
            raise ArgumentError(f"the table has a column {name!r} already")
        if self.columns and len(data) != len(self.data):
            raise ArgumentError(f"the table has {len(self.data)} rows, the column {len(data)} values")
        rows: list[list[Any]] = self.data if self.columns else [[] for _ in data]
        for row, value in zip(rows, data, strict=True):
            row.append(value)
        self.data = rows
        self.columns.append(name)

    def get_column(self, name: Column) -> list[Any]:
        """Return the values of a column.

        Raises:
            ArgumentError: There is no such column.
        """
        if name not in self.columns:
            raise ArgumentError(f"the table has no column {name!r}", next_step=f"It has {self.columns}.")
        at = self.columns.index(name)
        return [row[at] for row in self.data]

    def iterrows(self) -> Iterator[tuple[int, list[Any]]]:
        """Yield each row's number, from 0, and the row."""
        yield from enumerate(self.data)

    def to_pandas(self) -> pandas.DataFrame:
        """Return the rows as a frame of pandas.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        from wandkit._core.frame import load_library

        frame: pandas.DataFrame = load_library("pandas").DataFrame(self.data, columns=self.columns)
        return frame

    def files(self) -> Iterator[Media]:
        """Yield the media in its cells, and the files of its arrays."""
        yield from self.arrays.values()
        for row in self.data:
            for cell in row:
                if isinstance(cell, Media):
                    yield from cell.files()

    def load_array(self, column: Column, values: Sequence[Any]) -> None:
        """Put the rows of an array, read from its file, into the cells of a column."""
        at = self.columns.index(column)
        self._loaded[column] = list(values)
        for row, value in zip(self.data, self._loaded[column], strict=False):
            row[at] = value

    def column_types(self) -> dict[Column, ColumnType]:
        """Return the type of each column.

        Raises:
            ArgumentError: A column holds values that do not go together.
        """
        return {column: self._type_of(at, column) for at, column in enumerate(self.columns)}

    def _type_of(self, at: int, column: Column) -> ColumnType:
        kind = self._held.get(str(column)) or self._start or or_none(UNKNOWN)
        if self._is_array(column):
            return kind
        is_time = _is_time(kind)
        for number, row in enumerate(self.data):
            if is_time and isinstance(row[at], (int, float)):
                continue
            found = assign(kind, row[at])
            if found is INVALID:
                raise ArgumentError(
                    f"row {number} of the column {column!r} is {shown(infer(row[at]))}, "
                    f"and the column holds {shown(kind)}",
                    next_step="Convert the value, or make the table with allow_mixed_types=True.",
                )
            kind = found
        return kind

    def _is_array(self, column: Column) -> bool:
        """Whether the cells of a column are still those of the array that was read."""
        if column not in self.arrays:
            return False
        cells, loaded = self.get_column(column), self._loaded.get(column)
        if loaded is None:
            return all(cell is None for cell in cells)
        return len(cells) == len(loaded) and all(one is two for one, two in zip(cells, loaded, strict=True))

    def to_json(self, home: Home) -> dict[str, Any]:
        """Return what an artifact says of it; the media in its cells are put there.

        Raises:
            ArgumentError: A column holds values that do not go together, or that JSON cannot hold.
        """
        fields = dict(self.fields)
        empty = {at for at, column in enumerate(self.columns) if self._is_array(column)}
        for at in empty:
            home.put_file(self.arrays[self.columns[at]])
        rows = [
            [None if at in empty else self._written(cell, home) for at, cell in enumerate(row)]
            for row in self.data
        ]
        fields["columns"], fields["data"] = self.columns, rows
        if self._start is not None:
            types: dict[str, Any] = self.fields.get("column_types") or {"wb_type": "typedDict"}
            held: dict[str, Any] = types.get("params", {})
            params = {**held, "type_map": self.column_types()}
            fields["column_types"] = {**types, "params": params}
            fields["ncols"], fields["nrows"] = len(self.columns), len(rows)
        return fields

    def _written(self, cell: Any, home: Home) -> Any:
        if self._times and isinstance(cell, datetime) and cell in self._times:
            return self._times[cell]
        return written_cell(cell, home, keep_nan=self._keeps_nan)

    def column_type(self) -> ColumnType:
        """Return the type of a table's column of tables."""
        inner = {"wb_type": "typedDict", "params": {"type_map": self.column_types()}}
        return {"wb_type": self.kind, "params": {"column_types": inner}}

    def __len__(self) -> int:
        return len(self.data)

    def __repr__(self) -> str:
        return f"<Table {len(self.data)} rows × {self.columns}>"


class PartitionedTable:
    """A table in parts: all tables below a folder of the artifact.

    Attributes:
        parts_path: The folder.
        parts: The tables, in order of their names, of one that was read.
        fields: What else the artifact says of it.
        source: The entry that it was read from.
    """

    kind: ClassVar[str] = "partitioned-table"
    source: Origin | None = None

    def __init__(self, parts_path: str) -> None:
        self.parts_path = parts_path
        self.parts: list[Table] = []
        self.fields: dict[str, Any] = {"_type": self.kind}

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> PartitionedTable:
        """Return the table that an artifact describes by `fields`; its parts are still to be read."""
        made = cls(str(fields.get("parts_path", "")))
        made.fields = dict(fields)
        return made

    @property
    def type(self) -> str:
        """`partitioned-table`."""
        return self.kind

    @property
    def columns(self) -> list[Column]:
        """The names of the columns, which all parts share.

        Raises:
            ArgumentError: Two parts have other columns.
        """
        found = [part.columns for part in self.parts]
        if any(columns != found[0] for columns in found):
            raise ArgumentError(f"the parts below {self.parts_path!r} have other columns: {found}")
        return found[0] if found else []

    @property
    def data(self) -> list[list[Any]]:
        """The rows of all parts."""
        return [row for part in self.parts for row in part.data]

    def iterrows(self) -> Iterator[tuple[int, list[Any]]]:
        """Yield each row's number, from 0, and the row."""
        yield from enumerate(self.data)

    def to_pandas(self) -> pandas.DataFrame:
        """Return the rows of all parts as a frame of pandas."""
        return Table(self.columns, self.data).to_pandas()

    def files(self) -> Iterator[Media]:
        """Yield the media in the cells of all parts."""
        for part in self.parts:
            yield from part.files()

    def to_json(self, home: Home) -> dict[str, Any]:
        """Return what an artifact says of it; the parts are entries of their own."""
        return {**self.fields, "parts_path": self.parts_path}

    def __repr__(self) -> str:
        return f"<PartitionedTable {self.parts_path}, {len(self.parts)} parts>"


class JoinedTable:
    """Two tables, to be looked at side by side.

    Attributes:
        table1: A table, or the name of its entry.
        table2: The other one.
        join_key: The column that both have, or one of each.
        fields: What else the artifact says of it.
        source: The entry that it was read from.
    """

    kind: ClassVar[str] = "joined-table"
    source: Origin | None = None

    def __init__(
        self,
        table1: Table | PartitionedTable | str,
        table2: Table | PartitionedTable | str,
        join_key: str | Sequence[str],
    ) -> None:
        if not isinstance(join_key, str) and len(join_key) != 2:
            raise ArgumentError(f"join_key is one column or two, not {join_key!r}")
        for table in (table1, table2):
            if isinstance(table, str) and not table.endswith("table.json"):
                raise ArgumentError(
                    f"{table!r} is no entry of a table", next_step="Its name ends in .table.json."
                )
        self.table1 = table1
        self.table2 = table2
        self.join_key: str | list[str] = join_key if isinstance(join_key, str) else list(join_key)
        self.fields: dict[str, Any] = {"_type": self.kind}

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> JoinedTable:
        """Return the table that an artifact describes by `fields`; its tables are still names of entries."""
        made = cls(str(fields["table1"]), str(fields["table2"]), fields["join_key"])
        made.fields = dict(fields)
        return made

    @property
    def type(self) -> str:
        """`joined-table`."""
        return self.kind

    def files(self) -> Iterator[Media]:
        """Yield the media in the cells of both tables."""
        for table in (self.table1, self.table2):
            if not isinstance(table, str):
                yield from table.files()

    def to_json(self, home: Home) -> dict[str, Any]:
        """Return what an artifact says of it; its tables are put there.

        Raises:
            ArgumentError: A table is given by the name of an entry that is not there.
        """
        names = [self._put(home, at, table) for at, table in ((1, self.table1), (2, self.table2))]
        return {**self.fields, "table1": names[0], "table2": names[1], "join_key": self.join_key}

    def _put(self, home: Home, at: int, table: Table | PartitionedTable | str) -> str:
        if isinstance(table, str):
            if not home.has(table):
                raise ArgumentError(
                    f"the artifact has no table {table!r}", next_step="Add it before what joins it."
                )
            return table
        held = self.fields.get(f"table{at}")
        name, _ = home.put_object(table, held if isinstance(held, str) else f"t{at}_")
        return name

    def __repr__(self) -> str:
        return f"<JoinedTable on {self.join_key!r}>"


def _cells_of(series: pandas.Series[Any]) -> list[Any]:
    """Return the values of a column of a frame; what pandas calls missing is None."""
    return [None if type(value).__name__ == "NAType" else value for value in series.tolist()]


def _is_time(kind: ColumnType | None) -> bool:
    if kind is None:
        return False
    if kind["wb_type"] == "union":
        return any(_is_time(one) for one in kind["params"]["allowed_types"])
    return bool(kind["wb_type"] == "timestamp")


def _array_path(kind: ColumnType | None) -> str | None:
    """Return the entry that holds the array of a column, where it has one."""
    if kind is None:
        return None
    if kind["wb_type"] == "union":
        found = (_array_path(one) for one in kind["params"]["allowed_types"])
        return next((path for path in found if path), None)
    if kind["wb_type"] != "ndarray":
        return None
    params: dict[str, Any] = kind.get("params") or {}
    place: Any = params.get("serialization_path")
    return str(place["path"]) if place else None
