"""The blob store: whole blobs or none."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from wandkit.server.blobs import Blob, BlobStore, BlobTooLargeError


async def body(*pieces: bytes, breaks: bool = False) -> AsyncIterator[bytes]:
    """Stream pieces, and break off at the end if asked to."""
    for piece in pieces:
        yield piece
    if breaks:
        raise ConnectionError("gone")


def stored(store: BlobStore) -> list[Path]:
    """Return every file of the store."""
    return [path for path in store.folder.rglob("*") if path.is_file()]


async def test_a_streamed_body_comes_back_whole(tmp_path: Path) -> None:
    store = BlobStore(tmp_path / "blobs")
    content = os.urandom(3_000_000)
    blob = await store.receive(body(content[:10], content[10:2_500_000], content[2_500_000:]))
    assert blob.size == len(content)
    assert b"".join([piece async for piece in store.send(blob.key, 0, blob.size)]) == content


async def test_a_part_of_a_blob_is_just_that_part(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    blob = store.put(b"0123456789")
    assert b"".join([piece async for piece in store.send(blob.key, 3, 7)]) == b"3456"


def test_the_digest_is_the_md5_in_base64(tmp_path: Path) -> None:
    assert BlobStore(tmp_path).put(b"hello").md5 == "XUFAKrxLKna5cZ2REBfFkg=="


async def test_a_body_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    with pytest.raises(ConnectionError):
        await store.receive(body(b"half", breaks=True))
    assert stored(store) == []


async def test_a_body_that_is_too_large_leaves_nothing(tmp_path: Path) -> None:
    store = BlobStore(tmp_path, max_bytes=10)
    with pytest.raises(BlobTooLargeError):
        await store.receive(body(b"12345", b"678901"))
    assert stored(store) == []


def test_a_removed_blob_is_gone_and_may_be_removed_again(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    blob = store.put(b"x")
    store.remove(blob.key)
    store.remove(blob.key)
    assert stored(store) == []


def test_leftovers_of_a_kill_are_swept_at_the_next_start_once_they_are_old(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    old, fresh = tmp_path / "tmp" / "old", tmp_path / "tmp" / "fresh"
    for leftover in (old, fresh):
        leftover.write_bytes(b"half")
    os.utime(old, (time.time() - 100_000,) * 2)
    BlobStore(tmp_path)
    assert stored(store) == [fresh]


def test_an_empty_blob_is_a_blob(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    blob = store.put(b"")
    assert (store.read(blob.key), blob.size) == (b"", 0)
    assert isinstance(blob, Blob)
