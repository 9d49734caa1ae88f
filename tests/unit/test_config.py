"""The config: unwrapped once, the clients' notes apart, edits merged into what the server holds."""

from __future__ import annotations

import copy
import json
import math
import pickle
from datetime import datetime, timezone
from enum import Enum
from pathlib import Path
from typing import Any

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wandkit._core.config import Config
from wandkit._core.jsontext import merge, read_object, same
from wandkit.errors import AnswerError, ArgumentError

NOTES = '"_wandb":{"desc":null,"value":{"cli_version":"0.16.6"}},"wandb_version":1'


def text_of(**values: Any) -> str:
    """Return a config text as the server sends it."""
    return json.dumps({key: {"desc": None, "value": value} for key, value in values.items()})


def test_values_are_unwrapped() -> None:
    assert Config.from_text(text_of(lr=0.1, model={"depth": 3})) == {"lr": 0.1, "model": {"depth": 3}}


def test_a_value_that_looks_wrapped_is_unwrapped_once_only() -> None:
    assert Config.from_text(text_of(a={"value": 3, "desc": "mine"})) == {"a": {"value": 3, "desc": "mine"}}


def test_an_entry_without_a_wrapping_is_kept_as_it_is() -> None:
    assert Config.from_text('{"a":1,"b":{"c":2},"d":[{"value":3}]}') == {
        "a": 1,
        "b": {"c": 2},
        "d": [{"value": 3}],
    }


def test_the_notes_of_the_clients_are_no_part_of_the_config() -> None:
    assert Config.from_text(f'{{"a":{{"value":1}},{NOTES}}}') == {"a": 1}


def test_the_raw_config_has_the_notes_too() -> None:
    config = Config.from_text(f'{{"a":{{"value":1}},{NOTES}}}')
    assert config.raw == {"_wandb": {"cli_version": "0.16.6"}, "wandb_version": 1, "a": 1}


@pytest.mark.parametrize("text", [None, "", "{}", "null"])
def test_an_absent_config_is_empty(text: str | None) -> None:
    assert Config.from_text(text) == {}


@pytest.mark.parametrize("text", ["[]", "3", '{"a":', "<html>"])
def test_a_config_that_is_no_object_is_an_answer_error(text: str) -> None:
    with pytest.raises(AnswerError, match="config"):
        Config.from_text(text)


def test_numbers_beyond_json_are_read_and_written() -> None:
    config = Config.from_text('{"a":{"value":NaN},"b":{"value":[Infinity,-Infinity]}}')
    assert math.isnan(config["a"])
    assert config["b"] == [math.inf, -math.inf]
    assert config.to_text() == '{"a":{"value":NaN},"b":{"value":[Infinity,-Infinity]}}'


@pytest.mark.parametrize("text", ['{"a":{"value":"tab\there"}}', '{"a":{"value":"\\ud83d"}}'])
def test_what_old_clients_wrote_is_read_leniently(text: str) -> None:
    assert set(Config.from_text(text)) == {"a"}


def test_an_untouched_config_sends_nothing() -> None:
    config = Config.from_text('{"a":{"value":NaN},"b":{"value":[1,{"c":true}]}}')
    assert not config.is_changed()
    assert config.merged_into('{"z":{"value":1}}') is None


def test_a_nested_edit_is_a_change() -> None:
    config = Config.from_text(text_of(model={"layers": [1, {"x": 2}]}))
    config["model"]["layers"][1]["x"] = 3
    assert config.is_changed()


@pytest.mark.parametrize(("before", "after"), [(1, True), (0, False), (None, False), ("1", 1), ([], {})])
def test_values_of_another_type_are_a_change(before: Any, after: Any) -> None:
    config = Config.from_text(text_of(a=before))
    config["a"] = after
    assert config.is_changed()


def test_an_edit_that_was_undone_is_no_change() -> None:
    config = Config.from_text(text_of(a=1))
    config["a"] = 2
    config["a"] = 1
    assert not config.is_changed()


def test_edits_are_merged_into_what_the_server_holds_now() -> None:
    config = Config.from_text(text_of(mine=1, theirs=1, gone=1, nested={"a": 1, "b": 1}))
    config["mine"] = 2
    config["new"] = "x"
    config["nested"]["a"] = 2
    del config["gone"]
    now = text_of(mine=1, theirs=5, gone=1, nested={"a": 1, "b": 9, "c": 3}, added=7)
    merged = Config.from_text(config.merged_into(now))
    assert merged == {"mine": 2, "theirs": 5, "nested": {"a": 2, "b": 9, "c": 3}, "added": 7, "new": "x"}


def test_a_key_that_somebody_else_deleted_stays_deleted() -> None:
    config = Config.from_text(text_of(a=1, b=1))
    config["a"] = 2
    assert Config.from_text(config.merged_into(text_of(a=1))) == {"a": 2}


def test_the_notes_and_descriptions_on_the_server_survive_an_edit() -> None:
    config = Config.from_text(f'{{"a":{{"value":1,"desc":"rate"}},"b":5,{NOTES}}}')
    config["a"] = 2
    sent = read_object(config.merged_into(f'{{"a":{{"value":1,"desc":"rate"}},"b":5,{NOTES}}}'), "config")
    assert sent == {
        "a": {"value": 2, "desc": "rate"},
        "b": 5,
        "_wandb": {"desc": None, "value": {"cli_version": "0.16.6"}},
        "wandb_version": 1,
    }


def test_a_config_of_some_keys_only_leaves_the_others_alone() -> None:
    config = Config.from_text(text_of(lr=1))
    config["lr"] = 2
    assert Config.from_text(config.merged_into(text_of(lr=1, other=3))) == {"lr": 2, "other": 3}


def test_after_an_update_the_config_holds_what_the_server_holds() -> None:
    config = Config.from_text(text_of(a=1))
    config["a"] = 2
    config.settle(text_of(a=2, b=3))
    assert config == {"a": 2, "b": 3}
    assert not config.is_changed()


class Size(Enum):
    BIG = "big"


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (numpy.float64(0.5), 0.5),
        (numpy.int32(3), 3),
        (numpy.bool_(True), True),
        (numpy.arange(3), [0, 1, 2]),
        ((1, (2, 3)), [1, [2, 3]]),
        ({"b", "a"}, ["a", "b"]),
        ({1: {2: 3}}, {"1": {"2": 3}}),
        (Path("a/b"), "a/b"),
        (Size.BIG, "big"),
        (datetime(2024, 5, 1, tzinfo=timezone.utc), "2024-05-01T00:00:00+00:00"),
    ],
)
def test_values_are_stored_in_their_json_form(value: Any, stored: Any) -> None:
    config = Config.from_text("{}")
    config["a"] = value
    assert Config.from_text(config.merged_into("{}")) == {"a": stored}


def test_a_value_without_a_json_form_is_refused_by_its_key() -> None:
    config = Config.from_text("{}")
    config["a"] = {"b": [object()]}
    with pytest.raises(ArgumentError, match=r"config\.a\.b.*object has no JSON form"):
        config.merged_into("{}")


@pytest.mark.parametrize(
    "copied",
    [
        pickle.loads(pickle.dumps(Config.from_text(text_of(a=1)))),
        copy.deepcopy(Config.from_text(text_of(a=1))),
    ],
)
def test_a_copy_knows_what_it_was(copied: Config) -> None:
    assert (copied, copied.is_changed()) == ({"a": 1}, False)
    copied["a"] = 2
    assert copied.is_changed()


def test_a_config_is_a_dict_to_everybody_else() -> None:
    assert json.dumps(Config.from_text(text_of(a=1))) == '{"a": 1}'


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(width=16) | st.text("ab", max_size=2),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=1), inner, max_size=3)
    ),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text("abcd", max_size=1), JSON, max_size=4)


@given(JSON, JSON)
def test_without_edits_a_merge_is_what_the_server_holds(original: Any, current: Any) -> None:
    assert same(merge(original, copy.deepcopy(original), current), current)


@given(OBJECTS, OBJECTS)
def test_without_other_edits_a_merge_is_what_was_edited(original: Any, edited: Any) -> None:
    assert same(merge(original, edited, copy.deepcopy(original)), edited)


@given(OBJECTS, OBJECTS, OBJECTS)
def test_merging_again_changes_nothing(original: Any, edited: Any, current: Any) -> None:
    once = merge(original, edited, current)
    assert same(merge(original, edited, once), once)


@given(OBJECTS)
def test_a_written_config_reads_as_it_was(values: dict[str, Any]) -> None:
    config = Config(values)
    assert same(dict(Config.from_text(config.to_text())), values)
