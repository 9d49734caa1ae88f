"""The summary: keys and attributes, views, numbers beyond JSON, and edits that are merged."""

from __future__ import annotations

import copy
import json
import math
import pickle
from pathlib import Path
from typing import Any

import numpy
import pytest

from wandkit._core import summary as summaries
from wandkit._core.summary import SummaryData, SummarySubDict
from wandkit.errors import AnswerError, ArgumentError

REAL = Path(__file__).parents[2].parent / "shared" / "data" / "runs"


@pytest.fixture
def summary() -> SummaryData:
    """Return a summary with a number, a nested dict and an internal key."""
    return SummaryData.from_text('{"loss":0.5,"val":{"best":{"acc":0.9},"last":1},"_step":7}')


def merged(summary: SummaryData, current: str | None) -> Any:
    """Return what would be sent, read back."""
    text = summaries.merged_into(summary, current)
    return None if text is None else json.loads(text)


def test_a_value_is_read_by_key_and_by_attribute(summary: SummaryData) -> None:
    assert (summary["loss"], summary.loss, summary.get("loss"), summary.get("no", 3)) == (0.5, 0.5, 0.5, 3)


def test_spaces_around_a_key_do_not_count(summary: SummaryData) -> None:
    summary[" x "] = 1
    assert (summary["  loss "], "loss " in summary, summary["x"]) == (0.5, True, 1)


def test_an_internal_key_is_read_by_key_only(summary: SummaryData) -> None:
    assert summary["_step"] == 7
    with pytest.raises(AttributeError, match="_step"):
        _ = summary._step


def test_a_missing_key_is_a_key_error_and_a_missing_attribute_an_attribute_error(
    summary: SummaryData,
) -> None:
    with pytest.raises(KeyError, match="no"):
        _ = summary["no"]
    with pytest.raises(AttributeError, match="no key 'no'"):
        _ = summary.no
    with pytest.raises(AttributeError, match="no key 'no'"):
        del summary.no


def test_keys_items_and_length_are_those_of_the_values(summary: SummaryData) -> None:
    assert (list(summary.keys()), dict(summary.items())["loss"], len(summary)) == (
        ["loss", "val", "_step"],
        0.5,
        3,
    )


def test_a_nested_dict_is_a_view_of_the_summary(summary: SummaryData) -> None:
    view = summary.val.best
    view.acc = 1.0
    assert isinstance(view, SummarySubDict)
    assert summary["val"]["best"]["acc"] == 1.0


def test_a_summary_equals_the_dict_of_its_values(summary: SummaryData) -> None:
    assert summary == {"loss": 0.5, "val": {"best": {"acc": 0.9}, "last": 1}, "_step": 7}


def test_the_values_can_be_had_as_plain_dicts(summary: SummaryData) -> None:
    assert json.loads(json.dumps(summary._json_dict)) == summary.as_dict() == summary


def test_a_copy_of_the_values_is_ones_own(summary: SummaryData) -> None:
    summary.as_dict()["val"]["last"] = 99
    assert summary.val.last == 1


@pytest.mark.parametrize(
    "text",
    ['{"a":NaN,"b":[Infinity],"c":{"d":-Infinity}}', '{"a":"NaN","b":["Infinity"],"c":{"d":"-Infinity"}}'],
)
def test_numbers_beyond_json_are_floats_however_they_were_written(text: str) -> None:
    summary = SummaryData.from_text(text)
    assert math.isnan(summary.a)
    assert (summary.b, summary.c.d) == ([math.inf], -math.inf)


def test_numbers_beyond_json_are_sent_as_bare_tokens() -> None:
    summary = SummaryData.from_text("{}")
    summary["a"] = [float("nan"), math.inf, -math.inf]
    assert summaries.merged_into(summary, "{}") == '{"a":[NaN,Infinity,-Infinity]}'


def test_texts_that_only_begin_like_numbers_stay_texts() -> None:
    assert SummaryData.from_text('{"a":"NaN ","b":"Infinity"}') == {"a": "NaN ", "b": math.inf}


@pytest.mark.parametrize("text", [None, "", "{}", "null"])
def test_an_absent_summary_is_empty(text: str | None) -> None:
    assert SummaryData.from_text(text) == {}


def test_a_summary_that_is_no_object_is_an_answer_error() -> None:
    with pytest.raises(AnswerError, match="summary"):
        SummaryData.from_text("[1]")


def test_an_untouched_summary_sends_nothing() -> None:
    summary = SummaryData.from_text('{"a":NaN,"b":"Infinity"}')
    assert not summaries.is_changed(summary)
    assert merged(summary, '{"c":1}') is None


def test_edits_are_merged_into_what_the_server_holds_now(summary: SummaryData) -> None:
    summary.best = 1
    summary.val.best.acc = 0.95
    del summary["loss"]
    now = '{"loss":0.4,"val":{"best":{"acc":0.9,"f1":0.8},"last":2},"_step":9,"new":1}'
    expected = {"val": {"best": {"acc": 0.95, "f1": 0.8}, "last": 2}, "_step": 9, "new": 1, "best": 1}
    assert merged(summary, now) == expected


def test_after_an_update_the_summary_holds_what_the_server_holds(summary: SummaryData) -> None:
    summary.best = 1
    summaries.settle(summary, '{"best":1,"other":2}')
    assert summary == {"best": 1, "other": 2}
    assert not summaries.is_changed(summary)


def test_without_overwrite_the_keys_set_here_are_left_alone(summary: SummaryData) -> None:
    summary["mine"] = 1
    summary._set_all({"mine": 2, "loss": 0.1}, overwrite=False)
    assert (summary.mine, summary.loss) == (1, 0.1)


@pytest.mark.parametrize(
    ("value", "stored"),
    [(numpy.float32(0.5), 0.5), (numpy.int64(3), 3), (numpy.arange(32), list(range(32))), ((1, 2), [1, 2])],
)
def test_numpy_values_become_numbers_and_lists(value: Any, stored: Any) -> None:
    summary = SummaryData.from_text("{}")
    summary["a"] = value
    assert summary["a"] == stored


def test_a_large_array_becomes_its_statistics() -> None:
    summary = SummaryData.from_text("{}")
    summary["a"] = numpy.arange(40.0).reshape(8, 5)
    assert summary["a"] == {
        "_type": "numpy.ndarray", "var": 133.25, "mean": 19.5, "min": 0.0, "max": 39.0,
        "10%": pytest.approx(3.9), "25%": 9.75, "75%": 29.25, "90%": pytest.approx(35.1), "size": 40,
    }  # fmt: skip


def test_a_large_array_inside_of_a_dict_becomes_its_statistics_too() -> None:
    summary = SummaryData.from_text("{}")
    summary["a"] = {"b": numpy.zeros(100)}
    assert (summary.a.b["_type"], summary.a.b.size) == ("numpy.ndarray", 100)


def test_a_view_can_be_stored_under_another_key(summary: SummaryData) -> None:
    summary["copy"] = summary.val
    assert summary.copy == {"best": {"acc": 0.9}, "last": 1}


def test_a_value_without_a_json_form_is_refused_when_it_is_set(summary: SummaryData) -> None:
    with pytest.raises(ArgumentError, match=r"summary\.a.*object has no JSON form"):
        summary["a"] = object()


@pytest.mark.parametrize("copy_of", [lambda s: pickle.loads(pickle.dumps(s)), copy.deepcopy])
def test_a_copy_has_the_edits_and_knows_what_it_was(summary: SummaryData, copy_of: Any) -> None:
    summary.best = 1
    twin = copy_of(summary)
    assert (twin == summary, summaries.is_changed(twin)) == (True, True)


@pytest.mark.skipif(not REAL.is_dir(), reason="the folder of real runs, ../shared/data/runs, is absent")
def test_summaries_of_real_runs_are_read_whole_and_written_back() -> None:
    for path in sorted(REAL.rglob("wandb-summary.json")):
        text = path.read_text(encoding="utf-8")
        summary = SummaryData.from_text(text)
        assert repr(summary.as_dict()) == repr(json.loads(text)), path
        assert not summaries.is_changed(summary), path
        summary["added by a test"] = 1
        assert repr(merged(summary, text)) == repr({**json.loads(text), "added by a test": 1}), path
