"""Files on their way into the cache that outlive their process: the next one goes on where it was killed.

The name of such a file tells its content, and a lock on it tells whether somebody is writing it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from wandkit._core.digest import PIECE_BYTES
from wandkit._core.transfer import Target

__all__ = ["Partial", "claim_partial"]


class Partial(Target):
    """A file in the making that is locked, and that may hold what an earlier process received.

    Attributes:
        held: How many bytes it held at first.
    """

    def __init__(self, path: Path, temporary: Path, file: BinaryIO) -> None:
        self.path = path
        self._temporary = temporary
        self._file = file
        self.held = file.seek(0, os.SEEK_END)

    def pieces(self) -> Iterator[bytes]:
        """Yield the bytes that it held at first."""
        self._file.seek(0)
        while piece := self._file.read(PIECE_BYTES):
            yield piece
        self._file.seek(0, os.SEEK_END)

    def keep(self) -> None:
        """Move the file into place, and let go of the lock only then."""
        self._file.flush()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        os.replace(self._temporary, self.path)
        self._file.close()

    def leave(self) -> None:
        """Keep what has arrived for whoever asks for the same content next."""
        self._file.close()

    def drop(self) -> None:
        """Remove the file, unless it is in place or was left for another."""
        if not self._file.closed:
            self._temporary.unlink(missing_ok=True)
            self._file.close()


def claim_partial(path: Path, folder: Path) -> Partial | None:
    """Return the file in the making in `folder` for what will be at `path`; None where another writes it."""
    try:
        import fcntl
    except ImportError:  # no such locks on this system
        return None
    folder.mkdir(parents=True, exist_ok=True)
    token = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
    temporary = folder / f".{path.name[:40]}.{token}.part"
    while True:
        file = os.fdopen(os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644), "r+b")
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            return None
        if _is_still(temporary, file):
            return Partial(path, temporary, file)
        file.close()  # it was moved into place before the lock was free


def _is_still(path: Path, file: BinaryIO) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False
