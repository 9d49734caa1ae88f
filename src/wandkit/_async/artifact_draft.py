"""The part of an artifact that gathers files before it is logged.

Docs: docs/api/artifact.md.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Awaitable, Callable, Generator
from pathlib import Path
from typing import IO, Any, Literal

from wandkit._async.artifact_entry import AsyncArtifactEntry
from wandkit._async.artifact_handle import AsyncArtifactHandle
from wandkit._core.artifact_folder import readable_files
from wandkit._core.artifact_name import entry_name
from wandkit._core.artifact_stage import stage, staged_entry
from wandkit._core.manifest import Manifest, ManifestEntry
from wandkit._transport.concurrency.aio import gather_bounded, run_in_thread
from wandkit.errors import ArgumentError, ArtifactFinalizedError

__all__ = ["AsyncArtifactDraft"]

HASHED_AT_ONCE = 8

Policy = Literal["mutable", "immutable"]


class AsyncArtifactDraft(AsyncArtifactHandle):
    """What goes into a draft; a part of `AsyncArtifact`."""

    async def add_file(
        self,
        local_path: str | os.PathLike[str],
        name: str | os.PathLike[str] | None = None,
        is_tmp: bool = False,
        skip_cache: bool = False,
        policy: Policy = "mutable",
        overwrite: bool = False,
    ) -> ManifestEntry:
        """Add a file and return its entry. Nothing is sent.

        Args:
            local_path: The file.
            name: What to call it; default its own name.
            is_tmp: Whether to call it by its digest, as the official client does with temporary files.
            skip_cache: Whether it stays out of this machine's cache after the upload.
            policy: `mutable` copies it now, so that it may change or go afterwards; `immutable` reads it when
                it is uploaded.
            overwrite: Whether it may take the place of another entry.

        Raises:
            ArgumentError: There is no such file, or the name is taken by other bytes.
            ArtifactFinalizedError: It is no draft any more.
        """
        manifest = self._open()
        path = Path(local_path)
        wanted = entry_name(name if name is not None else path.name)
        _check_policy(policy)
        if not await run_in_thread(path.is_file):
            raise ArgumentError(f"there is no file {str(path)!r}")
        staged = await run_in_thread(stage, path, manifest.digest_algorithm, copy=policy == "mutable")
        entry = staged_entry(wanted, staged, manifest.digest_algorithm, skip_cache)
        if is_tmp:
            from wandkit._core.digest import hex_of

            folder, _, last = wanted.rpartition("/")
            renamed = f"{hex_of(entry.digest)[:20]}{''.join(Path(last).suffixes)}"
            entry.path = f"{folder}/{renamed}" if folder else renamed
        added = manifest.add_entry(entry, overwrite=overwrite)
        self._origin.note(path, added.path)
        return added

    async def add_dir(
        self,
        local_path: str | os.PathLike[str],
        name: str | os.PathLike[str] | None = None,
        skip_cache: bool = False,
        policy: Policy = "mutable",
        merge: bool = False,
    ) -> None:
        """Add all files below a folder, several at a time. Nothing is sent.

        Args:
            local_path: The folder; links are followed, but not in circles. Empty folders leave no trace.
            name: The folder of the artifact that they go to; default its root.
            skip_cache: Whether they stay out of this machine's cache after the upload.
            policy: As for `add_file`.
            merge: Whether they may take the place of other entries.

        Raises:
            ArgumentError: There is no such folder, a name is taken by other bytes, or something below it is
                no file: a pipe, or a link to nothing.
            ArtifactFinalizedError: It is no draft any more.
        """
        manifest = self._open()
        root = Path(local_path)
        _check_policy(policy)
        if not await run_in_thread(root.is_dir):
            raise ArgumentError(f"there is no folder {str(root)!r}")
        folder = f"{entry_name(name)}/" if name is not None and os.fspath(name) not in ("", ".") else ""
        names = await run_in_thread(readable_files, root)

        async def one(below: str) -> ManifestEntry:
            staged = await run_in_thread(
                stage, root / below, manifest.digest_algorithm, copy=policy == "mutable"
            )
            return staged_entry(entry_name(folder + below), staged, manifest.digest_algorithm, skip_cache)

        entries = await gather_bounded(HASHED_AT_ONCE, [_bind(one, below) for below in names])
        for below, entry in zip(names, entries, strict=True):
            manifest.add_entry(entry, overwrite=merge)
            self._origin.note(root / below, entry.path)

    @contextlib.contextmanager
    def new_file(
        self,
        name: str,
        mode: str = "w",
        encoding: str | None = None,
        policy: Policy = "mutable",
        *,
        overwrite: bool = False,
    ) -> Generator[IO[Any], None, None]:
        """Open a new file to write; what was written is an entry when the block ends.

        Args:
            name: What to call the entry.
            mode: `w` or `x` for text, with `b` for bytes.
            encoding: The encoding of text; default UTF-8.
            policy: Taken for compatibility; the file is the artifact's own.
            overwrite: Whether to take the place of another entry.

        Raises:
            ArgumentError: The name is taken, or would leave the artifact.
            ArtifactFinalizedError: It is no draft any more.
        """
        manifest = self._open()
        wanted = entry_name(name)
        _check_policy(policy)
        if wanted in manifest and not overwrite:
            raise ArgumentError(
                f"the artifact has an entry {wanted!r} already",
                next_step="Remove it first, or pass overwrite=True.",
            )
        binary = "b" in mode
        with tempfile.TemporaryDirectory(prefix="wandkit-") as folder:
            path = Path(folder) / "new"
            with path.open("wb" if binary else "w", encoding=None if binary else encoding or "utf-8") as file:
                yield file
            staged = stage(path, manifest.digest_algorithm, copy=True)
        manifest.add_entry(
            staged_entry(wanted, staged, manifest.digest_algorithm, False), overwrite=overwrite
        )

    async def add_reference(
        self,
        uri: str | ManifestEntry | AsyncArtifactEntry,
        name: str | os.PathLike[str] | None = None,
        checksum: bool = True,
        max_objects: int | None = None,
    ) -> list[ManifestEntry]:
        """Add what a URL points to, without its bytes, and return the entries.

        Args:
            uri: The URL of a file, or of a folder where its scheme has them; or an entry of another artifact.
            name: What to call it, or the folder it goes to; default the last piece of the URL.
            checksum: Whether to look up its digest now; False goes by the URL alone.
            max_objects: The most files that a folder may have.

        Raises:
            ArgumentError: It is no URL, leads nowhere, or has too many files.
            MissingExtraError: A library for its scheme is not installed.
            ArtifactFinalizedError: It is no draft any more.
        """
        from wandkit._async.artifact_reference import describe_reference

        manifest = self._open()
        wanted = entry_name(name) if name is not None else None
        found = await describe_reference(self._gql, uri, wanted, checksum=checksum, max_objects=max_objects)
        return [manifest.add_entry(entry) for entry in found]

    def remove(self, item: str | os.PathLike[str] | ManifestEntry | AsyncArtifactEntry) -> None:
        """Take an entry out, or all entries below a folder.

        Raises:
            FileNotFoundError: There is nothing of this name.
            ArtifactFinalizedError: It is no draft any more.
        """
        manifest = self._open()
        if isinstance(item, AsyncArtifactEntry):
            item = item.entry
        if isinstance(item, ManifestEntry):
            manifest.remove_entry(item)
            return
        wanted = entry_name(item)
        if wanted in manifest:
            manifest.remove_entry(wanted)
            return
        below = manifest.get_entries_in_directory(wanted)
        if not below:
            raise FileNotFoundError(f"the artifact has no entry or folder {wanted!r}")
        for entry in below:
            manifest.remove_entry(entry)

    def get_added_local_path_name(self, local_path: str) -> str | None:
        """Return the name of the entry that was made from the file at `local_path`; None without one."""
        return self._origin.name_of(local_path)

    def finalize(self) -> None:
        """Close the draft: no entry comes or goes from now on."""
        self._final = True

    def _open(self) -> Manifest:
        """Return the manifest of a draft.

        Raises:
            ArtifactFinalizedError: It is no draft any more.
        """
        if self._final or self._manifest is None:
            raise ArtifactFinalizedError(
                f"the entries of {self._name!r} cannot change any more",
                next_step="Make a new version: draft = artifact.new_draft().",
            )
        return self._manifest


def _check_policy(policy: str) -> None:
    if policy not in ("mutable", "immutable"):
        raise ArgumentError(f"policy is 'mutable' or 'immutable', not {policy!r}")


def _bind(
    job: Callable[[str], Awaitable[ManifestEntry]], name: str
) -> Callable[[], Awaitable[ManifestEntry]]:
    return lambda: job(name)
