"""Edits of many runs: what they change, and what they refuse."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wandkit._core.plan import Difference, PlanOutcome, RunEdit
from wandkit._core.receipt import ItemFailure
from wandkit.errors import ArgumentError

TAGS = st.lists(st.sampled_from("abcdef"), unique=True)


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (RunEdit(), "changes nothing"),
        (RunEdit(add_tags=("a",), remove_tags=("a",)), "both sets and removes 'a'"),
        (RunEdit(config={"lr": 1}, unset_config=("lr",)), "both sets and removes 'lr'"),
    ],
)
def test_an_edit_that_makes_no_sense_is_refused(edit: RunEdit, words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        edit.check()


def test_clearing_a_text_is_an_edit() -> None:
    edit = RunEdit(texts={"notes": None})
    edit.check()
    assert str(edit) == 'update {"notes": null}'


@given(tags=TAGS, added=TAGS, removed=TAGS)
def test_editing_tags_twice_is_editing_them_once(
    tags: list[str], added: list[str], removed: list[str]
) -> None:
    edit = RunEdit(add_tags=tuple(t for t in added if t not in removed), remove_tags=tuple(removed))
    once = edit.tags_of(tags)
    assert edit.tags_of(once) == once
    assert not {*once} & {*removed}
    assert [tag for tag in once if tag in tags] == [tag for tag in tags if tag not in removed]


@given(
    held=st.dictionaries(st.sampled_from("abcd"), st.integers() | st.none()),
    given_=st.dictionaries(st.sampled_from("abcd"), st.integers()),
)
def test_an_edited_config_has_no_differences_left(
    held: dict[str, int | None], given_: dict[str, int]
) -> None:
    edit = RunEdit(config=given_, unset_config=tuple(set("abcd") - given_.keys()))
    edit.edit_config(held)
    assert not [found for found in edit.config_differences(held) if found.is_real]


@pytest.mark.parametrize(
    ("before", "after", "real"),
    [(None, "", False), ("", None, False), ("a", "b", True), (1, 1.0, False), (1, True, True)],
)
def test_nothing_and_an_empty_text_are_the_same(before: object, after: object, real: bool) -> None:
    assert Difference("notes", before, after).is_real is real


def test_the_receipt_of_an_outcome_counts_runs_of_both_times() -> None:
    outcome = PlanOutcome(done=["a"], skipped=["b"], failures=[ItemFailure("c", "no")])
    assert (outcome.receipt.received, outcome.receipt.expected) == (2, 3)
    assert str(outcome).splitlines()[0] == "1 changed, 1 changed before, 1 failed"
