"""History exports: the parquet files that a server writes for a run, read as rows or as Arrow columns.

Works with pyarrow, or with polars where pyarrow is missing. The server stores numbers as doubles and leaves
out what a step did not log as nulls; rows come back without their nulls and with whole `_step`s as integers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from wandkit._core.frame import has_library, load_library
from wandkit._core.history import How, Row, select_keys
from wandkit._core.scan import StepRange

if TYPE_CHECKING:
    import pyarrow

__all__ = ["engine", "read_export_rows", "read_export_table", "step_range"]

BATCH_ROWS = 4096


def engine() -> Literal["pyarrow", "polars"] | None:
    """Return the library that reads parquet here; None where there is none."""
    if has_library("pyarrow.parquet"):
        return "pyarrow"
    return "polars" if has_library("polars") else None


def step_range(path: Path) -> StepRange | None:
    """Return the steps that an export covers, by its metadata where possible; None without a `_step`."""
    if engine() == "pyarrow":
        parquet: Any = load_library("pyarrow.parquet")
        with parquet.ParquetFile(path) as file:
            bounds = _bounds_of_groups(file)
            if bounds is None and "_step" in file.schema_arrow.names:
                steps = [step for step in file.read(["_step"]).column(0).to_pylist() if step is not None]
                bounds = (min(steps), max(steps)) if steps else None
    else:
        polars: Any = load_library("polars")
        frame = polars.scan_parquet(path)
        if "_step" not in frame.collect_schema().names():
            return None
        lowest, highest = (
            frame.select(polars.col("_step").min().alias("a"), polars.col("_step").max().alias("b"))
            .collect()
            .row(0)
        )
        bounds = None if lowest is None else (lowest, highest)
    return None if bounds is None else StepRange(int(bounds[0]), int(bounds[1]) + 1)


def _bounds_of_groups(file: Any) -> tuple[float, float] | None:
    """The bounds of `_step` by the statistics of the row groups; None unless every group has them."""
    paths = [file.metadata.schema.column(number).path for number in range(file.metadata.num_columns)]
    if "_step" not in paths:
        return None
    column = paths.index("_step")
    found: list[tuple[float, float]] = []
    for group in range(file.metadata.num_row_groups):
        statistics = file.metadata.row_group(group).column(column).statistics
        if statistics is None or not statistics.has_min_max:
            return None
        found.append((statistics.min, statistics.max))
    return (min(low for low, _ in found), max(high for _, high in found)) if found else None


def read_export_rows(
    path: Path, steps: StepRange | None, keys: Sequence[str] | None, how: How
) -> Iterator[list[Row]]:
    """Read an export as batches of rows, in file order.

    Args:
        path: The parquet file.
        steps: Leave out rows of other steps; None for all rows, those without a step included.
        keys: Leave out other columns; None for all.
        how: With `keys`: rows that have all of them (`inner`) or any (`outer`).
    """
    for names, columns in _batches(path, keys):
        rows = [
            {name: value for name, value in zip(names, values, strict=True) if value is not None}
            for values in zip(*columns, strict=True)
        ]
        for row in rows:
            step = row.get("_step")
            if isinstance(step, float) and step.is_integer():
                row["_step"] = int(step)
        if steps is not None:
            rows = [
                row
                for row in rows
                if (step := row.get("_step")) is not None and steps.start <= step < steps.stop
            ]
        yield rows if keys is None else _selected(rows, keys, how)


def _selected(rows: list[Row], keys: Sequence[str], how: How) -> list[Row]:
    """Select `keys`; `_step` stays on every row, for the merge of the stores."""
    if "_step" in keys:
        return select_keys(rows, keys, how)
    selected: list[Row] = []
    for row in rows:
        for kept in select_keys([row], keys, how):
            if "_step" in row:
                kept["_step"] = row["_step"]
            selected.append(kept)
    return selected


def _batches(path: Path, keys: Sequence[str] | None) -> Iterator[tuple[list[str], list[list[Any]]]]:
    """Batches as column names and column values."""
    if engine() == "pyarrow":
        parquet: Any = load_library("pyarrow.parquet")
        with parquet.ParquetFile(path) as file:
            wanted = _columns(file.schema_arrow.names, keys)
            for batch in file.iter_batches(BATCH_ROWS, columns=wanted):
                yield batch.schema.names, [column.to_pylist() for column in batch.columns]
        return
    polars: Any = load_library("polars")
    frame = polars.read_parquet(path, columns=_columns(polars.read_parquet_schema(path), keys))
    for part in frame.iter_slices(BATCH_ROWS):
        yield part.columns, [column.to_list() for column in part.get_columns()]


def _columns(there: Sequence[str], keys: Sequence[str] | None) -> list[str] | None:
    """The columns that hold `keys`, nested ones by their outermost name; None for all."""
    if keys is None:
        return None
    wanted = {*keys, "_step", "_timestamp"}
    prefixes = {key[:position] for key in keys for position, letter in enumerate(key) if letter == "."}
    return [name for name in there if name in wanted or name in prefixes]


def read_export_table(path: Path, steps: StepRange | None) -> pyarrow.Table:
    """Read an export as an Arrow table, `_step` as integers where all are whole; `steps` as for rows."""
    arrow: Any = load_library("pyarrow")
    parquet: Any = load_library("pyarrow.parquet")
    table = parquet.read_table(path)
    if "_step" not in table.schema.names:
        return cast("pyarrow.Table", table)
    position = table.schema.get_field_index("_step")
    try:
        table = table.set_column(position, "_step", table.column(position).cast(arrow.int64()))
    except arrow.ArrowInvalid:
        return cast("pyarrow.Table", table)
    if steps is not None:
        compute: Any = load_library("pyarrow.compute")
        column = table.column("_step")
        table = table.filter(
            compute.and_(compute.greater_equal(column, steps.start), compute.less(column, steps.stop))
        )
    return cast("pyarrow.Table", table)
