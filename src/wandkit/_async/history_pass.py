"""One pass over a run's history: which store answers for which steps, read in order and joined.

Logic without I/O: _core/history.py. Operations: queries/history.graphql. Docs: docs/api/history.md.
"""

from __future__ import annotations

import warnings
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wandkit_generated.gql.aio import get_history_extent, get_history_page, get_run_tail, get_sampled_history

from wandkit._async.history_export import AsyncExports
from wandkit._async.run_near import missing_run
from wandkit._core import parquet
from wandkit._core.arrow import arrow_from_texts
from wandkit._core.frame import columns_from
from wandkit._core.history import (
    Row,
    decode_rows,
    key_count,
    key_names,
    keys_apart,
    last_step_of,
    live_start,
    missing_keys,
    restore_values,
)
from wandkit._core.receipt import Receipt
from wandkit._core.scan import (
    Pace,
    Part,
    ScanRequest,
    StepRange,
    TailMerge,
    Window,
    Windows,
    holding_steps,
    outer_join,
    plan_parts,
    sample_spec,
    without_step,
)
from wandkit._transport.aio.graphql import AsyncGraphQL
from wandkit._transport.concurrency.aio import amap, monotonic, run_in_thread
from wandkit.errors import AnswerError, MissingExtraError
from wandkit.paths import RunPath

if TYPE_CHECKING:
    import pyarrow

__all__ = ["AsyncScanPass"]

MOST_REQUESTS = 16
VALUES_PER_REQUEST = 8_000
ROWS_PER_TABLE = 20_000


class AsyncScanPass:
    """One pass of a scan; `open` it, then take its `pages` or its `tables`.

    Attributes:
        steps: The steps that it covers.
    """

    def __init__(self, gql: AsyncGraphQL, path: RunPath, request: ScanRequest) -> None:
        self.steps = StepRange(0, 0)
        self._gql = gql
        self._path = path
        self._request = request
        self._index: Any = None
        self._expected: int | None = None
        self._received = 0
        self._urls: list[str] = []
        self._live_from: int | None = None
        self._exports = AsyncExports(gql, path)
        self._last = -1
        self._files: list[Path] = []
        self._parts: list[Part] = []
        self._merge = TailMerge()
        self._pace = Pace(MOST_REQUESTS)
        self._finished = False

    async def measure(self) -> None:
        """Ask how far the run came, and which rows are exported."""
        path = self._path
        answer = await get_history_extent(
            self._gql, entity=path.entity, project=path.project, name=path.run, live_keys=["_step"]
        )
        found = None if answer.project is None else answer.project.run
        if found is None:
            raise await missing_run(self._gql, path, "GetHistoryExtent")
        self._index = found.history_keys
        self._expected = found.history_line_count
        last = last_step_of(found.history_keys)
        if found.parquet_history is not None:
            self._urls = list(found.parquet_history.parquet_urls or ())
            self._live_from = live_start(found.parquet_history.live_data)
        if last is None and (self._expected or self._urls):
            tail = await get_run_tail(self._gql, entity=path.entity, project=path.project, name=path.run)
            if tail.project is not None and tail.project.run is not None:
                last = last_step_of(None, tail.project.run.history_tail)
        self._last = -1 if last is None else last
        self.steps = self._request.wanted(self._last)

    async def open(self) -> None:
        """Get ready to read: measure the run, fetch its exports, decide on the stores."""
        await self.measure()
        exported: list[StepRange | None] = []
        if self._urls and (len(self.steps) or self._last < 0):
            if parquet.engine() is None:
                await self._need_live_rows()
            else:
                self._files = await self._exports.fetch(self._urls, use_cache=self._request.use_cache)
                exported = [await run_in_thread(parquet.step_range, path) for path in self._files]
                ends = [steps.stop - 1 for steps in exported if steps is not None]
                self.steps = self._request.wanted(max([self._last, *ends]))
        self._parts = plan_parts(self.steps, exported, self._live_from)

    async def close(self) -> None:
        """Remove exports that are not to be kept."""
        await run_in_thread(self._exports.close)

    async def pages(self) -> AsyncIterator[list[Row]]:
        """Yield the rows in order, as many at a time as arrive together."""
        keys, strip = self._request.keys, self._strips_step
        for part, hold_from in zip(self._parts, holding_steps(self._parts), strict=True):
            async for rows, reaches in self._part(part):
                joined = self._merge.hold(self._merge.join(rows, reaches), hold_from)
                if joined:
                    self._received += len(joined)
                    if keys is not None and strip:
                        without_step(joined)
                    yield joined
        rest = self._merge.rest()
        if rest:
            self._received += len(rest)
            yield rest
        self._finish()

    async def tables(self) -> AsyncIterator[pyarrow.Table]:
        """Yield the rows in order as Arrow tables of bounded size."""
        if self._request.keys is not None or any(start is not None for start in holding_steps(self._parts)):
            async for table in self._tables_of_rows():
                yield table
            return
        for part in self._parts:
            if part.export is not None:
                table = await run_in_thread(parquet.read_export_table, self._files[part.export], part.steps)
                self._received += table.num_rows
                yield table
                continue
            texts: list[str] = []
            async for _, answer in self._live(part.steps):
                texts += answer
                if len(texts) >= ROWS_PER_TABLE:
                    self._received += len(texts)
                    yield arrow_from_texts(texts)
                    texts = []
            if texts:
                self._received += len(texts)
                yield arrow_from_texts(texts)
        self._finish()

    def receipt(self) -> Receipt:
        """What has arrived so far, against what the server counts."""
        exported = any(part.export is not None for part in self._parts)
        live = any(part.export is None for part in self._parts) or not exported
        return Receipt(
            received=self._received,
            expected=self._expected if self._request.is_whole else None,
            duplicates=self._merge.duplicates,
            source="both" if exported and live else "parquet" if exported else "live",
            gaps=tuple(self._gaps()),
        )

    def _gaps(self) -> Iterator[str]:
        """What is known to be missing."""
        if not self._finished:
            yield "the scan has not come to its end"
        elif self._request.is_whole and self._received < (self._expected or 0):
            yield f"{(self._expected or 0) - self._received} rows that the server counts are in neither store"
        yield from self._unmet_keys()

    def _unmet_keys(self) -> list[str]:
        """Return what the server's index says of keys that brought nothing, one by one or all together."""
        keys, known = self._request.keys, key_names(self._index)
        if keys is None or not known:
            return []
        is_empty = self._finished and not self._received and not self._request.is_bounded
        is_apart = is_empty and self._request.how == "inner"
        return missing_keys(keys, known) or (keys_apart(keys) if is_apart else [])

    async def _tables_of_rows(self) -> AsyncIterator[pyarrow.Table]:
        held: list[Row] = []
        async for rows in self.pages():
            held += rows
            if len(held) >= ROWS_PER_TABLE:
                yield columns_from(held, self._request.keys).to_arrow()
                held = []
        if held:
            yield columns_from(held, self._request.keys).to_arrow()

    async def _part(self, part: Part) -> AsyncIterator[tuple[list[Row], int]]:
        """Yield the rows of one part, each batch with the step before which all rows have come."""
        if part.export is None:
            async for window, answer in self._live(part.steps):
                yield self._decode(answer), window.stop
            return
        whole = self._request.is_whole
        batches = parquet.read_export_rows(
            self._files[part.export], None if whole else part.steps, self._request.keys, self._request.how
        )
        while (rows := await run_in_thread(_next, batches)) is not None:
            steps = [step for row in rows if (step := row.get("_step")) is not None]
            yield rows, int(max(steps, default=part.steps.start))
        yield [], part.steps.stop

    def _decode(self, answer: list[Any]) -> list[Row]:
        if self._request.keys is None:
            return decode_rows(answer)
        restore_values(answer, self._request.keys)
        return answer

    async def _live(self, steps: StepRange) -> AsyncIterator[tuple[Window, list[Any]]]:
        """Yield the answers of the live query by window: texts of rows, or rows where keys were given."""
        windows = Windows(steps, self._request.page_size, self._density(), self._windows_per_request())
        pace = self._pace
        async for answers in amap(MOST_REQUESTS, self._timed_read, windows, ahead_of_use=pace.ahead):
            wanted_at = monotonic()
            for window, answer in answers:
                windows.observe(window, len(answer))
                yield window, answer
            pace.used(monotonic() - wanted_at)

    async def _timed_read(self, group: list[Window]) -> list[tuple[Window, list[Any]]]:
        began = monotonic()
        found = await self._read(group)
        self._pace.answered(monotonic() - began)
        return found

    async def _read(self, group: list[Window]) -> list[tuple[Window, list[Any]]]:
        """Read some windows whole: where an answer may have been capped, its window in smaller pieces."""
        found: list[tuple[Window, list[Any]]] = []
        answers = await self._ask(group)
        for window, answer in zip(group, answers, strict=True):
            if not window.may_be_capped(max(map(len, answer))):
                found.append((window, self._joined(answer)))
                continue
            rows: list[Any] = []
            for smaller in window.split():
                for _, part in await self._read([smaller]):
                    rows += part
            found.append((window, rows))
        return found

    async def _ask(self, group: list[Window]) -> list[list[list[Any]]]:
        """Send one request; return for each window its row lists: one, or one per key for an outer join."""
        path, keys = self._path, self._request.keys
        if keys is None:
            page = await get_history_page(
                self._gql,
                entity=path.entity,
                project=path.project,
                name=path.run,
                min_step=group[0].start,
                max_step=group[-1].stop,
                samples=group[0].samples,
            )
            if page.project is None or page.project.run is None:
                raise await missing_run(self._gql, path, "GetHistoryPage")
            return [[page.project.run.history]]
        each = self._key_groups(keys)
        specs = [sample_spec(names, window.samples, window) for window in group for names in each]
        sampled = await get_sampled_history(
            self._gql, entity=path.entity, project=path.project, name=path.run, specs=specs
        )
        if sampled.project is None or sampled.project.run is None:
            raise await missing_run(self._gql, path, "GetSampledHistory")
        lists = sampled.project.run.sampled_history
        if len(lists) != len(specs):
            raise AnswerError(
                f"{len(lists)} answers to {len(specs)} questions",
                operation="GetSampledHistory",
                host=self._gql.settings.base_url,
                next_step="This is a fault of the server.",
            )
        return [lists[at : at + len(each)] for at in range(0, len(lists), len(each))]

    def _windows_per_request(self) -> int:
        """How many windows one request asks for: more than one only of few keys, whose rows are small."""
        keys = self._request.keys
        if keys is None:
            return 1
        return max(1, min(4, VALUES_PER_REQUEST // (self._request.page_size * len(keys))))

    def _key_groups(self, keys: Sequence[str]) -> list[list[str]]:
        if self._request.how == "outer":
            metrics = [key for key in keys if key != "_step"]
            return [["_step", key] for key in metrics] or [["_step"]]
        return [[*keys, "_step"]] if self._strips_step else [list(keys)]

    @property
    def _strips_step(self) -> bool:
        """Whether rows carry a `_step` that nobody asked for."""
        keys = self._request.keys
        if keys is None or "_step" in keys:
            return False
        return self._request.how == "outer" or bool(self._files)

    def _joined(self, answer: list[list[Any]]) -> list[Any]:
        return (
            outer_join(answer, keep_step=True)
            if self._request.how == "outer" and self._request.keys
            else answer[0]
        )

    def _density(self) -> float:
        """Rows per step, as far as the server's index tells."""
        last = last_step_of(self._index)
        if last is None:
            return 1.0
        rows = self._expected
        if self._request.keys is not None and self._request.how == "inner":
            rows = key_count(self._index, self._request.keys)
        return 1.0 if rows is None else rows / (last + 1)

    async def _need_live_rows(self) -> None:
        """Without a parquet library: raise where the live query does not have the exported rows.

        Raises:
            MissingExtraError: There are rows in exports only.
        """
        first = Window(self.steps.start, self.steps.stop, 1)
        path = self._path
        page = await get_history_page(
            self._gql,
            entity=path.entity,
            project=path.project,
            name=path.run,
            min_step=first.start,
            max_step=first.stop if self._live_from is None else max(first.start + 1, self._live_from),
            samples=1,
        )
        found = None if page.project is None else page.project.run
        if found is None or not found.history:
            raise _needs_parquet(path)

    def _finish(self) -> None:
        self._finished = True
        short = self._request.is_whole and self._received < (self._expected or 0)
        if short and self._urls and not self._files:
            raise _needs_parquet(self._path)
        if not self._received and not self._request.is_bounded:
            for sentence in self._unmet_keys():
                warnings.warn(f"history of {str(self._path)!r}: {sentence}", stacklevel=2)


def _needs_parquet(path: RunPath) -> MissingExtraError:
    return MissingExtraError(
        f"history of {str(path)!r} is in parquet exports, and neither pyarrow nor polars is installed",
        next_step="Run: python -m pip install 'wandkit[arrow]'",
    )


def _next(batches: Iterator[list[Row]]) -> list[Row] | None:
    return next(batches, None)
