"""Writing a run: rows, system metrics and console lines go to the server while the program goes on.

Protocol without I/O: _core/filestream.py. Operations: queries/history.graphql. Docs: docs/api/history.md.
"""

from __future__ import annotations

import threading
import time
import warnings
import weakref
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any, cast

from typing_extensions import Self
from wandkit_generated.gql.aio import get_run_tail

from wandkit._async.run_handle import AsyncRunHandle
from wandkit._async.run_near import missing_run
from wandkit._core.filestream import Chunk, FileStream, StreamStart, checked_step, encode_row
from wandkit._transport.aio.graphql import AsyncGraphQL
from wandkit._transport.concurrency.aio import Lock, Prefetch, at_exit, monotonic, sleep
from wandkit.errors import ArgumentError, RunStoppedError, WandkitError
from wandkit.paths import RunPath

__all__ = ["AsyncRunLog", "AsyncRunWriter"]

FLUSH_EVERY_S = 1.0
HEARTBEAT_EVERY_S = 30.0
LOOK_EVERY_S = 0.2
MOST_PENDING = 50_000
ROWS_AT_ONCE = 1000
RETRY_EVERY_S = 5.0

MAKING_WRITER = threading.Lock()
"""Held while a run gets its writer: two of them would overwrite each other's rows."""


class AsyncRunLog(AsyncRunHandle):
    """The writing of a run; a part of `AsyncRun`."""

    __slots__ = ()

    _writer: AsyncRunWriter | None

    async def log(
        self, rows: Mapping[str, Any] | Iterable[Mapping[str, Any]], step: int | None = None
    ) -> None:
        """Log a row, or several in order: metric names to values.

        Rows are sent in the background, about once a second, and at the latest by `finish` or at the end of
        a `with` block around the run. Each gets `_step`, `_timestamp` and `_runtime`, and its values become
        the run's summary.

        Args:
            rows: The values; numbers, texts, booleans, and lists and dicts of them. Nested dicts stay nested.
            step: The step of the (first) row; None counts on. Rows with the same step are joined into one; a
                row with a step that is behind is left out with a warning, as steps only grow.

        Raises:
            ArgumentError: A value cannot be logged; nothing of that row is.
            RunStoppedError: Somebody asked the server to stop the run.
            WandkitError: The server refused earlier rows for good.
        """
        if not isinstance(cast("object", rows), Iterable):
            raise ArgumentError(
                f"rows must be a mapping or an iterable of mappings, not {type(rows).__name__}",
                next_step="Of a scan, log what its load() returns.",
            )
        writer = await self._opened()
        several = [cast("Mapping[str, Any]", rows)] if isinstance(rows, Mapping) else rows
        await writer.log(several, step)

    async def log_system(self, row: Mapping[str, float]) -> None:
        """Log one row of system metrics; `history(stream="system")` reads them."""
        writer = await self._opened()
        await writer.log_system(row)

    async def log_line(self, text: str, *, error: bool = False) -> None:
        """Log one or more lines of console output; `console_logs` reads them.

        Args:
            text: The lines.
            error: Whether they come from the standard error stream.
        """
        writer = await self._opened()
        await writer.log_line(text, error=error)

    async def flush(self) -> None:
        """Send everything that was logged, and return when the server has it.

        Raises:
            RunStoppedError: Somebody asked for the run to stop.
            WandkitError: The server did not take the rows.
        """
        writer = await self._opened()
        await writer.flush()

    async def finish(self, exit_code: int = 0) -> None:
        """Send what is left and end the run: finished where `exit_code` is 0, else failed.

        Raises:
            WandkitError: The server refused it; what it does not have stays here, and `finish` may be called
                again.
        """
        writer = await self._opened()
        summary = await writer.finish(exit_code)
        self._writer = None
        self._note_end("failed" if exit_code else "finished", summary)

    @property
    def stop_requested(self) -> bool:
        """Whether somebody asked the server to stop this run, by its last answer to what was logged."""
        writer = getattr(self, "_writer", None)
        return writer is not None and writer.stop_requested

    async def _note_summary(self, edit: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        writer = getattr(self, "_writer", None)
        if writer is not None:
            await writer.edit_summary(edit)

    async def _opened(self) -> AsyncRunWriter:
        with MAKING_WRITER:
            writer = getattr(self, "_writer", None)
            if writer is None:
                self._writer = writer = AsyncRunWriter(self._gql, self.run_path)
        await writer.open()
        return writer

    async def __aenter__(self) -> Self:
        """Write the run in a `with` block, which finishes it."""
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Finish the run: with exit code 1 where the block raised."""
        await self.finish(0 if kind is None else 1)


class AsyncRunWriter:
    """Sends what one run logs, in order and repeatably, from a job that runs in the background.

    Attributes:
        stop_requested: Whether the server asked to stop the run.
    """

    def __init__(self, gql: AsyncGraphQL, path: RunPath) -> None:
        self.stop_requested = False
        self._gql = gql
        self._run = path
        self._path = "/".join(["files", *path.quoted, "file_stream"])
        self._stream: FileStream | None = None
        self._state = Lock()
        self._sending = Lock()
        self._pump: Prefetch[None] | None = None
        self._sent_at = monotonic()
        self._error: WandkitError | None = None

    async def open(self) -> None:
        """Ask where the run stands, once, so that lines and steps go on from there."""
        if self._stream is not None:
            return
        async with self._sending:
            if self._stream is None:
                self._stream = FileStream(await self._start(), now=time.time)
                at_exit(self)

    @property
    def next_step(self) -> int:
        """The lowest step that a new row can have; 0 where the run has no rows."""
        return self._open_stream().step

    async def log(self, rows: Iterable[Mapping[str, Any]], step: int | None) -> None:
        """Take rows; wait where the server is far behind."""
        self._raise_if_over()
        stream = self._open_stream()
        first = checked_step(step)
        behind = 0
        source = iter(rows)
        while batch := list(islice(source, ROWS_AT_ONCE)):
            async with self._state:
                for row in batch:
                    behind += not stream.log(row, first)
                    first = None if first is None else first + 1
            await self._go_on()
        if behind:
            warnings.warn(
                f"{behind} row(s) left out: their step is below the run's current step {stream.step}",
                stacklevel=3,
            )

    async def log_system(self, row: Mapping[str, Any]) -> None:
        """Take one row of system metrics."""
        self._raise_if_over()
        async with self._state:
            self._open_stream().log_system(row)
        await self._go_on()

    async def log_line(self, text: str, *, error: bool) -> None:
        """Take console output."""
        self._raise_if_over()
        async with self._state:
            self._open_stream().print_text(text, error=error)
        await self._go_on()

    async def edit_summary(self, edit: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """Take over an edit of the summary that was sent apart from the rows; the next bring it again."""
        async with self._state:
            self._open_stream().edit_summary(edit)

    async def flush(self) -> None:
        """Send everything, the open row included."""
        async with self._state:
            self._open_stream().commit()
        self._error = None
        await self._send_all()

    async def finish(self, exit_code: int) -> str:
        """Send everything and the end of the run; return the run's summary as JSON text."""
        stream = self._open_stream()
        async with self._state:
            stream.close()
        await self.flush()
        async with self._sending:
            await self._post(stream.final_chunk(exit_code))
        pump, self._pump = self._pump, None
        self._stream = None
        if pump is not None:
            await pump.aclose()
        return encode_row(stream.summary)

    async def send_rest(self) -> None:
        """Send everything at the end of a program that has not finished the run; that does not finish it."""
        try:
            if self._stream is not None and self._stream.pending:
                await self.flush()
        except WandkitError as error:
            warnings.warn(f"the last lines of run {str(self._run)!r} are lost: {error}", stacklevel=2)

    async def tick(self) -> bool:
        """What the background job does each time it looks; False once there is nothing more to do for it."""
        stream = self._stream
        if stream is None:
            return False
        quiet_s = monotonic() - self._sent_at
        try:
            if stream.sendable and quiet_s >= (FLUSH_EVERY_S if self._error is None else RETRY_EVERY_S):
                await self._send_all()
                self._error = None
            elif quiet_s >= HEARTBEAT_EVERY_S:
                async with self._sending:
                    await self._post(Chunk({}, {}))
        except WandkitError as error:
            self._error = error
            self._sent_at = monotonic()
        return True

    async def _go_on(self) -> None:
        """Make sure that the background job runs, and wait for the server where too much is pending."""
        if self._pump is None:
            self._pump = Prefetch(_Pump(self))
        if self._open_stream().pending >= MOST_PENDING:
            await self._send_all()

    async def _send_all(self) -> None:
        """Send chunks until nothing is left; one sender at a time keeps them in order."""
        stream = self._open_stream()
        async with self._sending:
            while True:
                async with self._state:
                    chunk = stream.next_chunk()
                if chunk is None:
                    return
                await self._post(chunk)
                async with self._state:
                    stream.acknowledge(chunk)

    async def _post(self, chunk: Chunk) -> None:
        answer = await self._gql.http.post_json(self._path, chunk.body, idempotent=True, action="file_stream")
        self._sent_at = monotonic()
        if isinstance(answer, dict) and cast("dict[str, Any]", answer).get("stopped"):
            self.stop_requested = True

    async def _start(self) -> StreamStart:
        answer = await get_run_tail(
            self._gql, entity=self._run.entity, project=self._run.project, name=self._run.run
        )
        run = None if answer.project is None else answer.project.run
        if run is None:
            raise await missing_run(self._gql, self._run, "GetRunTail")
        return StreamStart.of(
            history=run.history_line_count,
            events=run.events_line_count,
            output=run.log_line_count,
            index=run.history_keys,
            tail=run.history_tail,
            summary=run.summary_metrics,
        )

    def _open_stream(self) -> FileStream:
        if self._stream is None:
            raise ArgumentError("the run is finished", next_step="Fetch it again to log more to it.")
        return self._stream

    def _raise_if_over(self) -> None:
        if self.stop_requested:
            raise RunStoppedError(
                f"somebody asked the server to stop run {str(self._run)!r}",
                next_step="Call finish() to end it; what was logged before is kept.",
            )
        if self._error is not None and not _may_pass(self._error):
            raise self._error

    def __del__(self) -> None:
        """Say what is lost."""
        stream = getattr(self, "_stream", None)
        if stream is not None and stream.pending:
            warnings.warn(
                f"{stream.pending} line(s) of run {str(self._run)!r} were never sent: call finish(), "
                "or write the run in a with block",
                ResourceWarning,
                stacklevel=2,
            )


class _Pump:
    """The background job of a writer; it ends when the writer is closed or forgotten."""

    def __init__(self, writer: AsyncRunWriter) -> None:
        self._writer = weakref.ref(writer)

    async def __call__(self) -> None:
        while True:
            await sleep(LOOK_EVERY_S)
            writer = self._writer()
            if writer is None or not await writer.tick():
                return
            del writer


def _may_pass(error: WandkitError) -> bool:
    """Whether an error may be gone the next time."""
    return error.status is None or error.status in (408, 409, 429) or error.status >= 500
