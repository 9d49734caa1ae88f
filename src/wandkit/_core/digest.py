"""Digests of files, in the forms that manifests, servers and caches write them.

A manifest says base64, a cache path and a part of an upload say hexadecimal.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from collections.abc import Callable
from typing import Any

from wandkit.errors import ArgumentError, MissingExtraError

__all__ = ["MD5", "XXH128", "b64_digest", "file_digest", "hex_of", "new_hash", "part_digests"]

MD5 = "MANIFEST_MD5"
XXH128 = "MANIFEST_XXH128"

PIECE_BYTES = 1 << 20


def new_hash(algorithm: str = MD5) -> Any:
    """Return an empty digest of `algorithm`: something with `update` and `digest`.

    Raises:
        MissingExtraError: It is xxh128, and the library for that is not installed.
    """
    if algorithm != XXH128:
        return hashlib.md5(usedforsecurity=False)
    try:
        import xxhash  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        raise MissingExtraError(
            "this artifact's files have xxh128 digests, and the library `xxhash` is not installed",
            next_step="Install it: pip install 'wandkit[xxhash]'.",
        ) from None
    return xxhash.xxh128()


def b64_digest(digest: bytes) -> str:
    """Return a digest as a manifest writes it."""
    return base64.b64encode(digest).decode("ascii")


def hex_of(text: str) -> str:
    """Return a base64 digest in hexadecimal.

    Raises:
        ArgumentError: It is not base64.
    """
    try:
        return base64.b64decode(text, validate=True).hex()
    except (binascii.Error, ValueError):
        raise ArgumentError(f"{text!r} is not a digest in base64") from None


def file_digest(
    path: str | os.PathLike[str], algorithm: str = MD5, *, watch: Callable[[int], object] | None = None
) -> str:
    """Return the base64 digest of a file's bytes; `watch` hears how many bytes each step took."""
    digest = new_hash(algorithm)
    with open(path, "rb", buffering=0) as source:
        while piece := source.read(PIECE_BYTES):
            digest.update(piece)
            if watch is not None:
                watch(len(piece))
    return b64_digest(digest.digest())


def part_digests(path: str | os.PathLike[str], part_bytes: int) -> list[str]:
    """Return the hexadecimal md5 of each part of a file, the parts being `part_bytes` long."""
    found: list[str] = []
    with open(path, "rb") as source:
        while True:
            digest, left = hashlib.md5(usedforsecurity=False), part_bytes
            while left and (piece := source.read(min(PIECE_BYTES, left))):
                digest.update(piece)
                left -= len(piece)
            if left == part_bytes:
                return found
            found.append(digest.hexdigest())
