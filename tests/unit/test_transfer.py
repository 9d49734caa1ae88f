"""Names made safe, digests compared, broken downloads resumed, without a network."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wandkit._core.transfer import (
    Download,
    Target,
    file_md5,
    file_target,
    path_uri,
    same_digest,
    upload_headers,
    upload_name,
)
from wandkit.errors import ArgumentError, ChecksumError, TransferError

DIGEST = hashlib.md5(b"hello").digest()
ESCAPES = [
    "",
    " ",
    "/etc/passwd",
    "../x",
    "a/../../x",
    "a/..",
    "..",
    "C:\\x",
    "c:x",
    "\\\\host\\share\\x",
    "\\x",
    "a\\..\\..\\x",
    "a\0b",
    "a/",
]


@pytest.mark.parametrize("name", ESCAPES)
def test_a_name_that_leaves_the_root_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ArgumentError, match="leave the folder"):
        file_target(tmp_path, name)


@pytest.mark.parametrize("name", ["a.txt", "media/images/x.png", "a..b", "...", "ünï/ç.txt", "a b"])
def test_an_ordinary_name_stays_below_the_root(tmp_path: Path, name: str) -> None:
    assert file_target(tmp_path, name) == tmp_path / name


@given(st.text())
def test_no_name_ever_leaves_the_root(name: str) -> None:
    root = Path("/some/where")
    try:
        target = file_target(root, name)
    except ArgumentError:
        return
    assert root in target.parents


def test_a_link_on_the_way_that_leaves_the_root_is_refused(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "link").symlink_to(tmp_path)
    with pytest.raises(ArgumentError, match="link"):
        file_target(tmp_path / "root", "link/x")


def test_a_file_that_is_a_link_out_of_the_root_is_refused(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "x").symlink_to(tmp_path / "y")
    with pytest.raises(ArgumentError, match="link"):
        file_target(tmp_path / "root", "x")


def test_a_link_within_the_root_is_followed(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").symlink_to(tmp_path / "a")
    assert file_target(tmp_path, "b/x") == tmp_path / "b" / "x"


def test_uploads_are_named_by_their_place_below_the_root(tmp_path: Path) -> None:
    assert upload_name(tmp_path / "a" / "b.txt", tmp_path) == "a/b.txt"
    with pytest.raises(ArgumentError, match="root="):
        upload_name(tmp_path / "b.txt", tmp_path / "a")


def test_upload_headers_are_read_from_texts() -> None:
    assert upload_headers(["X-A: 1", "X-B:c:d", "nonsense"]) == {"X-A": "1", "X-B": "c:d"}


@pytest.mark.parametrize(
    "text", [base64.b64encode(DIGEST).decode(), base64.b64encode(DIGEST).decode().rstrip("="), DIGEST.hex()]
)
def test_digests_compare_in_every_spelling(text: str) -> None:
    assert same_digest(text, DIGEST)
    assert not same_digest(text, b"x" * 16)


def test_nonsense_is_no_digest() -> None:
    assert not same_digest("?", DIGEST)


def test_the_digest_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"hello")
    assert file_md5(tmp_path / "x") == DIGEST


@pytest.mark.parametrize(
    ("direct_url", "uri"),
    [
        ("https://bucket.s3.us-west-2.amazonaws.com/a/b.txt?X-Amz=1", "s3://bucket/a/b.txt"),
        ("https://s3.us-west-2.amazonaws.com/bucket/a/b.txt", "s3://bucket/a/b.txt"),
        ("https://storage.googleapis.com/bucket/a", ""),
        ("https://host/storage/x", "https://host/storage/x"),
    ],
)
def test_the_place_of_a_file_in_its_storage(direct_url: str, uri: str) -> None:
    assert path_uri(direct_url, "https://host/storage/x") == uri


def test_a_download_asks_for_what_is_missing() -> None:
    download = Download("x")
    assert download.headers() == {}
    download.begin(200, {"content-length": "10", "etag": '"1"'})
    download.take(b"1234")
    assert download.headers() == {"Range": "bytes=4-", "If-Range": '"1"'}
    assert download.begin(206, {"content-range": "bytes 4-9/10"})
    download.take(b"567890")
    download.check()


def test_a_server_that_ignores_the_range_starts_anew() -> None:
    download = Download("x", md5=DIGEST.hex())
    download.begin(200, {"content-length": "5"})
    download.take(b"hel")
    assert not download.begin(200, {"content-length": "5"})
    download.take(b"hello")
    download.check()


def test_a_weak_tag_is_not_asked_for() -> None:
    download = Download("x")
    download.begin(200, {"etag": 'W/"1"'})
    download.take(b"1")
    assert download.headers() == {"Range": "bytes=1-"}


def test_another_place_than_asked_for_is_an_error() -> None:
    download = Download("x")
    download.begin(200, {})
    download.take(b"1")
    with pytest.raises(TransferError, match="another place"):
        download.begin(206, {"content-range": "bytes 0-9/10"})


def test_too_few_bytes_are_an_error() -> None:
    download = Download("x")
    download.begin(200, {"content-length": "10"})
    download.take(b"123")
    with pytest.raises(TransferError, match="3 of 10"):
        download.check()


def test_other_bytes_are_a_checksum_error() -> None:
    download = Download("x", md5=DIGEST.hex())
    download.begin(200, {})
    download.take(b"hullo")
    with pytest.raises(ChecksumError, match="md5"):
        download.check()


def test_a_file_is_there_when_it_is_whole(tmp_path: Path) -> None:
    target = Target(tmp_path / "a" / "x")
    target.write(b"junk")
    target.restart()
    target.write(b"hello")
    assert not (tmp_path / "a" / "x").exists()
    target.keep()
    target.drop()
    assert [path.read_bytes() for path in (tmp_path / "a").iterdir()] == [b"hello"]


def test_a_file_given_up_leaves_nothing(tmp_path: Path) -> None:
    target = Target(tmp_path / "a" / "x")
    target.write(b"hello")
    target.drop()
    assert list((tmp_path / "a").iterdir()) == []
