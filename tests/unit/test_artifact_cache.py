"""The cache of artifacts' files: what goes when it is over its limit, and what stays."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from wandkit._core.artifact_cache import ArtifactCache
from wandkit._core.digest import b64_digest, new_hash


def digest_of(content: bytes) -> str:
    """Return the digest under which bytes are kept."""
    digest = new_hash("MD5")
    digest.update(content)
    return b64_digest(digest.digest())


TRIM_OFTEN = """
import sys
from pathlib import Path
from wandkit._core.artifact_cache import ArtifactCache

cache = ArtifactCache(Path(sys.argv[1]), limit_bytes=10_000)
for _ in range(100):
    cache.trim(10)
"""


def add(cache: ArtifactCache, content: bytes, used: float) -> Path:
    """Put bytes into a cache, last used at a time."""
    place = cache.place(digest_of(content))
    with_room = cache.target(place, len(content))
    with_room.write(content)
    with_room.keep()
    os.utime(place, (used, used))
    return place


def test_what_was_used_longest_ago_goes_first(tmp_path: Path) -> None:
    cache = ArtifactCache(tmp_path / "artifacts", limit_bytes=25)
    old, middle, new = (add(cache, letter * 10, at) for letter, at in ((b"a", 10), (b"b", 20), (b"c", 30)))
    used = cache.copy_out(old, tmp_path / "out", digest_of(b"a" * 10))
    gone = cache.trim(30)
    assert (used, gone, cache.size()) == (True, 10, 20)
    assert [place.exists() for place in (old, middle, new)] == [True, False, True]


def test_within_its_limit_everything_stays(tmp_path: Path) -> None:
    cache = ArtifactCache(tmp_path / "artifacts", limit_bytes=30)
    places = [add(cache, letter * 10, 10) for letter in (b"a", b"b", b"c")]
    assert (cache.trim(30), [place.exists() for place in places]) == (0, [True] * 3)


def test_what_was_added_since_the_last_count_is_counted(tmp_path: Path) -> None:
    cache = ArtifactCache(tmp_path / "artifacts", limit_bytes=25)
    first = add(cache, b"a" * 10, 10)
    kept = cache.trim(10)
    others = [add(cache, letter * 10, at) for letter, at in ((b"b", 20), (b"c", 30))]
    gone = [cache.trim(10), cache.trim(10)]
    assert (kept, gone) == (0, [0, 10])
    assert [place.exists() for place in (first, *others)] == [False, True, True]


def test_all_that_two_processes_add_at_once_is_counted(tmp_path: Path) -> None:
    cache = ArtifactCache(tmp_path / "artifacts", limit_bytes=10_000)
    add(cache, b"a" * 10, 10)
    cache.trim(10)
    add(cache, b"b" * 10_000, 20)
    jobs = [subprocess.Popen([sys.executable, "-c", TRIM_OFTEN, str(cache.folder)]) for _ in "ab"]
    ended = [job.wait() for job in jobs]
    known = [cache.trim(0), cache.trim(7_991)]
    assert (ended, known) == ([0, 0], [0, 10])


@pytest.mark.parametrize("text", ["", "torn", "1 2 3\n", "10\n20\n", "\0", "1e400 5\n", "nan 5\n"])
def test_a_note_that_cannot_be_read_makes_the_cache_count_anew(tmp_path: Path, text: str) -> None:
    cache = ArtifactCache(tmp_path / "artifacts", limit_bytes=15)
    add(cache, b"a" * 10, 10)
    add(cache, b"b" * 10, 20)
    (cache.folder / "size.txt").write_text(text)
    assert [cache.trim(1), cache.trim(1), cache.size()] == [10, 0, 10]


def test_a_cleared_cache_is_empty(tmp_path: Path) -> None:
    cache = ArtifactCache(tmp_path / "artifacts")
    add(cache, b"a" * 10, 10)
    cache.trim(10)
    assert (cache.clear(), cache.size()) == (10, 0)
