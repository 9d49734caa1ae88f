"""A folder beside a manifest: which files are right, wrong, missing or none of the artifact's."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from wandkit._core.digest import file_digest
from wandkit._core.manifest import Manifest, ManifestEntry
from wandkit._core.transfer import file_target, is_temporary
from wandkit.errors import ArgumentError

__all__ = ["differences", "extra_files", "files_below", "holds", "readable_files", "remove_files"]


def holds(path: Path, entry: ManifestEntry) -> bool:
    """Whether the file at `path` has the bytes of `entry`."""
    try:
        facts = path.lstat()
        if not stat.S_ISREG(facts.st_mode) or (entry.size is not None and facts.st_size != entry.size):
            return False
        return file_digest(path, entry.digest_algorithm) == entry.digest
    except OSError:
        return False


def differences(folder: Path, entries: Sequence[ManifestEntry]) -> list[str]:
    """Return the names of the entries whose files have other bytes.

    Raises:
        FileNotFoundError: One is missing.
    """
    wrong: list[str] = []
    for entry in entries:
        path = file_target(folder, entry.path)
        if not path.is_file():
            raise FileNotFoundError(f"{str(path)!r} is missing")
        if not holds(path, entry):
            wrong.append(entry.path)
    return wrong


def extra_files(folder: Path, manifest: Manifest) -> list[str]:
    """Return the names of the files below `folder` that the manifest does not have."""
    return sorted(name for name in files_below(folder) if name not in manifest)


def files_below(folder: str | os.PathLike[str]) -> list[str]:
    """Return the names of all files below `folder`, with forward slashes, in order, past links to folders."""
    found: list[str] = []
    for place, _, names in os.walk(folder):
        below = os.path.relpath(place, folder)
        found += [Path(below, name).as_posix() for name in names if not is_temporary(name)]
    return sorted(found)


def readable_files(folder: str | os.PathLike[str]) -> list[str]:
    """Return the names of all files below `folder`, also behind links; one that leads back up is passed over.

    Raises:
        ArgumentError: A link leads to nothing, or something is no file that ends: a pipe, a socket, a device.
        OSError: A folder cannot be read.
    """
    return sorted(_readable(Path(folder), "", frozenset()))


def _readable(folder: Path, below: str, above: frozenset[tuple[int, int]]) -> Iterator[str]:
    facts = os.stat(folder / below)
    here = (facts.st_dev, facts.st_ino)
    if here in above:
        return
    for last in os.listdir(folder / below):
        name = f"{below}{last}"
        path = folder / name
        if path.is_dir():
            yield from _readable(folder, f"{name}/", above | {here})
        elif not path.is_file():
            raise ArgumentError(
                f"{str(path)!r} is no file that can be read to its end, or a link to nothing",
                next_step="Remove it, or add the other files one by one.",
            )
        elif not is_temporary(last):
            yield name


def remove_files(folder: Path, names: Sequence[str]) -> None:
    """Delete files below `folder`, and the folders that are empty then."""
    for name in names:
        path = folder / name
        path.unlink(missing_ok=True)
        for parent in path.parents:
            if parent == folder or folder not in parent.parents:
                break
            try:
                parent.rmdir()
            except OSError:
                break
