"""One event file, read with TensorBoard's own reader: which record ends where, and what is wrong with the
rest.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from wandkit.errors import MissingExtraError

if TYPE_CHECKING:
    from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
    from tensorboard.compat.proto.event_pb2 import Event

__all__ = ["EventFile", "require_tensorboard"]

HEADER_BYTES = 12
FRAME_BYTES = 16
BUFFERS_BYTES = 64 << 20
SMALLEST_BUFFER_BYTES = 16 << 10
LARGEST_BUFFER_BYTES = 1 << 20


def require_tensorboard() -> None:
    """Check that TensorBoard's reader is there.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        import tensorboard.backend.event_processing.event_file_loader as loader
    except ImportError as error:
        raise MissingExtraError(
            "event files are read with the library tensorboard, which is not installed",
            next_step="Run: python -m pip install 'wandkit[tensorboard]'",
        ) from error
    del loader


class EventFile:
    """The events of one file, as far as it has been written; more of them once it has grown.

    Attributes:
        path: Where it is.
        name: Its place below the folder, with forward slashes.
        id: What tells it from other files: its name and its first record. Empty before that is there.
        offset: Where the last record that was read ends, in bytes.
        fault: What is wrong with what follows; None for nothing.
    """

    def __init__(self, path: Path, name: str, *, of_files: int = 1) -> None:
        self.path = path
        self.name = name
        self.id = ""
        self.offset = 0
        self.fault: str | None = None
        self._size = -1
        self._loader = _loader_of(path, of_files)

    @property
    def has_more(self) -> bool:
        """Whether it was written to since it was last read to its end."""
        try:
            return self.path.stat().st_size != self._size
        except OSError:
            return True

    def events(self) -> Iterator[Event | str]:
        """Yield the events that are there and were not read yet; a text for a record that is no event.

        Ends where the file ends, or where it cannot be read further; then `fault` says why.
        """
        for record in self._records():
            if not self.id:
                self.id = hashlib.sha256(f"{self.name}\n".encode() + record).hexdigest()[:12]
            self.offset += len(record) + FRAME_BYTES
            yield _decoded(record)

    def _records(self) -> Iterator[bytes]:
        """Yield the records, and say in the end what is wrong with the rest."""
        records = self._loader.Load()
        while True:
            try:
                record = next(records, None)
                if record is None:
                    self.fault = self._look_at_rest()
                    return
            except Exception as error:  # the reader has errors of its own
                self.fault = f"it cannot be read: {error}"
                return
            yield record

    def _look_at_rest(self) -> str | None:
        """Say what follows the last record that could be read."""
        with self.path.open("rb") as file:
            size = self._size = file.seek(0, 2)
            file.seek(self.offset)
            header = file.read(HEADER_BYTES)
        rest = size - self.offset
        if not rest:
            return None
        if rest < 0:
            return f"it has shrunk to {size} bytes after {self.offset} had been read"
        place = f"at byte {self.offset}, so that {rest} byte{'s' if rest != 1 else ''} could not be read"
        if len(header) < HEADER_BYTES:
            return f"truncated in the middle of a record {place}"
        length, check = struct.unpack("<QI", header)
        if _checksum(header[:8]) != check:
            return f"corrupt: the length of the record is damaged {place}"
        if rest < length + FRAME_BYTES:
            return f"truncated in the middle of a record {place}"
        return f"corrupt: the checksum of the record is wrong {place}"


def _loader_of(path: Path, of_files: int) -> RawEventFileLoader:
    from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader

    loader = RawEventFileLoader(str(path))
    _limit_buffer(loader, of_files)
    return loader


def _decoded(record: bytes) -> Event | str:
    from google.protobuf.message import DecodeError
    from tensorboard.compat.proto.event_pb2 import Event

    try:
        return Event.FromString(record)
    except DecodeError:
        return "a record of the file is no event"


def _checksum(data: bytes) -> int:
    from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

    return masked_crc32c(data)


def _limit_buffer(loader: object, of_files: int) -> None:
    """Make the reader fetch smaller pieces, so that many files can be open at a time.

    It takes 16 MB each by itself. Where it is built differently, it stays as it is.
    """
    handle: object = loader
    for name in ("_iterator", "_reader", "file_handle"):
        handle = getattr(handle, name, None)
    if isinstance(getattr(handle, "buff_chunk_size", None), int):
        share = BUFFERS_BYTES // max(1, of_files)
        size = min(LARGEST_BUFFER_BYTES, max(SMALLEST_BUFFER_BYTES, share))
        setattr(handle, "buff_chunk_size", size)  # noqa: B010 - its type is not known here
