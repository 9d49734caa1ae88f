"""Histories of all runs of a listing, in one frame.

Operations: queries/history.graphql. Docs: docs/api/history.md. One run: _async/history.py.
"""

from __future__ import annotations

import warnings
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple, cast, overload

from wandkit_generated.gql.operations import LIST_RUN_HISTORIES

from wandkit._async.account import AsyncAccount
from wandkit._async.listing import AsyncWalk
from wandkit._async.project import missing_project
from wandkit._core.frame import Columns, load_library
from wandkit._core.history import (
    Row,
    Stream,
    check_keys,
    check_samples,
    decode_rows,
    keys_apart,
    missing_keys,
    restore_values,
)
from wandkit._core.pagination import Page, PageRequest, PageSize
from wandkit._core.receipt import ItemFailure, Receipt
from wandkit._core.rows import History, sample_receipt, whole_receipt
from wandkit._core.scan import sample_spec
from wandkit._transport.aio.graphql import AsyncGraphQL
from wandkit._transport.concurrency.aio import amap, sleep
from wandkit.errors import (
    ArgumentError,
    GraphQLError,
    InvalidRequestError,
    UnsupportedError,
    WandkitError,
)
from wandkit.paths import NeedsEntity, ProjectPath

if TYPE_CHECKING:
    import pandas
    import polars
    from wandkit_generated.gql.models import ListRunHistoriesRun

    from wandkit._async.run import AsyncRun
    from wandkit._async.runs import AsyncRuns

__all__ = ["AsyncRunsHistories"]

ROWS_PER_REQUEST = 20_000
REQUESTS_AT_ONCE = 12


class AsyncRunsHistories:
    """The histories of a listing of runs; a part of `AsyncRuns`."""

    _account: AsyncAccount
    _path: ProjectPath | NeedsEntity[ProjectPath]
    _filters: str
    _order: str

    @overload
    async def histories(
        self,
        samples: int = 500,
        keys: Sequence[str] | None = None,
        x_axis: str = "_step",
        format: Literal["default"] = "default",
        stream: Stream = "default",
    ) -> History: ...

    @overload
    async def histories(
        self,
        samples: int = 500,
        keys: Sequence[str] | None = None,
        x_axis: str = "_step",
        *,
        format: Literal["pandas"],
        stream: Stream = "default",
    ) -> pandas.DataFrame: ...

    @overload
    async def histories(
        self,
        samples: int = 500,
        keys: Sequence[str] | None = None,
        x_axis: str = "_step",
        *,
        format: Literal["polars"],
        stream: Stream = "default",
    ) -> polars.DataFrame: ...

    async def histories(
        self,
        samples: int = 500,
        keys: Sequence[str] | None = None,
        x_axis: str = "_step",
        format: Literal["default", "pandas", "polars"] = "default",
        stream: Stream = "default",
    ) -> History | pandas.DataFrame | polars.DataFrame:
        """Fetch a sample of the history of every run of the listing, many runs in one request.

        Runs come in the listing's order. Each row has the run's id as `run_id`. The receipt (`.receipt`, or
        `.attrs["receipt"]` of a pandas frame) names the runs that failed and says whether rows were left out.

        Args:
            samples: At most how many rows of each run.
            keys: Only these metrics, and only rows that have all of them; None for all metrics and rows.
            x_axis: With `keys`: the metric that goes with each row.
            format: "default" for a `History`, "pandas" or "polars" for a frame; pandas columns are sorted by
                name.
            stream: "default" for what runs logged, "system" for what their machines measured.

        Raises:
            ArgumentError: Keys that are no list of names, or an unknown format.
            MissingExtraError: The library of the format is not installed.
        """
        names = check_keys(keys, stream=stream)
        check_samples(samples)
        if format not in ("default", "pandas", "polars"):
            raise ArgumentError(
                f"unknown format {format!r}", next_step='Use "default", "pandas" or "polars".'
            )
        if format != "default":
            load_library(format)
        wanted = None if names is None else list(dict.fromkeys([x_axis, *names]))
        path = await self._account.complete(self._path)
        reading = AsyncHistoriesReading(self._account.gql, path, self._filters, self._order)
        reading.ask(samples, wanted, stream)
        blocks = reading.blocks(cast("AsyncRuns", self))
        if format == "default":
            rows: list[Row] = []
            async for name, block in blocks:
                decoded = decode_rows(block.texts) if isinstance(block, RowTexts) else block
                for row in decoded:
                    row["run_id"] = name
                rows += decoded
            return History(rows, reading.receipt(), None if wanted is None else [*wanted, "run_id"])
        columns = Columns(wanted)
        async for name, block in blocks:
            if isinstance(block, RowTexts):
                columns.add_texts(block.texts, run_id=name)
            else:
                columns.add(block, run_id=name)
        if format == "polars":
            return columns.to_polars()
        frame = columns.sorted().to_pandas()
        frame.attrs["receipt"] = reading.receipt()
        return frame


class RowTexts(NamedTuple):
    """Rows that have not been decoded."""

    texts: list[str]


class AsyncHistoriesReading:
    """One reading of the histories of a listing."""

    def __init__(self, gql: AsyncGraphQL, path: ProjectPath, filters: str, order: str) -> None:
        self._gql = gql
        self._path = path
        self._filters = filters
        self._order = order
        self.ask(500, None, "default")

    def ask(self, samples: int, keys: list[str] | None, stream: Stream) -> None:
        """Say what to read; forget what was read."""
        self._samples = samples
        self._keys = keys
        self._stream: Stream = stream
        self._receipts: list[Receipt] = []
        self._listing = Receipt()

    async def blocks(self, runs: AsyncRuns) -> AsyncIterator[tuple[str, list[Row] | RowTexts]]:
        """Yield each run's id and rows: many runs a request, or each by itself where the server refuses."""
        begun = False
        try:
            async for node in self._nodes():
                begun = True
                rows, receipt = self._rows_of(node)
                self._receipts.append(receipt)
                yield node.name, rows
        except (GraphQLError, InvalidRequestError, UnsupportedError):
            if begun:
                raise
        else:
            for sentence in self.unmet_keys():
                warnings.warn(f"histories of {str(self._path)!r}: {sentence}", stacklevel=3)
            return
        async for name, found in self._one_by_one(runs):
            self._receipts.append(found.receipt)
            yield name, list(found)

    def receipt(self) -> Receipt:
        """The accounts of all runs read so far, joined with that of the listing."""
        total, listing = Receipt.merged(self._receipts), self._listing
        return Receipt(
            received=total.received,
            expected=total.expected,
            duplicates=listing.duplicates,
            sampled="by the server, run by run" if total.sampled else False,
            source="live",
            gaps=(*listing.gaps, *self.unmet_keys()),
            failures=listing.failures,
        )

    def unmet_keys(self) -> list[str]:
        """Return, where there are runs but no row of them came, why that may be."""
        if self._keys is None or not self._receipts or any(each.received for each in self._receipts):
            return []
        return keys_apart(self._keys) or missing_keys(self._keys, ())

    async def _nodes(self) -> AsyncIterator[ListRunHistoriesRun]:
        """Yield the runs with their histories; the next request is under way while one answer is used."""
        largest = max(1, ROWS_PER_REQUEST // self._samples)
        walk = AsyncWalk(self._fetch, PageSize(first=max(1, largest // 4), largest=largest), None)
        while (page := await walk.next_page()) is not None:
            self._listing = walk.chain.receipt()
            walk.look_ahead()
            await sleep(0)  # lets the request go out before the rows are decoded
            for node, _ in page:
                yield node

    async def _fetch(self, request: PageRequest) -> Page[ListRunHistoriesRun]:
        variables = {
            "entity": self._path.entity,
            "project": self._path.project,
            "filters": self._filters,
            "order": self._order,
            "first": request.size,
            "after": request.cursor,
            "withCount": request.count,
            "specs": [] if self._keys is None else [sample_spec(self._keys, self._samples)],
            "samples": self._samples,
            "withSampled": self._keys is not None,
            "withHistory": self._keys is None and self._stream == "default",
            "withEvents": self._stream == "system",
        }
        answer, problems = await self._gql.execute_with_problems(LIST_RUN_HISTORIES, variables)
        if answer.project is None or answer.project.runs is None:
            raise await missing_project(self._gql, self._path, "ListRunHistories")
        connection = answer.project.runs
        return Page(
            items=[edge.node for edge in connection.edges],
            keys=[edge.node.id for edge in connection.edges],
            cursors=[edge.cursor for edge in connection.edges],
            end_cursor=connection.page_info.end_cursor,
            has_next=connection.page_info.has_next_page,
            total=answer.project.run_count,
            problems=problems,
        )

    def _rows_of(self, node: ListRunHistoriesRun) -> tuple[list[Row] | RowTexts, Receipt]:
        if self._keys is not None:
            rows = cast("list[list[Row]]", node.sampled_history or [[]])[0]
            restore_values(rows, self._keys)
            return rows, sample_receipt(len(rows), self._samples, node.history_line_count)
        is_default = self._stream == "default"
        texts = (node.history if is_default else node.events) or []
        expected = node.history_line_count if is_default else node.events_line_count
        return RowTexts(texts), whole_receipt(len(texts), self._samples, expected)

    async def _one_by_one(self, runs: AsyncRuns) -> AsyncIterator[tuple[str, History]]:
        """Yield each run's id and history, several at a time; one failure does not stop the others."""

        async def one(run: AsyncRun) -> tuple[str, History | WandkitError]:
            try:
                keys = None if self._keys is None else self._keys[1:]
                axis = "_step" if self._keys is None else self._keys[0]
                found = await run.history(self._samples, keys, axis, pandas=False, stream=self._stream)
            except WandkitError as error:
                return run.id, error
            return run.id, found

        failures: list[ItemFailure] = []
        async for name, found in amap(REQUESTS_AT_ONCE, one, runs):
            if isinstance(found, WandkitError):
                failures.append(ItemFailure(name, str(found)))
                self._listing = Receipt(failures=tuple(failures))
            else:
                yield name, found
