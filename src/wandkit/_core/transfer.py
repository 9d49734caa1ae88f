"""File transfers without I/O on the network: names made safe, digests compared, broken downloads resumed.

A download goes to a temporary name beside its target and is moved into place when it is whole and its digest
is right, so that nobody ever sees half a file.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import ntpath
import os
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from wandkit.errors import ArgumentError, ChecksumError, TransferError

__all__ = [
    "Download",
    "Target",
    "file_md5",
    "file_target",
    "is_temporary",
    "path_uri",
    "same_digest",
    "upload_headers",
    "upload_name",
]

PIECE_BYTES = 1 << 20


def file_target(root: str | os.PathLike[str], name: str) -> Path:
    """Return where the file `name` goes below `root`.

    Raises:
        ArgumentError: The name is empty, absolute, has a drive letter, a `..` or a NUL, or a symbolic link
            on the way leads out of `root`.
    """
    base = Path(root)
    parts = re.split(r"[/\\]", name)
    drive, _ = ntpath.splitdrive(name)
    if not name.strip() or "\0" in name or name[0] in "/\\" or drive or ".." in parts or name[-1] in "/\\":
        raise ArgumentError(
            f"the file name {name!r} would leave the folder {str(base)!r}; nothing was written"
        )
    target = base.joinpath(*PurePosixPath(name).parts)
    inside = base.resolve()
    resolved = target.parent.resolve()
    if resolved != inside and inside not in resolved.parents:
        raise ArgumentError(
            f"the file name {name!r} leads through a link out of {str(base)!r}; nothing was written"
        )
    if target.is_symlink() and inside not in target.resolve().parents:
        raise ArgumentError(f"{str(target)!r} is a link out of the folder {str(base)!r}; nothing was written")
    return target


def upload_name(path: str | os.PathLike[str], root: str | os.PathLike[str]) -> str:
    """Return the name that the file at `path` gets on the server: its place below `root`, with forward
    slashes.

    Raises:
        ArgumentError: `path` is not below `root`.
    """
    place = os.path.relpath(os.path.abspath(path), os.path.abspath(root))
    parts = Path(place).parts
    if ".." in parts or os.path.isabs(place):
        raise ArgumentError(
            f"{os.fspath(path)!r} is not below root={os.fspath(root)!r}",
            next_step="Give its parent folder as root=.",
        )
    return "/".join(parts)


def upload_headers(texts: Iterable[str]) -> dict[str, str]:
    """Return the headers of an upload from the server's `Name:value` texts."""
    pairs = (text.partition(":") for text in texts)
    return {name.strip(): value.strip() for name, colon, value in pairs if colon}


def file_md5(path: str | os.PathLike[str]) -> bytes:
    """Return the md5 digest of a file."""
    digest = hashlib.md5(usedforsecurity=False)
    with open(path, "rb") as source:
        while piece := source.read(PIECE_BYTES):
            digest.update(piece)
    return digest.digest()


def same_digest(expected: str, digest: bytes) -> bool:
    """Whether `digest` is the one that the server writes as `expected`, in base64 or hexadecimal."""
    text = expected.strip()
    if re.fullmatch(r"[0-9a-fA-F]{32}", text):
        return text.lower() == digest.hex()
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4)) == digest
    except (binascii.Error, ValueError):
        return False


def path_uri(direct_url: str, url: str) -> str:
    """Return `s3://bucket/key` for a direct URL into S3, the URL where the server serves it, else ""."""
    if direct_url == url:
        return url
    pieces = urlsplit(direct_url)
    host = (pieces.hostname or "").split(".")
    key = pieces.path.lstrip("/")
    if "s3" in host or any(label.startswith("s3-") for label in host):
        if host[0] == "s3" or host[0].startswith("s3-"):
            return f"s3://{key}"
        return f"s3://{host[0]}/{key}"
    return ""


@dataclass
class Download:
    """How far one download has come, over as many attempts as it takes.

    Attributes:
        size: How many bytes the server says there are; None where it does not say.
        md5: The digest that the server says they have; None where it does not say.
        received: How many bytes are there.
    """

    name: str
    size: int | None = None
    md5: str | None = None
    received: int = 0
    etag: str | None = None
    _hash: Any = field(default_factory=lambda: hashlib.md5(usedforsecurity=False), repr=False)

    def headers(self) -> dict[str, str]:
        """Return the headers of the next attempt: it asks for what is missing, unless the file changed."""
        if not self.received:
            return {}
        headers = {"Range": f"bytes={self.received}-"}
        if self.etag and not self.etag.startswith("W/"):
            headers["If-Range"] = self.etag
        return headers

    def begin(self, status: int, headers: Mapping[str, str]) -> bool:
        """Take the head of an answer; return whether the bytes that are there stay (False: start anew)."""
        self.etag = headers.get("etag")
        if status == 206:
            match = re.match(r"bytes (\d+)-\d*/(\d+|\*)", headers.get("content-range", ""))
            if match is None or int(match[1]) != self.received:
                raise TransferError(f"{self.name}: the server resumed at another place than it was asked to")
            if match[2] != "*":
                self.size = int(match[2])
            return True
        length = headers.get("content-length")
        if length is not None and length.isdigit() and "content-encoding" not in headers:
            self.size = int(length)
        self.received = 0
        self._hash = hashlib.md5(usedforsecurity=False)
        return False

    def take(self, piece: bytes) -> None:
        """Count and digest some bytes that were written."""
        self.received += len(piece)
        if self.md5:
            self._hash.update(piece)

    @property
    def is_whole(self) -> bool:
        """Whether all bytes are there, as far as the server told how many there are."""
        return self.size is None or self.received >= self.size

    def check(self) -> None:
        """Raise where the bytes that arrived are not those that the server holds.

        Raises:
            TransferError: There are too few or too many.
            ChecksumError: The digest is another one.
        """
        if self.size is not None and self.received != self.size:
            raise TransferError(
                f"{self.name}: {self.received} of {self.size} bytes arrived", next_step="Try again."
            )
        if self.md5 and not same_digest(self.md5, self._hash.digest()):
            mine = base64.b64encode(self._hash.digest()).decode()
            raise ChecksumError(
                f"{self.name}: what arrived has the md5 {mine}, the server says {self.md5}",
                next_step="Download it again; nothing was kept.",
            )


def is_temporary(name: str) -> bool:
    """Whether a file of this name is a `Target` in the making, or one that its process left behind."""
    return re.fullmatch(r"\..*\.[0-9a-f]{16}\.part", name) is not None


class Target:
    """A file in the making: a temporary one beside `path`, or in the folder `beside` of the same disk, that
    takes its place when it is whole.
    """

    def __init__(self, path: Path, beside: Path | None = None) -> None:
        self.path = path
        folder = beside or path.parent
        folder.mkdir(parents=True, exist_ok=True)
        self._temporary = folder / f".{path.name[:40]}.{secrets.token_hex(8)}.part"
        self._file: BinaryIO = self._temporary.open("xb")

    def write(self, piece: bytes) -> None:
        """Append some bytes."""
        self._file.write(piece)

    def write_at(self, offset: int, piece: bytes) -> None:
        """Write some bytes at a place of their own; any number of threads may."""
        view = memoryview(piece)
        while view:
            done = os.pwrite(self._file.fileno(), view, offset)
            view, offset = view[done:], offset + done

    def size(self) -> int:
        """Return how many bytes were appended so far."""
        return self._file.tell()

    @property
    def temporary(self) -> Path:
        """The file as it is so far."""
        self._file.flush()
        return self._temporary

    def restart(self) -> None:
        """Throw away what was written."""
        self._file.seek(0)
        self._file.truncate()

    def keep(self) -> None:
        """Move the file into place."""
        self._file.close()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        os.replace(self._temporary, self.path)

    def drop(self) -> None:
        """Remove the temporary file; does nothing once it is in place."""
        self._file.close()
        self._temporary.unlink(missing_ok=True)
