"""One file of an artifact on its way in: streamed or in parallel ranges, resumed, checked, moved into place.

Logic without I/O on the network: _core/transfer.py, _core/artifact_cache.py.
"""

from __future__ import annotations

import errno
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from wandkit._async.artifact_urls import AsyncArtifactUrls, storage_path
from wandkit._core.artifact_cache import ArtifactCache
from wandkit._core.artifact_partial import Partial
from wandkit._core.artifact_state import ArtifactPlace
from wandkit._core.digest import MD5, file_digest
from wandkit._core.manifest import Manifest, ManifestEntry
from wandkit._core.transfer import Download, Target
from wandkit._transport.aio.graphql import AsyncGraphQL
from wandkit._transport.concurrency.aio import gather_bounded, run_in_thread, sleep
from wandkit.errors import (
    ChecksumError,
    ConnectionFailedError,
    NotFoundError,
    PermissionDeniedError,
    RequestTimeoutError,
    TransferError,
    WandkitError,
)

__all__ = ["AsyncArtifactFetch", "FetchPlan", "unwritten"]

BREAKS_IN_A_ROW = 5
LONGEST_WAIT_S = 5.0
RANGES_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class FetchPlan:
    """How files are fetched.

    Attributes:
        skip_cache: Whether the cache is left alone.
        range_threshold: From how many bytes on a file is fetched in parallel ranges.
        range_bytes: How long each range is.
    """

    skip_cache: bool = False
    range_threshold: int = 2 << 30
    range_bytes: int = 100 << 20


class AsyncArtifactFetch:
    """Brings files of one version to this machine."""

    def __init__(
        self,
        gql: AsyncGraphQL,
        artifact_id: str,
        place: ArtifactPlace,
        manifest: Manifest,
        urls: AsyncArtifactUrls,
        cache: ArtifactCache,
        plan: FetchPlan,
        watch: Callable[[int], object],
    ) -> None:
        self._gql = gql
        self._id = artifact_id
        self._place = place
        self._manifest = manifest
        self._urls = urls
        self._cache = cache
        self._plan = plan
        self._watch = watch
        self.cached_bytes = 0

    async def fetch(self, entry: ManifestEntry, path: Path) -> None:
        """Bring the file `entry` to `path`.

        Raises:
            ChecksumError: Its bytes are not those that the manifest names; nothing was kept.
            TransferError: It did not arrive whole, or could not be written.
        """
        if not self._plan.skip_cache:
            try:
                if await self._through_cache(entry, path):
                    return
            except OSError as error:
                # Errors of the network are of the same kind; those of the cache's disk are not the end.
                if isinstance(error, WandkitError):
                    raise
        try:
            await self._receive_to(entry, await run_in_thread(Target, path))
        except OSError as error:
            if isinstance(error, WandkitError):
                raise
            raise unwritten(entry, path, error) from error

    async def _through_cache(self, entry: ManifestEntry, path: Path) -> bool:
        """Bring the file into the cache and copy it from there; False where it vanished in between."""
        algorithm = entry.digest_algorithm
        place = self._cache.place(entry.digest, algorithm)
        if await run_in_thread(self._cache.copy_out, place, path, entry.digest, algorithm):
            self._watch(entry.size or 0)
            return True
        size = entry.size or 0
        in_one = size < self._plan.range_threshold
        target = await run_in_thread(partial(self._cache.target, place, size, resume=in_one))
        await self._receive_to(entry, target)
        self.cached_bytes += entry.size or 0
        return await run_in_thread(self._cache.copy_out, place, path, None)

    async def _receive_to(self, entry: ManifestEntry, target: Target) -> None:
        try:
            size = entry.size or 0
            done = size >= self._plan.range_threshold and await self._receive_ranges(entry, target, size)
            if not done:
                await self._receive(entry, target)
            await run_in_thread(target.keep)
        except (ConnectionFailedError, RequestTimeoutError, KeyboardInterrupt):
            if isinstance(target, Partial):
                await run_in_thread(target.leave)
            raise
        finally:
            await run_in_thread(target.drop)

    async def _receive(self, entry: ManifestEntry, target: Target) -> None:
        """Receive all bytes in one stream; where an earlier process left some, the rest of them."""
        if isinstance(target, Partial) and target.held:
            try:
                await self._receive_rest(entry, target, target.held)
                return
            except TransferError:
                # What was left is not how the file begins: all of it, then.
                await run_in_thread(target.restart)
        await self._receive_rest(entry, target, 0)

    async def _receive_rest(self, entry: ManifestEntry, target: Target, held: int) -> None:
        """Receive all bytes beyond the first `held`, over as many attempts as bring any."""
        is_md5 = entry.digest_algorithm == MD5
        download = Download(entry.path, md5=entry.digest if is_md5 else None)
        if held and isinstance(target, Partial):
            await run_in_thread(_count, target, download)
            self._watch(held)
        if not held or held != entry.size:
            await self._receive_into(entry, target, download)
        try:
            download.check()
            if entry.size is not None and download.received != entry.size:
                raise _wrong_size(entry, download.received)
        except TransferError as error:
            error.operation, error.host = f"Download {entry.path}", self._gql.settings.base_url
            raise
        if not is_md5:
            await self._check_digest(entry, target)

    async def _receive_into(self, entry: ManifestEntry, target: Target, download: Download) -> None:
        place = await self._urls.url_of(entry.path) or await self._storage_path(entry)
        breaks, refused = 0, 0
        while True:
            before = download.received
            try:
                async with await self._gql.http.open_stream(
                    place, download.headers(), action=f"Download {entry.path}"
                ) as body:
                    if not download.begin(body.status, body.headers):
                        self._watch(-before)
                        target.restart()
                    async for piece in body.pieces():
                        target.write(piece)
                        download.take(piece)
                        self._watch(len(piece))
                break
            except (ConnectionFailedError, RequestTimeoutError):
                breaks = 0 if download.received > before else breaks + 1
                if breaks >= BREAKS_IN_A_ROW:
                    raise
            except (NotFoundError, PermissionDeniedError, TransferError):
                refused += 1
                place = await self._other_place(entry, refused)
            await sleep(min(LONGEST_WAIT_S, 0.05 * 2**breaks))

    async def _receive_ranges(self, entry: ManifestEntry, target: Target, size: int) -> bool:
        """Receive the file in parallel ranges; False where the server does not serve any."""
        step = self._plan.range_bytes
        refusals: list[int] = []

        async def one(start: int) -> None:
            end = min(start + step, size)
            if not refusals and not await self._receive_range(entry, target, start, end):
                refusals.append(start)

        await gather_bounded(RANGES_AT_ONCE, [_bind(one, start) for start in range(0, size, step)])
        if refusals:
            await run_in_thread(target.restart)
            return False
        await self._check_digest(entry, target)
        return True

    async def _receive_range(self, entry: ManifestEntry, target: Target, start: int, end: int) -> bool:
        place = await self._urls.url_of(entry.path) or await self._storage_path(entry)
        breaks, refused, at = 0, 0, start
        while at < end:
            before = at
            try:
                async with await self._gql.http.open_stream(
                    place, {"Range": f"bytes={at}-{end - 1}"}, action=f"Download {entry.path}"
                ) as body:
                    if body.status != 206:
                        return False
                    async for piece in body.pieces():
                        kept = piece[: end - at]
                        await run_in_thread(target.write_at, at, kept)
                        at += len(kept)
                        self._watch(len(kept))
            except (ConnectionFailedError, RequestTimeoutError):
                if at == before and breaks + 1 >= BREAKS_IN_A_ROW:
                    raise
            except (NotFoundError, PermissionDeniedError, TransferError):
                refused += 1
                place = await self._other_place(entry, refused)
            breaks = 0 if at > before else breaks + 1
            if breaks >= BREAKS_IN_A_ROW:
                raise _wrong_size(entry, at)
            if at < end:
                await sleep(min(LONGEST_WAIT_S, 0.05 * 2**breaks))
        return True

    async def _check_digest(self, entry: ManifestEntry, target: Target) -> None:
        path = await run_in_thread(lambda: target.temporary)
        digest = await run_in_thread(file_digest, path, entry.digest_algorithm)
        if digest != entry.digest:
            raise ChecksumError(
                f"{entry.path}: what arrived has the digest {digest}, the manifest says {entry.digest}",
                operation=f"Download {entry.path}",
                host=self._gql.settings.base_url,
                next_step="Download it again; nothing was kept.",
            )

    async def _other_place(self, entry: ManifestEntry, refused: int) -> str:
        """Return where else the file may be, after a place refused it: a new URL, then the storage endpoint.

        Called while the refusal is handled: where there is nowhere else, it is raised again.
        """
        if refused == 1:
            fresh = await self._urls.fresh_url_of(entry.path)
            return fresh or await self._storage_path(entry)
        if refused == 2:
            return await self._storage_path(entry)
        raise TransferError(
            f"{entry.path}: neither a fresh signed URL nor the storage endpoint serves the file",
            operation=f"Download {entry.path}",
            host=self._gql.settings.base_url,
            next_step="Check that the API key may read the artifact, and that its files still exist.",
        )

    async def _storage_path(self, entry: ManifestEntry) -> str:
        with_id = await self._gql.supports("ARTIFACT_V2_DOWNLOAD_HANDLER_SUPPORTS_ARTIFACT_ID")
        return storage_path(self._place, self._id, self._manifest, entry, with_id=with_id)


def _count(target: Partial, download: Download) -> None:
    """Digest the bytes that are there already."""
    for piece in target.pieces():
        download.take(piece)


def _wrong_size(entry: ManifestEntry, received: int) -> TransferError:
    return TransferError(
        f"{entry.path}: {received} bytes arrived, the manifest says {entry.size}",
        operation=f"Download {entry.path}",
        next_step="Download it again; nothing was kept.",
    )


def unwritten(entry: ManifestEntry, path: Path, error: OSError) -> TransferError:
    """Return the error for a file that the disk did not take."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return TransferError(
        f"{entry.path}: could not be written to {str(path)!r}: {error.strerror or error}",
        operation=f"Download {entry.path}",
        next_step="Make room on the disk; nothing half-written was kept."
        if full
        else "Check that the folder can be written to.",
    )


def _bind(job: Callable[[int], Awaitable[None]], start: int) -> Callable[[], Awaitable[None]]:
    return lambda: job(start)
