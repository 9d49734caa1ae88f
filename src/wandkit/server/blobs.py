"""Contents of files, in a folder: written whole or not at all, read in pieces.

A blob is written under a temporary name, synced, and moved to its final name, so that a kill leaves either
the whole blob or a leftover that the next start sweeps away. Blobs never change; a new upload is a new blob.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import secrets
import time
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import xxhash
from anyio import to_thread

__all__ = ["Blob", "BlobStore", "BlobTooLargeError", "BlobWriter"]

CHUNK_BYTES = 1 << 20
_LEFTOVER_S = 86400.0


class BlobTooLargeError(Exception):
    """The body is larger than the server takes."""


@dataclass(frozen=True, slots=True)
class Blob:
    """One stored blob.

    Attributes:
        key: Where it is in the store.
        size: Bytes.
        md5: Base64 of the MD5 digest, as the wire carries it.
        xxh128: Base64 of the XXH128 digest; empty where nobody asks for it.
    """

    key: str
    size: int
    md5: str
    xxh128: str = ""


class BlobWriter:
    """Takes the bytes of one blob; `commit` makes it permanent, `abandon` forgets it."""

    def __init__(self, store: BlobStore, limit: int | None) -> None:
        self._store = store
        self._limit = limit
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._xxh128 = xxhash.xxh128()
        self._key = secrets.token_hex(16)
        self._temporary = store.folder / "tmp" / self._key
        self._file: BinaryIO = self._temporary.open("xb")
        self.size: int = 0

    def write(self, piece: bytes) -> None:
        """Add `piece`.

        Raises:
            BlobTooLargeError: The blob would exceed the limit.
        """
        self.size += len(piece)
        if self._limit is not None and self.size > self._limit:
            raise BlobTooLargeError(f"the body is larger than {self._limit} bytes")
        self._md5.update(piece)
        self._xxh128.update(piece)
        self._file.write(piece)

    def commit(self) -> Blob:
        """Make the blob permanent: synced to disk under its final name."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        final = self._store.path(self._key)
        final.parent.mkdir(exist_ok=True)
        self._temporary.replace(final)
        _sync_folder(final.parent)
        return Blob(self._key, self.size, _b64(self._md5.digest()), _b64(self._xxh128.digest()))

    def abandon(self) -> None:
        """Remove what was written."""
        self._file.close()
        self._temporary.unlink(missing_ok=True)


class BlobStore:
    """The folder that holds the blobs of one server, or of several on one data folder."""

    def __init__(self, folder: Path, *, max_bytes: int | None = None) -> None:
        """Open the store at `folder` and make it where it is missing.

        Args:
            folder: Where the blobs are.
            max_bytes: The largest blob that is taken; None for no limit.
        """
        self.folder = folder
        self.max_bytes = max_bytes
        (folder / "tmp").mkdir(parents=True, exist_ok=True)
        self._sweep_leftovers()

    def path(self, key: str) -> Path:
        """Return the file of the blob `key`."""
        return self.folder / key[:2] / key

    def put(self, content: bytes) -> Blob:
        """Store `content`, at once."""
        writer = BlobWriter(self, self.max_bytes)
        try:
            writer.write(content)
            return writer.commit()
        except BaseException:
            writer.abandon()
            raise

    async def receive(self, body: AsyncIterable[bytes]) -> Blob:
        """Store the streamed `body`; a body that breaks off or grows too large leaves nothing.

        Raises:
            BlobTooLargeError: The body exceeds `max_bytes`.
        """
        writer = await to_thread.run_sync(BlobWriter, self, self.max_bytes)
        try:
            waiting = bytearray()
            async for piece in body:
                waiting += piece
                if len(waiting) >= CHUNK_BYTES:
                    await to_thread.run_sync(writer.write, bytes(waiting))
                    waiting.clear()
            if waiting:
                await to_thread.run_sync(writer.write, bytes(waiting))
            return await to_thread.run_sync(writer.commit)
        except BaseException:
            writer.abandon()
            raise

    async def send(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        """Yield the bytes `start` up to, not including, `end` of the blob `key`."""
        file = await to_thread.run_sync(self.path(key).open, "rb")
        with file:
            file.seek(start)
            while start < end:
                piece = await to_thread.run_sync(file.read, min(CHUNK_BYTES, end - start))
                if not piece:
                    break
                start += len(piece)
                yield piece

    def read(self, key: str) -> bytes:
        """Return the whole blob `key`."""
        return self.path(key).read_bytes()

    def remove(self, key: str) -> None:
        """Remove the blob `key`; a missing one is fine."""
        self.path(key).unlink(missing_ok=True)

    def _sweep_leftovers(self) -> None:
        oldest = time.time() - _LEFTOVER_S
        for leftover in self._leftovers():
            with contextlib.suppress(FileNotFoundError):
                if leftover.stat().st_mtime < oldest:
                    leftover.unlink()

    def _leftovers(self) -> Iterator[Path]:
        return (self.folder / "tmp").iterdir()


def _b64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


def _sync_folder(folder: Path) -> None:
    """Make a rename in `folder` survive a power cut, where the system can sync folders."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
