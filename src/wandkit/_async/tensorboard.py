"""Folders of TensorBoard's event files, sent to a run.

Reading without the network: _core/tensorboard_*.py. Docs: docs/api/tensorboard.md.
"""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

from wandkit_generated.gql.aio import create_run_files, mark_run_files_uploaded

from wandkit._async.account import AsyncAccount
from wandkit._async.log import AsyncRunWriter
from wandkit._async.run import AsyncRun
from wandkit._core.tensorboard_file import require_tensorboard
from wandkit._core.tensorboard_folder import EventFolder, RowBatch
from wandkit._core.tensorboard_media import MediaFile
from wandkit._core.tensorboard_receipt import TensorboardReceipt
from wandkit._core.tensorboard_row import MARK, Marks
from wandkit._core.transfer import upload_headers
from wandkit._transport.aio.graphql import AsyncGraphQL
from wandkit._transport.concurrency.aio import gather_bounded, monotonic, run_in_thread, sleep
from wandkit.errors import AnswerError, ArgumentTypeError, IncompleteHistoryError

if TYPE_CHECKING:
    from wandkit._async.api import AsyncApi

__all__ = ["AsyncSyncedRun", "AsyncTensorboardMethods"]

UPLOADS = 8
ANNOUNCED_AT_ONCE = 200
LOOK_EVERY_S = 1.0
QUIET_S = 10.0


class AsyncSyncedRun(AsyncRun):
    """A run that event files were synced to. Get it from `AsyncApi.sync_tensorboard`.

    Attributes:
        receipt: What was read, sent and skipped, and why.
    """

    __slots__ = ("receipt",)

    receipt: TensorboardReceipt


class AsyncTensorboardMethods:
    """The method of `AsyncApi` about TensorBoard."""

    _account: AsyncAccount

    async def sync_tensorboard(
        self,
        root_dir: str | os.PathLike[str],
        run_id: str | None = None,
        project: str | None = None,
        entity: str | None = None,
        *,
        until: Callable[[], bool] | None = None,
        progress: bool | None = None,
    ) -> AsyncSyncedRun:
        """Send all event files below a folder to one run, and return the run with a receipt.

        Scalars, tensors and histograms become history, images, texts and sounds media, hyperparameters the
        config. Keys are `FOLDER/TAG`. A second sync of the folder into the same run sends what is new.

        Args:
            root_dir: The folder; its sub-folders are read too. Or one event file.
            run_id: The run; default a new one. One that is there is added to.
            project: The project; default the settings' project, else `uncategorized`.
            entity: The user or team; default the settings' entity, then the account's default one.
            until: Follow the folder while it grows, until this returns True; it is asked about once a second.
            progress: Whether to show a progress bar; None shows one on a terminal.

        Raises:
            ArgumentError: There is no such folder, or no event in it; no run was made.
            ArgumentTypeError: `until` is no function.
            MissingExtraError: The extra `tensorboard` is not installed.
            IncompleteHistoryError: The rows of a run that is there cannot all be read; nothing was sent.
            PermissionDeniedError: The API key may not log to the project.
        """
        require_tensorboard()
        if until is not None and not callable(until):  # pyright: ignore[reportUnnecessaryComparison]
            raise ArgumentTypeError(
                f"`until` is a function that says when to stop, not {until!r}.",
                next_step="Write until=lambda: done.is_set(), or leave it out to read what is there.",
            )
        folder = await run_in_thread(EventFolder, root_dir)
        if until is None:
            await run_in_thread(folder.require_events)
        run = await AsyncRun.create(cast("AsyncApi", self), run_id, project, entity)
        with _bar(progress, run.id) as bar:
            sync = _Sync(self._account.gql, run, folder, bar)
            await sync.begin()
            while not await sync.catch_up(last=until is None or until()):
                await sleep(LOOK_EVERY_S)
            await sync.end()
        synced = await AsyncSyncedRun.fetch(self._account.gql, run.run_path)
        synced.receipt = folder.tally.receipt()
        return synced


class _Sync:
    """One sync of one folder to one run."""

    def __init__(self, gql: AsyncGraphQL, run: AsyncRun, folder: EventFolder, bar: Any) -> None:
        self._gql = gql
        self._run = run
        self._folder = folder
        self._bar = bar
        self._writer = AsyncRunWriter(gql, run.run_path)
        self._read_bytes: int = 0
        self._grew_at = monotonic()

    async def begin(self) -> None:
        """Ask how far the run is, and open the files.

        A sync that was killed may have sent rows that the server takes only now: so the run is asked until
        it stays as it is while its rows are read.
        """
        await self._writer.open()
        while True:
            marks = await self._marks()
            before = self._writer.next_step
            self._writer = AsyncRunWriter(self._gql, self._run.run_path)
            await self._writer.open()
            if self._writer.next_step == before:
                break
        await run_in_thread(self._folder.begin, before, marks)

    async def _marks(self) -> Marks:
        """Return what the rows say of the files that they came from."""
        marks = Marks()
        if self._writer.next_step:
            scan = self._run.scan_history(keys=[MARK])
            async for row in scan:
                marks.add(row.get(MARK))
            if not scan.receipt.complete:
                raise IncompleteHistoryError(
                    f"the rows of {str(self._run.run_path)!r} cannot all be read, so it is not known what it "
                    f"has: {scan.receipt}",
                    next_step="Sync into a new run, or try again.",
                )
        return marks

    async def catch_up(self, *, last: bool) -> bool:
        """Send what is there and was not sent; return `last`.

        Unless it is the last time, the newest step stays open for a while: more of it may come.
        """
        await run_in_thread(self._folder.look)
        while True:
            quiet = monotonic() - self._grew_at > QUIET_S
            batch = await run_in_thread(self._folder.batch, finish=last or quiet)
            self._show()
            await self._configure()
            if batch.rows:
                await self._send(batch)
            if not batch.more:
                return last

    async def end(self) -> None:
        """Send what is left and finish the run."""
        await self._writer.finish(0)

    def _show(self) -> None:
        read: int = self._folder.read_bytes
        if read != self._read_bytes:
            self._read_bytes, self._grew_at = read, monotonic()
        self._bar.total, self._bar.n = self._folder.total_bytes, read
        self._bar.refresh()

    async def _configure(self) -> None:
        """Send hyperparameters that the run does not have, before rows that come after them."""
        if not self._folder.config:
            return
        config = await self._run.config
        for name, value in self._folder.config.items():
            if name not in config or config[name] != value:
                config[name] = value
        await self._run.update()

    async def _send(self, batch: RowBatch) -> None:
        """Send the files first: a row that the server has names files that it has."""
        for at in range(0, len(batch.files), ANNOUNCED_AT_ONCE):
            await self._upload(batch.files[at : at + ANNOUNCED_AT_ONCE])
        await self._writer.log(batch.rows, None)
        await self._writer.flush()

    async def _upload(self, files: Sequence[MediaFile]) -> None:
        by_name = {file.name: file for file in files}
        path = self._run.run_path
        answer = await create_run_files(
            self._gql, entity=path.entity, project=path.project, name=path.run, files=list(by_name)
        )
        created = answer.create_run_files
        places = {} if created is None else {place.name: place for place in created.files or []}
        missing = [name for name in by_name if name not in places or not places[name].upload_url]
        if created is None or missing:
            raise AnswerError(
                f"The server gave no URL to upload {missing[0]!r} to.",
                operation="CreateRunFiles",
                host=self._gql.settings.base_url,
                next_step="Check that the API key may write to the project.",
            )
        headers = upload_headers(created.upload_headers or ())

        async def one(file: MediaFile) -> None:
            url = places[file.name].upload_url or ""
            await self._gql.http.upload(
                url, _pieces_of(file.data), len(file.data), headers, action=f"Upload {file.name}"
            )

        await gather_bounded(UPLOADS, [_bind(one, file) for file in by_name.values()])
        if await self._gql.supports("MARK_RUN_FILES_UPLOADED"):
            await mark_run_files_uploaded(
                self._gql, entity=path.entity, project=path.project, name=path.run, files=list(by_name)
            )


def _pieces_of(data: bytes) -> Callable[[], AsyncIterator[bytes]]:
    async def pieces() -> AsyncIterator[bytes]:
        yield data

    return pieces


def _bind(job: Callable[[MediaFile], Awaitable[None]], file: MediaFile) -> Callable[[], Awaitable[None]]:
    return lambda: job(file)


def _bar(progress: bool | None, name: str) -> Any:
    """A progress bar in bytes of event files, on a terminal or where it is asked for."""
    from tqdm import tqdm

    shown = sys.stderr.isatty() if progress is None else progress
    return tqdm(total=0, unit="B", unit_scale=True, desc=name, disable=not shown)
