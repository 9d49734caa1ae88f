"""What the artifact jobs move, one large file and one manifest of many entries, for server and sides."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable
from pathlib import Path

__all__ = ["LARGE", "MANY", "PROJECT", "file_text", "manifest_text", "references", "write_large"]

PROJECT = "bench/artifacts"
LARGE, MANY = "large", "many"
_MEGABYTE = 1 << 20


def write_large(path: Path, megabytes: int) -> Path:
    """Write a file whose bytes no other file has, so that no server has them already."""
    with path.open("wb") as file:
        for number in range(megabytes):
            file.write(os.urandom(1024) + bytes([number % 251]) * (_MEGABYTE - 1024))
    return path


def file_text(path: Path) -> str:
    """Size and checksum of what `write_large` wrote, its random bytes left out."""
    total = 0
    with path.open("rb") as file:
        while part := file.read(_MEGABYTE):
            total = zlib.crc32(part[1024:], total)
    return f"{path.stat().st_size}:{total:x}"


def references(entries: int) -> Iterable[tuple[str, str]]:
    """Names and addresses of as many entries."""
    numbers = (f"{number:06}" for number in range(entries))
    return ((f"shard-{text[-2:]}/{text}.bin", f"https://data.example.org/{text}.bin") for text in numbers)


def manifest_text(entries: Iterable[tuple[str, str | None]]) -> str:
    """Count and checksum of the names and addresses of entries, in any order."""
    listed = sorted((name, str(ref)) for name, ref in entries)
    return f"{len(listed)}:{zlib.crc32(repr(listed).encode()):x}"
