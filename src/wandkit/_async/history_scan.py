"""Complete scans of a run's history: exported rows and live rows, joined, in step order, in bounded memory.

Logic without I/O: _core/history.py. Operations: queries/history.graphql. Docs: docs/api/history.md.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from wandkit._async.history_pass import AsyncScanPass
from wandkit._core.arrow import concat_arrow
from wandkit._core.awaitable import awaitable_property
from wandkit._core.frame import Columns, load_library
from wandkit._core.history import Row
from wandkit._core.receipt import Receipt
from wandkit._core.rows import History
from wandkit._core.scan import ScanRequest
from wandkit._transport.aio.graphql import AsyncGraphQL
from wandkit._transport.concurrency.aio import Looped
from wandkit.paths import RunPath

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

__all__ = ["AsyncHistoryScan"]


class AsyncHistoryScan(Looped):
    """All rows of a run's history between two steps. Get it from `AsyncRun.scan_history`.

    Loop over it as often as you like: every loop asks the server anew, and ends at the step that was the
    last when it began. Leave the loop whenever you like.
    """

    def __init__(self, gql: AsyncGraphQL, path: RunPath, request: ScanRequest) -> None:
        self._gql = gql
        self._path = path
        self._request = request
        self._latest: AsyncScanPass | None = None
        self._walk: AsyncIterator[Row] | None = None

    async def __aiter__(self) -> AsyncIterator[Row]:
        """Loop over the rows, in step order, one dict each."""
        async for rows in self.pages():
            for row in rows:
                yield row

    async def __anext__(self) -> Row:
        """Return the next row of a loop that the scan keeps for `anext`, apart from all other loops.

        Raises:
            StopAsyncIteration: There are no more.
        """
        if self._walk is None:
            self._walk = self.__aiter__()
        row = await self._walk.__anext__()
        return row

    async def pages(self) -> AsyncIterator[list[Row]]:
        """Loop over the rows, as many at a time as arrive together; the lists are never empty."""
        self._latest = reading = AsyncScanPass(self._gql, self._path, self._request)
        try:
            await reading.open()
            async for rows in reading.pages():
                yield rows
        finally:
            await reading.close()

    async def tables(self) -> AsyncIterator[pyarrow.Table]:
        """Loop over the rows as Arrow tables of bounded size, decoded in bulk; their schemas may differ.

        Raises:
            MissingExtraError: pyarrow is not installed.
        """
        load_library("pyarrow")
        self._latest = reading = AsyncScanPass(self._gql, self._path, self._request)
        try:
            await reading.open()
            async for table in reading.tables():
                yield table
        finally:
            await reading.close()

    async def load(self) -> History:
        """Read all rows into memory.

        Raises:
            NotFoundError: The run is gone, or the API key may not see it.
            MissingExtraError: Rows stand in exports only, and no library that reads parquet is installed.
        """
        rows: list[Row] = []
        async for page in self.pages():
            rows += page
        return History(rows, self.receipt, self._request.keys)

    async def to_arrow(self) -> pyarrow.Table:
        """Read all rows into an Arrow table, rows × keys; what a row lacks is null, NaN stays NaN.

        Raises:
            MissingExtraError: pyarrow is not installed.
        """
        tables = [table async for table in self.tables()]
        return concat_arrow(tables)

    async def to_pandas(self) -> pandas.DataFrame:
        """Read all rows into a pandas frame, rows × keys, with the receipt in `.attrs["receipt"]`.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        load_library("pandas")
        columns = await self._columns()
        frame = columns.to_pandas()
        frame.attrs["receipt"] = self.receipt
        return frame

    async def to_polars(self) -> polars.DataFrame:
        """Read all rows into a polars frame, rows × keys; what a row lacks is null, NaN stays NaN.

        Raises:
            MissingExtraError: polars is not installed.
        """
        load_library("polars")
        columns = await self._columns()
        return columns.to_polars()

    async def _columns(self) -> Columns:
        """Read all rows as columns, a page at a time, so that rows and columns are not both in memory."""
        columns = Columns(self._request.keys)
        async for rows in self.pages():
            columns.add(rows)
        return columns

    @awaitable_property
    async def max_step(self) -> int:
        """The last step that the scan covers, itself included; -1 where there is none."""
        if self._latest is None:
            reading = AsyncScanPass(self._gql, self._path, self._request)
            await reading.measure()
            self._latest = reading
        return self._latest.steps.stop - 1

    @property
    def receipt(self) -> Receipt:
        """What the latest loop received against what the server counts, from which store; what is missing."""
        reading = self._latest or AsyncScanPass(self._gql, self._path, self._request)
        return reading.receipt()

    def __repr__(self) -> str:
        keys = "" if self._request.keys is None else f" keys={self._request.keys!r}"
        return f"<HistoryScan {self._path}{keys}>"
