"""Files on their way into the cache that outlive their process."""

from __future__ import annotations

from pathlib import Path

from wandkit._core.artifact_partial import claim_partial


def test_what_was_left_is_there_for_the_next(tmp_path: Path) -> None:
    first = claim_partial(tmp_path / "obj" / "a", tmp_path / "tmp")
    assert first is not None
    first.write(b"alp")
    first.leave()
    first.drop()
    second = claim_partial(tmp_path / "obj" / "a", tmp_path / "tmp")
    assert second is not None
    assert (second.held, b"".join(second.pieces())) == (3, b"alp")
    second.write(b"ha")
    second.keep()
    second.drop()
    assert (tmp_path / "obj" / "a").read_bytes() == b"alpha"
    assert [*(tmp_path / "tmp").iterdir()] == []


def test_only_one_writes_at_a_time(tmp_path: Path) -> None:
    first = claim_partial(tmp_path / "a", tmp_path / "tmp")
    second = claim_partial(tmp_path / "a", tmp_path / "tmp")
    other = claim_partial(tmp_path / "b", tmp_path / "tmp")
    assert first is not None
    assert other is not None
    assert second is None
    first.drop()
    third = claim_partial(tmp_path / "a", tmp_path / "tmp")
    assert third is not None
    assert third.held == 0
    third.drop()
    other.drop()
    assert [*(tmp_path / "tmp").iterdir()] == []


def test_what_is_in_place_is_not_written_again(tmp_path: Path) -> None:
    first = claim_partial(tmp_path / "a", tmp_path / "tmp")
    assert first is not None
    first.write(b"alpha")
    first.keep()
    second = claim_partial(tmp_path / "a", tmp_path / "tmp")
    assert second is not None
    second.write(b"x")
    second.drop()
    assert (tmp_path / "a").read_bytes() == b"alpha"


def test_a_new_start_forgets_what_was_there(tmp_path: Path) -> None:
    first = claim_partial(tmp_path / "a", tmp_path / "tmp")
    assert first is not None
    first.write(b"wrong")
    first.restart()
    first.write(b"ok")
    first.keep()
    assert (tmp_path / "a").read_bytes() == b"ok"
