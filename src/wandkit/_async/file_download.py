"""Whole listings of files, downloaded several at a time.

Docs: docs/api/file.md.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wandkit._core.receipt import ItemFailure, Receipt
from wandkit._core.transfer import file_target
from wandkit._transport.concurrency.aio import amap, run_in_thread
from wandkit.errors import ArgumentError, WandkitError

if TYPE_CHECKING:
    from wandkit._async.file import AsyncFile, AsyncFiles

__all__ = ["FileDownloads", "download_all"]


@dataclass(frozen=True, slots=True)
class FileDownloads:
    """What came of the download of a listing.

    Attributes:
        paths: The files that are there now, in the order of the listing.
        skipped: How many of them were there before, with the same bytes.
        receipt: How many were listed, how many are there, and why the others are not.
    """

    paths: list[Path]
    skipped: int
    receipt: Receipt


async def download_all(
    files: AsyncFiles, root: str | os.PathLike[str], *, jobs: int, replace: bool, progress: bool | None
) -> FileDownloads:
    """Download every file of `files` below `root`, `jobs` at a time."""
    if jobs < 1:
        raise ArgumentError(f"jobs must be a positive whole number, not {jobs}")
    paths: list[Path] = []
    failures: list[ItemFailure] = []
    skipped = 0

    async def one(file: AsyncFile) -> tuple[AsyncFile, Path | None, bool, str]:
        try:
            path = file_target(root, file.name)
            was_there = await _keep_or_fetch(file, path, replace)
        except (WandkitError, OSError) as error:
            return file, None, False, str(error)
        return file, path, was_there, ""

    with _bar(progress) as bar:
        async for file, path, was_there, error in amap(jobs, one, files):
            bar.update(file.size)
            skipped += was_there
            if path is None:
                failures.append(ItemFailure(file.name, error))
            else:
                paths.append(path)
    listed = files.receipt
    receipt = Receipt(
        received=len(paths),
        expected=len(paths) + len(failures) if listed.expected is None else listed.expected,
        duplicates=listed.duplicates,
        gaps=listed.gaps,
        failures=(*listed.failures, *failures),
    )
    return FileDownloads(paths, skipped, receipt)


async def _keep_or_fetch(file: AsyncFile, path: Path, replace: bool) -> bool:
    """Make sure that the file is at `path`; return whether it was there before."""
    if await run_in_thread(path.exists):
        if await file.matches(path):
            return True
        if not replace:
            raise ArgumentError(f"{str(path)!r} exists", next_step="Pass replace=True to replace it.")
    await file.download_to(path)
    return False


def _bar(progress: bool | None) -> Any:
    """A progress bar in bytes, on a terminal or where it is asked for."""
    from tqdm import tqdm

    shown = sys.stderr.isatty() if progress is None else progress
    return tqdm(unit="B", unit_scale=True, desc="download", disable=not shown)
