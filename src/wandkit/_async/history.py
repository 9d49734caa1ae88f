"""History of a run: what it logged step by step, sampled or complete.

Schema: schema/history.graphql. Operations: queries/history.graphql. Docs: docs/api/history.md.
Complete scans: _async/history_scan.py. Exports: _async/history_export.py. Many runs: _async/histories.py.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, overload

from wandkit_generated.gql.aio import get_events, get_full_history, get_history_extent, get_sampled_history

from wandkit._async.history_export import AsyncExports, HistoryExports
from wandkit._async.history_scan import AsyncHistoryScan
from wandkit._async.run_handle import AsyncRunHandle
from wandkit._async.run_near import missing_run
from wandkit._core.frame import has_library
from wandkit._core.history import (
    How,
    Row,
    Stream,
    check_keys,
    check_samples,
    check_steps,
    decode_rows,
    key_names,
    keys_apart,
    missing_keys,
    restore_values,
)
from wandkit._core.rows import History, sample_receipt, whole_receipt
from wandkit._core.scan import ScanRequest, sample_spec

if TYPE_CHECKING:
    import pandas

__all__ = ["AsyncRunHistory"]


class AsyncRunHistory(AsyncRunHandle):
    """The history of a run; a part of `AsyncRun`."""

    __slots__ = ()

    @overload
    async def history(
        self,
        samples: int = 500,
        keys: Sequence[str] | None = None,
        x_axis: str = "_step",
        pandas: Literal[True] = True,
        stream: Stream = "default",
    ) -> pandas.DataFrame: ...

    @overload
    async def history(
        self,
        samples: int,
        keys: Sequence[str] | None,
        x_axis: str,
        pandas: Literal[False],
        stream: Stream = "default",
    ) -> History: ...

    @overload
    async def history(
        self,
        samples: int = 500,
        keys: Sequence[str] | None = None,
        x_axis: str = "_step",
        *,
        pandas: Literal[False],
        stream: Stream = "default",
    ) -> History: ...

    async def history(
        self,
        samples: int = 500,
        keys: Sequence[str] | None = None,
        x_axis: str = "_step",
        pandas: bool = True,
        stream: Stream = "default",
    ) -> pandas.DataFrame | History:
        """Fetch a sample of the run's history, or of its system metrics; the server chooses the rows.

        The receipt says whether rows were left out: `frame.attrs["receipt"]`, or `.receipt` of a `History`.
        For every row, use `scan_history`.

        Args:
            samples: At most how many rows.
            keys: Only these metrics, and only rows that have all of them; None for all metrics and rows.
            x_axis: With `keys`: the metric that goes with each row.
            pandas: Whether to return a pandas frame; a `History` with a warning where pandas is not
                installed.
            stream: "default" for what the run logged, "system" for what its machine measured.

        Raises:
            ArgumentError: Keys that are no list of names, or keys for the system metrics.
            NotFoundError: The run is gone.
        """
        names = check_keys(keys, stream=stream)
        check_samples(samples)
        if names is not None:
            found = await self._sampled(samples, list(dict.fromkeys([x_axis, *names])))
        elif stream == "system":
            found = await self._system(samples)
        else:
            found = await self._all_keys(samples)
        if not pandas:
            return found
        if not has_library("pandas"):
            warnings.warn(
                "pandas is not installed, so history() returns a History. "
                "Run: python -m pip install 'wandkit[pandas]', or pass pandas=False.",
                stacklevel=2,
            )
            return found
        return found.to_pandas()

    def scan_history(
        self,
        keys: Sequence[str] | None = None,
        page_size: int = 1000,
        min_step: int | None = None,
        max_step: int | None = None,
        use_cache: bool = True,
        *,
        how: How = "inner",
    ) -> AsyncHistoryScan:
        """Return every row of the run's history, as something to loop over; nothing is sent before that.

        Reads exported rows and live rows and joins them, several requests at a time, in bounded memory.

        Args:
            keys: Only these metrics; None for all.
            page_size: How many steps one request covers where every step has a row; wider where rows are
                sparse.
            min_step: The first step.
            max_step: The step before which the scan ends; None for the last step at the time.
            use_cache: Whether to read exports that were downloaded before; False downloads them again and
                keeps none.
            how: With `keys`: "inner" for rows that have all of them, "outer" for rows that have any, joined
                by step.

        Raises:
            ArgumentError: Keys that are no list of names, or bounds that make no sense.
        """
        names = check_keys(keys)
        check_steps(page_size, min_step, max_step, how)
        return AsyncHistoryScan(
            self._gql, self.run_path, ScanRequest(names, page_size, min_step, max_step, how, use_cache)
        )

    def beta_scan_history(
        self,
        keys: Sequence[str] | None = None,
        page_size: int = 1000,
        min_step: int = 0,
        max_step: int | None = None,
        use_cache: bool = True,
    ) -> AsyncHistoryScan:
        """Return every row of the run's history. Deprecated: say `scan_history`.

        Args:
            keys: As for `scan_history`.
            page_size: As for `scan_history`.
            min_step: As for `scan_history`.
            max_step: As for `scan_history`.
            use_cache: As for `scan_history`.

        Raises:
            ArgumentError: As for `scan_history`.
        """
        warnings.warn(
            "Run.beta_scan_history is deprecated; say Run.scan_history.", DeprecationWarning, stacklevel=2
        )
        return self.scan_history(keys, page_size, min_step, max_step, use_cache)

    async def download_history_exports(
        self, download_dir: str | os.PathLike[str], require_complete_history: bool = True
    ) -> HistoryExports:
        """Download the parquet files that the server keeps of the run's history.

        Args:
            download_dir: The folder; it is created if need be.
            require_complete_history: Whether rows that are not exported yet are an error.

        Raises:
            IncompleteHistoryError: There are such rows, or not all files could be downloaded.
        """
        exports = AsyncExports(self._gql, self.run_path)
        done = await exports.download(Path(download_dir), complete=require_complete_history)
        return done

    async def _sampled(self, samples: int, keys: list[str]) -> History:
        answer = await get_sampled_history(
            self._gql,
            entity=self.entity,
            project=self.project,
            name=self.id,
            specs=[sample_spec(keys, samples)],
        )
        run = None if answer.project is None else answer.project.run
        if run is None:
            raise await missing_run(self._gql, self.run_path, "GetSampledHistory")
        rows: list[Row] = run.sampled_history[0] if run.sampled_history else []
        restore_values(rows, keys)
        gaps = () if rows else tuple(await self._missing(keys))
        return History(rows, sample_receipt(len(rows), samples, run.history_line_count, gaps), keys)

    async def _all_keys(self, samples: int) -> History:
        answer = await get_full_history(
            self._gql, entity=self.entity, project=self.project, name=self.id, samples=samples
        )
        run = None if answer.project is None else answer.project.run
        if run is None:
            raise await missing_run(self._gql, self.run_path, "GetFullHistory")
        rows = decode_rows(run.history)
        return History(rows, whole_receipt(len(rows), samples, run.history_line_count))

    async def _system(self, samples: int) -> History:
        answer = await get_events(
            self._gql, entity=self.entity, project=self.project, name=self.id, samples=samples
        )
        run = None if answer.project is None else answer.project.run
        if run is None:
            raise await missing_run(self._gql, self.run_path, "GetEvents")
        rows = decode_rows(run.events)
        return History(rows, whole_receipt(len(rows), samples, run.events_line_count))

    async def _missing(self, keys: Sequence[str]) -> list[str]:
        """Say which of `keys` the run never logged, or never together; a warning too, as no row has come."""
        answer = await get_history_extent(
            self._gql, entity=self.entity, project=self.project, name=self.id, live_keys=[]
        )
        run = None if answer.project is None else answer.project.run
        known = key_names(None if run is None else run.history_keys)
        missing = missing_keys(keys, known) or keys_apart(keys)
        for sentence in missing:
            warnings.warn(f"history of {str(self.run_path)!r}: {sentence}", stacklevel=4)
        return missing
