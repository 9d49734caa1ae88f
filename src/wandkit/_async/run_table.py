"""Listings of runs as tables: pandas, polars, Arrow.

Logic without I/O: _core/run_table.py, _core/frame.py. Docs: docs/api/run.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wandkit._async.listing import AsyncListing
from wandkit._async.run import AsyncRun
from wandkit._async.run_page import RunPlan
from wandkit._core.frame import arrow_from_rows, load_library, pandas_from_rows, polars_from_rows
from wandkit._core.run_table import columns_in_order, flattened

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

__all__ = ["AsyncRunsTable"]


class AsyncRunsTable(AsyncListing[AsyncRun]):
    """The tables of a listing of runs; a part of `AsyncRuns`.

    Each row is a run: `id`, `name`, `state`, `created_at`, then `config.KEY` and `summary.KEY`, dicts
    flattened with dots. With `select=` the table has the selected parts and keys only.
    """

    _plan: RunPlan

    async def to_pandas(self) -> pandas.DataFrame:
        """Load all runs and return them as a pandas frame, with the receipt in `.attrs["receipt"]`.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        load_library("pandas")
        rows = await self._rows()
        frame = pandas_from_rows(rows, columns_in_order(rows))
        frame.attrs["receipt"] = self.receipt
        return frame

    async def to_polars(self) -> polars.DataFrame:
        """Load all runs and return them as a polars frame; `receipt` of the listing says what is missing.

        Raises:
            MissingExtraError: polars is not installed.
        """
        load_library("polars")
        rows = await self._rows()
        return polars_from_rows(rows, columns_in_order(rows))

    async def to_arrow(self) -> pyarrow.Table:
        """Load all runs and return them as an Arrow table; `receipt` of the listing says what is missing.

        Raises:
            MissingExtraError: pyarrow is not installed.
        """
        load_library("pyarrow")
        rows = await self._rows()
        return arrow_from_rows(rows, columns_in_order(rows))

    async def _rows(self) -> list[dict[str, Any]]:
        """Return one flat dict per run, of the selected parts, else of config and summary."""
        selected = self._plan.selection.parts
        with_config = not selected or "config" in selected
        with_summary = not selected or "summary" in selected
        if not selected:
            self._plan.parts |= {"config", "summary"}
        rows: list[dict[str, Any]] = []
        for run in await self.load_all():
            row: dict[str, Any] = {
                "id": run.id,
                "name": run.name,
                "state": run.state,
                "created_at": run.created_at,
            }
            if with_config:
                config = await run.config
                row |= flattened(config, "config")
            if with_summary:
                summary = await run.summary_metrics
                row |= flattened(summary, "summary")
            rows.append(row)
        return rows
