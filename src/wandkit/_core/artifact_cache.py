"""The cache of artifacts' files on this machine, shared with the official client: its folder and layout.

    FOLDER/obj/md5/ab/cdef…      a file, under its digest in hexadecimal
    FOLDER/obj/xxh128/ab/cdef…
    FOLDER/obj/etag/ab/cdef…     what a reference pointed to, under a digest of its URL and ETag
    FOLDER/tmp/…                 files on their way in

A file is complete from the moment it has its name: it is written in `tmp` and moved. What was used longest
ago goes first when the cache is over its limit. Any number of processes may read, add and evict at once: a
file that vanishes under a reader is a miss.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from wandkit._core.artifact_partial import claim_partial
from wandkit._core.digest import MD5, PIECE_BYTES, XXH128, b64_digest, hex_of, new_hash
from wandkit._core.transfer import Target
from wandkit.errors import ArgumentError
from wandkit.settings import Settings

__all__ = ["DEFAULT_LIMIT_BYTES", "ArtifactCache", "cache_folder"]

DEFAULT_LIMIT_BYTES = 64 << 30
"""How large the cache may grow, where no setting says otherwise."""

STALE_S = 24 * 3600.0
_KINDS = {MD5: "md5", XXH128: "xxh128"}


def cache_folder(settings: Settings) -> Path:
    """Return the folder in which the official client caches artifacts, by the same settings."""
    if "cache_dir" in settings.sources:
        return settings.cache_dir.parent / "artifacts"
    return settings.cache_dir.parent / "wandb" / "artifacts"


@dataclass(frozen=True)
class ArtifactCache:
    """The cache in one folder.

    Attributes:
        folder: Where it is; made when something is first added.
        limit_bytes: How large it may grow.
    """

    folder: Path
    limit_bytes: int = DEFAULT_LIMIT_BYTES

    @classmethod
    def of(cls, settings: Settings) -> ArtifactCache:
        """Return the cache that the settings name; `artifact_cache_bytes` among the overrides limits it."""
        limit = settings.extra.get("artifact_cache_bytes", DEFAULT_LIMIT_BYTES)
        if not isinstance(limit, int) or limit < 0:
            raise ArgumentError(f"artifact_cache_bytes is a number of bytes, not {limit!r}")
        return cls(cache_folder(settings), limit)

    def place(self, digest: str, algorithm: str = MD5) -> Path:
        """Return where the file with this base64 digest is, or would be."""
        return self._place(_KINDS.get(algorithm, "md5"), hex_of(digest))

    def place_of_reference(self, url: str, etag: str) -> Path:
        """Return where what `url` pointed to, when it had this ETag, is or would be."""
        pair = hashlib.sha256(url.encode()).digest() + hashlib.sha256(etag.encode()).digest()
        return self._place("etag", hashlib.sha256(pair).hexdigest())

    def has(self, place: Path, size: int | None) -> bool:
        """Whether there is a file of this size at `place`."""
        try:
            found = place.stat()
        except OSError:
            return False
        return size is None or found.st_size == size

    def copy_out(self, place: Path, path: Path, digest: str | None, algorithm: str = MD5) -> bool:
        """Copy the file at `place` to `path` if it is there and whole; False where it is not.

        One whose bytes do not have the digest is removed from the cache.
        """
        try:
            source = place.open("rb", buffering=0)
        except OSError:
            return False
        with source:
            target = Target(path)
            try:
                found = new_hash(algorithm)
                while piece := source.read(PIECE_BYTES):
                    target.write(piece)
                    if digest is not None:
                        found.update(piece)
                if digest is not None and b64_digest(found.digest()) != digest:
                    place.unlink(missing_ok=True)
                    return False
                target.keep()
            finally:
                target.drop()
        self.touch(place)
        return True

    def touch(self, place: Path) -> None:
        """Note that the file at `place` was used now."""
        with contextlib.suppress(OSError):
            os.utime(place, (time.time(), place.stat().st_mtime))

    def target(self, place: Path, size: int, *, resume: bool = False) -> Target:
        """Return a file in the making that will be at `place`; there is room for `size` bytes.

        Args:
            place: Where it will be.
            size: How many bytes it will have.
            resume: Whether it may hold what an earlier process received already: a `Partial`.

        Raises:
            OSError: There is no room, whatever is evicted.
        """
        self.make_room(size)
        folder = self.folder / "tmp"
        partial = claim_partial(place, folder) if resume else None
        return Target(place, beside=folder) if partial is None else partial

    def adopt(self, path: Path, digest: str, algorithm: str = MD5) -> None:
        """Move a file that is not needed elsewhere into the cache; one that cannot be moved is deleted."""
        place = self.place(digest, algorithm)
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            path.chmod(0o644)
            os.replace(path, place)
            self.touch(place)
        except OSError:
            path.unlink(missing_ok=True)

    def make_room(self, size: int) -> None:
        """Evict files until the disk has room for `size` bytes more, if it has not."""
        with contextlib.suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            missing = size - shutil.disk_usage(self.folder).free
            if missing > 0:
                self._evict(missing)

    def trim(self, added: int = 0) -> int:
        """Evict what was used longest ago while the cache is over its limit; return the bytes that went.

        The folder is not counted anew each time: `size.txt` beside it says when that was done last and what
        was found, and below, a line each, what was added since. Processes append to it; none rewrites what
        another wrote. Whatever is wrong with it, the folder is counted anew after a day.

        Args:
            added: How many bytes were added since this process last asked.
        """
        note = self.folder / "size.txt"
        known = _read_note(note)
        if known is not None and known + added <= self.limit_bytes:
            with contextlib.suppress(OSError), note.open("ab", buffering=0) as file:
                file.write(f"{added}\n".encode())
            return 0
        total = self.size()
        gone = self._evict(total - self.limit_bytes) if total > self.limit_bytes else 0
        self._drop_stale()
        with contextlib.suppress(OSError):
            target = Target(note, beside=self.folder / "tmp")
            target.write(f"{time.time()} {total - gone}\n".encode())
            target.keep()
        return gone

    def clear(self) -> int:
        """Remove every file and return how many bytes they had."""
        gone = self._evict(self.size())
        (self.folder / "size.txt").unlink(missing_ok=True)
        return gone

    def size(self) -> int:
        """Return how many bytes the files have now."""
        return sum(size for _, size, _ in self._files())

    def _place(self, kind: str, digest: str) -> Path:
        return self.folder / "obj" / kind / digest[:2] / digest[2:]

    def _files(self) -> Iterator[tuple[float, int, str]]:
        """Yield when each file was last used, its size and its path."""
        waiting = [str(self.folder / "obj")]
        while waiting:
            try:
                with os.scandir(waiting.pop()) as found:
                    for item in found:
                        if item.is_dir(follow_symlinks=False):
                            waiting.append(item.path)
                        else:
                            facts = item.stat(follow_symlinks=False)
                            yield facts.st_atime, facts.st_size, item.path
            except OSError:
                continue

    def _evict(self, wanted: int) -> int:
        """Remove files, those used longest ago first, until `wanted` bytes are gone."""
        gone = 0
        for _, size, path in sorted(self._files()):
            if gone >= wanted:
                break
            with contextlib.suppress(OSError):
                os.unlink(path)
                gone += size
        return gone

    def _drop_stale(self) -> None:
        """Remove what processes that died left on its way in."""
        with contextlib.suppress(OSError), os.scandir(self.folder / "tmp") as found:
            for item in found:
                with contextlib.suppress(OSError):
                    if time.time() - item.stat().st_mtime > STALE_S:
                        os.unlink(item.path)


def _read_note(note: Path) -> int | None:
    """Return the size that was counted within the last day, and what was added since; None without."""
    try:
        first, *rest = note.read_text().splitlines()
        counted, size = first.split()
        fresh = 0 <= time.time() - float(counted) < STALE_S
        return int(size) + sum(map(int, rest)) if fresh else None
    except (OSError, ValueError):
        return None
