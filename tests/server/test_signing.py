"""Signed links: one object, one method, until they expire."""

from __future__ import annotations

import stat
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from wandkit.server.signing import SignatureError, Signer, load_signing_key

KEY = bytes(range(32))
TARGET = "storage/run/1/a b#?%/é.txt"


def parts(url: str) -> tuple[str, str, str]:
    """Return target, expiry and signature of a link."""
    split = urlsplit(url)
    query = parse_qs(split.query)
    return unquote(split.path.lstrip("/")), query["expires"][0], query["signature"][0]


def test_a_link_is_good_for_its_method_and_object() -> None:
    target, expires, signature = parts(Signer(KEY).url("http://host/", "GET", TARGET))
    assert target == TARGET
    assert Signer(KEY).check("GET", target, expires, signature) is None


@pytest.mark.parametrize(
    ("method", "target", "key"),
    [("PUT", TARGET, KEY), ("GET", "storage/run/2/x", KEY), ("GET", TARGET, bytes(32))],
)
def test_a_link_is_good_for_nothing_else(method: str, target: str, key: bytes) -> None:
    _, expires, signature = parts(Signer(KEY).url("http://host", "GET", TARGET))
    with pytest.raises(SignatureError, match="does not fit"):
        Signer(key).check(method, target, expires, signature)


def test_the_expiry_is_part_of_what_is_signed() -> None:
    target, expires, signature = parts(Signer(KEY).url("http://host", "GET", TARGET))
    with pytest.raises(SignatureError, match="does not fit"):
        Signer(KEY).check("GET", target, str(int(expires) + 1), signature)


def test_an_expired_link_says_so() -> None:
    target, expires, signature = parts(Signer(KEY, download_s=-10).url("http://host", "GET", TARGET))
    with pytest.raises(SignatureError, match="expired"):
        Signer(KEY).check("GET", target, expires, signature)


@pytest.mark.parametrize(
    ("expires", "signature"), [(None, None), ("1", None), ("", "x"), ("soon", "x"), ("²", "x")]
)
def test_a_link_without_a_signature_is_refused(expires: str | None, signature: str | None) -> None:
    with pytest.raises(SignatureError, match="not signed"):
        Signer(KEY).check("GET", TARGET, expires, signature)


def test_the_key_is_made_once_and_is_the_owners_alone(tmp_path: Path) -> None:
    key = load_signing_key(tmp_path / "data")
    assert load_signing_key(tmp_path / "data") == key
    assert len(key) == 32
    assert stat.S_IMODE((tmp_path / "data" / "signing.key").stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["signing.key"]


def test_a_damaged_key_file_is_not_replaced_silently(tmp_path: Path) -> None:
    (tmp_path / "signing.key").write_bytes(b"short")
    with pytest.raises(ValueError, match="does not hold a signing key"):
        load_signing_key(tmp_path)


def test_a_signer_does_not_show_its_key() -> None:
    assert KEY.hex() not in repr(Signer(KEY))
    assert "key" not in repr(Signer(KEY))
