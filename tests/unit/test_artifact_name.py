"""Names of artifacts, aliases, tags and entries."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wandkit._core.artifact_name import (
    check_aliases,
    check_entry_name,
    check_metadata,
    check_name,
    check_tags,
    check_ttl,
    check_type,
    entry_name,
)
from wandkit._core.transfer import file_target
from wandkit.errors import ArgumentError, ArgumentTypeError


@given(st.text(st.sampled_from("ab./\\:~ \0") | st.characters(), min_size=0, max_size=20))
def test_an_entry_that_passes_stays_below_its_folder(name: str) -> None:
    root = Path("/nowhere/root")
    try:
        target = file_target(root, check_entry_name(name))
    except ArgumentError:
        return
    assert root in target.parents
    assert ".." not in target.parts


@pytest.mark.parametrize(
    "name", ["", " ", "/a", "\\a", "a/..", "../a", "a\\..\\b", "C:", "C:\\a", "a\0b", "a/", "\ud800"]
)
def test_an_entry_that_would_leave_is_refused(name: str) -> None:
    with pytest.raises(ArgumentError, match="nothing was written"):
        check_entry_name(name)


@pytest.mark.parametrize(
    ("given", "name"), [("a", "a"), ("./a//b", "a/b"), (Path("a/b"), "a/b"), ("a b/ü", "a b/ü")]
)
def test_a_path_becomes_an_entry_name(given: str | Path, name: str) -> None:
    assert entry_name(given) == name


@pytest.mark.parametrize("name", ["", "a b", "a/b", "a:b", "ü", "x" * 129, "a\n"])
def test_a_name_has_letters_digits_and_a_few_marks(name: str) -> None:
    with pytest.raises(ArgumentError):
        check_name(name)


@pytest.mark.parametrize(
    ("kind", "name"),
    [("job", "a"), ("wandb-history", "a"), ("run_table", "run-1"), ("code", "source-1"), ("", "a")],
)
def test_types_of_the_service_are_reserved(kind: str, name: str) -> None:
    with pytest.raises(ArgumentError, match="reserved"):
        check_type(kind, name)


def test_aliases_and_tags_come_once() -> None:
    assert (check_aliases(["a", "b", "a"]), check_tags("one tag")) == (["a", "b"], ["one tag"])


@pytest.mark.parametrize("alias", ["a/b", "a:b", ""])
def test_an_alias_fits_a_path(alias: str) -> None:
    with pytest.raises(ArgumentError):
        check_aliases([alias])


@pytest.mark.parametrize("values", [[1], ["a", None], None, 5], ids=repr)
def test_aliases_and_tags_are_texts(values: Any) -> None:
    with pytest.raises(ArgumentTypeError, match="aliases are texts"):
        check_aliases(values)
    with pytest.raises(ArgumentTypeError, match="tags are texts"):
        check_tags(values)


@pytest.mark.parametrize("tag", ["", " a", "a!", "a  b "])
def test_a_tag_has_words(tag: str) -> None:
    with pytest.raises(ArgumentError):
        check_tags([tag])


@pytest.mark.parametrize("metadata", [{"a": float("nan")}, {"a": object()}, {str(n): n for n in range(101)}])
def test_metadata_fits_json(metadata: dict[str, object]) -> None:
    with pytest.raises(ArgumentError):
        check_metadata(metadata)


def test_metadata_of_other_libraries_comes_in_the_types_of_json() -> None:
    numbers = {"a": numpy.float32(0.5), "b": numpy.arange(3), "c": (1, 2), 4: date(2024, 1, 2)}
    assert check_metadata(numbers) == {"a": 0.5, "b": [0, 1, 2], "c": [1, 2], "4": "2024-01-02"}


def test_metadata_within_itself_is_refused() -> None:
    endless: dict[str, object] = {}
    endless["a"] = endless
    with pytest.raises(ArgumentError, match="metadata cannot be written"):
        check_metadata(endless)


@pytest.mark.parametrize("name", [5, None, b"a"], ids=repr)
def test_names_and_types_are_texts(name: Any) -> None:
    with pytest.raises(ArgumentTypeError, match="name is a text"):
        check_name(name)
    with pytest.raises(ArgumentTypeError, match="type is a text"):
        check_type(name)


def test_a_time_to_live_is_whole_seconds() -> None:
    assert (check_ttl(timedelta(seconds=90.5)), check_ttl(None)) == (90, None)
    with pytest.raises(ArgumentError, match="whole seconds"):
        check_ttl(timedelta(0))
    with pytest.raises(ArgumentError, match="whole seconds"):
        check_ttl(timedelta(milliseconds=5))
