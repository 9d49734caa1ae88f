"""The journal of a plan: what it remembers, and what a crash leaves of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wandkit._core.journal import Journal
from wandkit.errors import ArgumentError

ITEMS = ["e/p/a", "e/p/b", "e/p/c"]


def journal(path: Path, what: str = "delete") -> Journal:
    """Return the journal of one plan at `path`."""
    return Journal(path, what, ITEMS)


def test_what_was_done_is_remembered(tmp_path: Path) -> None:
    first = journal(tmp_path / "j")
    first.record("e/p/a", "done")
    first.record("e/p/b", "failed", error="no")
    assert journal(tmp_path / "j").done == {"e/p/a"}


def test_what_failed_and_was_done_later_is_done(tmp_path: Path) -> None:
    first = journal(tmp_path / "j")
    first.record("e/p/a", "failed", error="no")
    first.record("e/p/a", "done")
    assert journal(tmp_path / "j").done == {"e/p/a"}


@pytest.mark.parametrize(("what", "items"), [("update", ITEMS), ("delete", ITEMS[:2])])
def test_a_journal_of_another_plan_is_refused(tmp_path: Path, what: str, items: list[str]) -> None:
    journal(tmp_path / "j")
    with pytest.raises(ArgumentError, match="belongs to another plan"):
        Journal(tmp_path / "j", what, items)


def test_a_file_that_is_no_journal_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("milk\n", encoding="utf-8")
    with pytest.raises(ArgumentError, match="belongs to another plan"):
        journal(path)
    assert path.read_text(encoding="utf-8") == "milk\n"


def test_a_dry_run_begins_no_journal(tmp_path: Path) -> None:
    Journal(tmp_path / "j", "delete", ITEMS, begin=False)
    assert not (tmp_path / "j").exists()


@given(cut=st.integers(1, 60))
def test_a_line_that_a_crash_cut_short_spoils_no_later_one(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    path = tmp_path_factory.mktemp("journal") / "j"
    first = journal(path)
    first.record("e/p/a", "done")
    first.record("e/p/b", "done")
    path.write_bytes(path.read_bytes()[:-cut])
    journal(path).record("e/p/c", "done")
    assert journal(path).done >= {"e/p/a", "e/p/c"}
