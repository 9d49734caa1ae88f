"""The part of an artifact that reads: its entries, its files, and whether a folder agrees with it.

Docs: docs/api/artifact.md.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from wandkit_generated.gql.aio import get_artifact_manifest

from wandkit._async.artifact_entry import AsyncArtifactEntry
from wandkit._async.artifact_fetch import AsyncArtifactFetch, FetchPlan
from wandkit._async.artifact_file import AsyncArtifactFiles
from wandkit._async.artifact_handle import AsyncArtifactHandle
from wandkit._async.artifact_urls import AsyncArtifactUrls
from wandkit._core.artifact_cache import ArtifactCache
from wandkit._core.artifact_folder import differences, extra_files, holds, remove_files
from wandkit._core.artifact_name import check_entry_name, entry_name
from wandkit._core.artifact_state import ArtifactPlace
from wandkit._core.awaitable import awaitable_property
from wandkit._core.digest import MD5
from wandkit._core.manifest import Manifest, ManifestEntry
from wandkit._core.near import did_you_mean, near_matches
from wandkit._core.transfer import file_target
from wandkit._transport.concurrency.aio import gather_bounded, run_in_thread
from wandkit.errors import AnswerError, ArgumentError, ArtifactMismatchError
from wandkit.media.object import entry_of

if TYPE_CHECKING:
    from wandkit._async.artifact import AsyncArtifact

__all__ = ["AsyncArtifactDownload"]

JOBS = 16
CHECKED_AT_ONCE = 64
RANGE_BYTES = 100 << 20
RANGE_THRESHOLD = 2 << 30


class AsyncArtifactDownload(AsyncArtifactHandle):
    """The entries and files of an artifact; a part of `AsyncArtifact`."""

    @awaitable_property
    async def manifest(self) -> Manifest:
        """The list of its entries, fetched when first read; a draft's own."""
        if self._manifest is None:
            self._manifest = await self._fetch_manifest()
        return self._manifest

    async def get_entry(self, name: str | os.PathLike[str]) -> AsyncArtifactEntry:
        """Return the entry called `name`.

        Raises:
            KeyError: There is none; the message has names like it.
            ArtifactNotLoggedError: It is a draft.
        """
        self._known("entries")
        path = entry_name(name)
        manifest: Manifest = await self.manifest
        found = manifest.get_entry_by_path(path)
        if found is None and (named := entry_of(path, manifest.entries)) is not None:
            found = manifest.entries[named]
        if found is None:
            near = did_you_mean(near_matches(path, [*manifest.entries]))
            raise KeyError(f"{self._name} has no entry {path!r}. {near}".strip())
        return AsyncArtifactEntry(self._self(), found)

    async def get_path(self, name: str | os.PathLike[str]) -> AsyncArtifactEntry:
        """Return the entry called `name`. Deprecated: say `get_entry`.

        Raises:
            KeyError: There is no such entry.
            ArtifactNotLoggedError: It is a draft.
        """
        warnings.warn(
            "Artifact.get_path is deprecated; say Artifact.get_entry.", DeprecationWarning, stacklevel=2
        )
        entry = await self.get_entry(name)
        return entry

    def files(
        self, names: Sequence[str] | None = None, per_page: int | None = None, start: str | None = None
    ) -> AsyncArtifactFiles:
        """List the files as the server has them; nothing is sent before the first is asked for.

        Args:
            names: Only these.
            per_page: Files of one request; left out, the size adapts.
            start: A `cursor` of an earlier listing, to go on from there.

        Raises:
            ArtifactNotLoggedError: It is a draft.
        """
        fields = self._known("files")
        return AsyncArtifactFiles(
            self._client("files"), fields.id, self._qualified(), names, per_page=per_page, start=start
        )

    @staticmethod
    def path_contains_dir_prefix(path: str | os.PathLike[str], dir_path: str | os.PathLike[str]) -> bool:
        """Return whether `path` is `dir_path` or lies below it, folder by folder; all lies below "".

        Args:
            path: A name with forward slashes.
            dir_path: A folder, or the beginning of one in whole names.
        """
        parts, folders = PurePosixPath(path).parts, PurePosixPath(dir_path).parts
        return parts[: len(folders)] == folders

    @classmethod
    def should_download_entry(
        cls, entry: ManifestEntry | AsyncArtifactEntry, prefix: str | os.PathLike[str] | None
    ) -> bool:
        """Return whether an entry is `prefix` or lies below it, as `path_contains_dir_prefix` has it.

        Args:
            entry: An entry of a manifest.
            prefix: A folder or name; None lets every entry through.
        """
        return prefix is None or cls.path_contains_dir_prefix(entry.path, prefix)

    async def file(self, root: str | os.PathLike[str] | None = None) -> str:
        """Download the only file of the artifact and return its path.

        Raises:
            ArgumentError: It has not exactly one.
        """
        manifest: Manifest = await self.manifest
        if len(manifest) != 1:
            raise ArgumentError(
                f"{self._name} has {len(manifest)} files, not one", next_step="Use download() for all."
            )
        (entry,) = manifest
        path = await self.download_entry(entry, root)
        return path

    async def download(
        self,
        root: str | os.PathLike[str] | None = None,
        allow_missing_references: bool = False,
        skip_cache: bool | None = None,
        path_prefix: str | os.PathLike[str] | None = None,
        multipart: bool | None = None,
        *,
        jobs: int = JOBS,
        progress: bool | None = None,
    ) -> str:
        """Download the files to their names below `root` and return that folder.

        A file that is there with the right bytes stays as it is. One that this machine's cache has is copied
        from there; only the others are fetched, several at a time. Other files in the folder are left alone.

        Args:
            root: The folder; default `artifacts/NAME:vN` in `WANDB_ARTIFACT_DIR` or the current folder.
            allow_missing_references: Whether a reference that leads nowhere is left out with a warning.
            skip_cache: Whether to leave the cache of this machine alone.
            path_prefix: Only entries whose name begins with this.
            multipart: Whether to fetch in parallel ranges; None does so for files of 2 GiB and more.
            jobs: How many files at a time.
            progress: Whether to show a progress bar; None shows one on a terminal.

        Raises:
            ArgumentError: An entry's name would leave the folder; nothing was written.
            ChecksumError: The bytes of a file are not those that the manifest names.
            TransferError: A file did not arrive whole, or could not be written.
            FileNotFoundError: A reference leads nowhere.
            ArtifactNotLoggedError: It is a draft.
        """
        self._known("files")
        if jobs < 1:
            raise ArgumentError(f"jobs must be a positive whole number, not {jobs}")
        manifest: Manifest = await self.manifest
        prefix = os.fspath(path_prefix) if path_prefix is not None else ""
        entries = [entry for entry in manifest if entry.path.startswith(prefix)]
        folder = self._root(root)
        places = await run_in_thread(_places, folder, entries)
        with _bar(progress, entries, self._name) as bar:
            left = await self._not_there(entries, places, bar)
            references = [entry for entry in left if entry.ref]
            await self._download_references(
                references, places, allow_missing_references, bool(skip_cache), jobs, bar
            )
            files = [entry for entry in left if not entry.ref]
            await self._download_files(files, places, bool(skip_cache), multipart, jobs, bar)
        if not entries:
            await run_in_thread(partial(folder.mkdir, parents=True, exist_ok=True))
        return str(folder)

    async def download_entry(
        self,
        entry: ManifestEntry,
        root: str | os.PathLike[str] | None = None,
        *,
        skip_cache: bool = False,
    ) -> str:
        """Download one entry to its name below `root` and return its path."""
        places = await self.download_entries([entry], root, skip_cache=skip_cache)
        return str(places[entry.path])

    async def download_entries(
        self,
        entries: Sequence[ManifestEntry],
        root: str | os.PathLike[str] | None = None,
        *,
        skip_cache: bool = False,
    ) -> dict[str, Path]:
        """Download some entries to their names below `root` and return where each is."""
        folder = self._root(root)
        places = await run_in_thread(_places, folder, entries)
        with _bar(False, entries, self._name) as bar:
            left = await self._not_there(entries, places, bar)
            references = [one for one in left if one.ref]
            await self._download_references(references, places, False, skip_cache, JOBS, bar)
            files = [one for one in left if not one.ref]
            await self._download_files(files, places, skip_cache, None, JOBS, bar)
        return places

    async def download_entry_to(self, entry: ManifestEntry, path: Path) -> None:
        """Download one entry to the file `path`."""
        with _bar(False, [entry], self._name) as bar:
            if entry.ref:
                await self._download_references([entry], {entry.path: path}, False, False, 1, bar)
            else:
                await self._download_files([entry], {entry.path: path}, False, None, 1, bar)

    async def checkout(self, root: str | os.PathLike[str] | None = None) -> str:
        """Make the folder `root` hold the artifact's files and nothing else; return the folder.

        Files of other names are deleted. The default folder has no version in its name.

        Raises:
            TransferError: A file did not arrive whole; nothing was removed.
            ArtifactNotLoggedError: It is a draft.
        """
        manifest: Manifest = await self.manifest
        folder = self._root(root, versioned=False)
        others = await run_in_thread(extra_files, folder, manifest)
        path = await self.download(folder)
        await run_in_thread(remove_files, folder, others)
        return path

    async def verify(self, root: str | os.PathLike[str] | None = None) -> None:
        """Compare the folder `root` with the artifact; references are not looked at, and a warning says so.

        Raises:
            FileNotFoundError: A file is missing.
            ArtifactMismatchError: A file has other bytes, or belongs to something else.
            ArtifactNotLoggedError: It is a draft.
        """
        self._known("files")
        manifest: Manifest = await self.manifest
        folder = self._root(root)
        others = await run_in_thread(extra_files, folder, manifest)
        if others:
            raise ArtifactMismatchError(
                f"{str(folder)!r} has {others[0]!r}, which is not in {self._name}",
                next_step="Remove it, or use checkout().",
            )
        files = [entry for entry in manifest if not entry.ref]
        if len(files) < len(manifest):
            warnings.warn(
                f"{len(manifest) - len(files)} reference(s) of {self._name} were not verified.", stacklevel=2
            )
        groups = [files[at : at + CHECKED_AT_ONCE] for at in range(0, len(files), CHECKED_AT_ONCE)]
        found = await gather_bounded(JOBS, [_job(differences, folder, group) for group in groups])
        wrong = [name for names in found for name in names]
        if wrong:
            raise ArtifactMismatchError(
                f"{len(wrong)} file(s) in {str(folder)!r} differ from {self._name}: {wrong[0]!r}",
                next_step="Download the artifact again.",
            )

    async def _not_there(
        self, entries: Sequence[ManifestEntry], places: dict[str, Path], bar: Any
    ) -> list[ManifestEntry]:
        """Return the entries whose files are not in place with the right bytes."""
        groups = [entries[at : at + CHECKED_AT_ONCE] for at in range(0, len(entries), CHECKED_AT_ONCE)]
        found = await gather_bounded(JOBS, [_job(_missing, group, places) for group in groups])
        left = [entry for group in found for entry in group]
        known = sum(entry.size or 0 for entry in entries) - sum(entry.size or 0 for entry in left)
        bar.update(known)
        return left

    async def _download_files(
        self,
        entries: list[ManifestEntry],
        places: dict[str, Path],
        skip_cache: bool,
        multipart: bool | None,
        jobs: int,
        bar: Any,
    ) -> None:
        """Fetch files: those of the same bytes one after the other, so that they come over the wire once."""
        if not entries:
            return
        gql, fields = self._client("files"), self._known("files")
        extra = gql.settings.extra
        threshold = int(extra.get("artifact_range_threshold", RANGE_THRESHOLD))
        if multipart is not None:
            threshold = 1 if multipart else sys.maxsize
        plan = FetchPlan(skip_cache, threshold, int(extra.get("artifact_range_bytes", RANGE_BYTES)))
        manifest: Manifest = await self.manifest
        cache = ArtifactCache.of(gql.settings)
        urls = AsyncArtifactUrls(gql, fields.id, entries)
        source = ArtifactPlace.of_source(fields)
        fetch = AsyncArtifactFetch(gql, fields.id, source, manifest, urls, cache, plan, bar.update)

        async def one(entry: ManifestEntry) -> None:
            await fetch.fetch(entry, places[entry.path])

        digests: set[str] = set()
        again: list[ManifestEntry] = []
        first: list[ManifestEntry] = []
        for entry in entries:
            (again if entry.digest in digests else first).append(entry)
            digests.add(entry.digest)
        await gather_bounded(jobs, [_bind(one, entry) for entry in first])
        await gather_bounded(jobs, [_bind(one, entry) for entry in again])
        if fetch.cached_bytes:
            await run_in_thread(cache.trim, fetch.cached_bytes)

    async def _download_references(
        self,
        entries: list[ManifestEntry],
        places: dict[str, Path],
        allow_missing: bool,
        skip_cache: bool,
        jobs: int,
        bar: Any,
    ) -> None:
        from wandkit._async.artifact_reference import fetch_reference

        gql = self._client("files")
        cached: list[int] = []

        async def one(entry: ManifestEntry) -> None:
            added = await fetch_reference(
                gql, entry, places[entry.path], allow_missing=allow_missing, skip_cache=skip_cache
            )
            cached.append(added)
            bar.update(entry.size or 0)

        await gather_bounded(jobs, [_bind(one, entry) for entry in entries])
        if any(cached):
            await run_in_thread(ArtifactCache.of(gql.settings).trim, sum(cached))

    async def _fetch_manifest(self) -> Manifest:
        gql, fields = self._client("manifest"), self._known("manifest")
        answer = await get_artifact_manifest(gql, id=fields.id)
        current = answer.artifact.current_manifest if answer.artifact else None
        if current is None:
            raise AnswerError(
                f"The server has no manifest of {self._name}.",
                operation="GetArtifactManifest",
                host=gql.settings.base_url,
                next_step="The version may have been deleted, or is not committed yet.",
            )
        async with await gql.http.open_stream(
            current.file.direct_url, action=f"Download the manifest of {self._name}"
        ) as body:
            text = await body.read()
        algorithm = fields.digest_algorithm
        try:
            return await run_in_thread(
                Manifest.parse, text, digest_algorithm=str(algorithm.value) if algorithm else MD5
            )
        except AnswerError as error:
            error.operation, error.host = "GetArtifactManifest", gql.settings.base_url
            error.next_step = f"Tell the server's owner: the manifest of {self._name} is broken."
            raise

    def _qualified(self) -> str:
        place = self._found("name")
        return f"{place.entity}/{place.project}/{self._place_name()}"

    def _place_name(self) -> str:
        place = self._found("name")
        return f"{place.collection}:{place.version}" if place.version else place.collection

    def _root(self, root: str | os.PathLike[str] | None, *, versioned: bool = True) -> Path:
        """Return the folder that is meant: `root`, or one with the name that the version was logged under."""
        if root is not None:
            return Path(root)
        source = ArtifactPlace.of_source(self._known("files"))
        name = f"{source.collection}:{source.version}" if versioned else source.collection
        if os.name == "nt":
            name = name.replace(":", "-")
        check_entry_name(source.collection)
        return Path(os.environ.get("WANDB_ARTIFACT_DIR") or "artifacts") / name

    def _self(self) -> AsyncArtifact:
        raise NotImplementedError


def _places(folder: Path, entries: Sequence[ManifestEntry]) -> dict[str, Path]:
    """Return where each entry goes; every name is checked before any file is touched."""
    return {entry.path: file_target(folder, check_entry_name(entry.path)) for entry in entries}


def _missing(entries: Sequence[ManifestEntry], places: dict[str, Path]) -> list[ManifestEntry]:
    return [entry for entry in entries if entry.ref or not holds(places[entry.path], entry)]


def _bar(progress: bool | None, entries: Sequence[ManifestEntry], name: str) -> Any:
    """A progress bar in bytes, on a terminal or where it is asked for."""
    from tqdm import tqdm

    shown = sys.stderr.isatty() if progress is None else progress
    total = sum(entry.size or 0 for entry in entries)
    return tqdm(total=total, unit="B", unit_scale=True, desc=name, disable=not shown)


def _bind(
    job: Callable[[ManifestEntry], Awaitable[None]], entry: ManifestEntry
) -> Callable[[], Awaitable[None]]:
    return lambda: job(entry)


def _job(fn: Callable[[Any, Any], list[Any]], first: Any, second: Any) -> Callable[[], Awaitable[list[Any]]]:
    return lambda: run_in_thread(fn, first, second)
