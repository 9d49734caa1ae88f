"""Windows, parts, rows and the merge of the two stores, without any I/O."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wandkit._core.history import (
    Row,
    check_keys,
    check_samples,
    check_steps,
    decode_rows,
    key_count,
    last_step_of,
    live_start,
    missing_keys,
    restore_numbers,
    restore_values,
    select_keys,
)
from wandkit._core.scan import (
    Part,
    ScanRequest,
    StepRange,
    TailMerge,
    Window,
    Windows,
    holding_steps,
    outer_join,
    plan_parts,
    sample_spec,
)
from wandkit.errors import AnswerError, ArgumentError


@pytest.mark.parametrize("keys", ["loss", [1], [], b"loss"])
def test_keys_that_are_no_list_of_names_are_refused(keys: object) -> None:
    with pytest.raises(ArgumentError, match="keys"):
        check_keys(keys)  # type: ignore[arg-type]


def test_keys_are_kept_in_order_without_repetition() -> None:
    assert check_keys(["b", "a", "b"]) == ["b", "a"]


def test_keys_for_system_metrics_are_refused() -> None:
    with pytest.raises(ArgumentError, match="system"):
        check_keys(["loss"], stream="system")


def test_an_unknown_stream_is_refused() -> None:
    with pytest.raises(ArgumentError, match="stream"):
        check_keys(None, stream="gpu")


@pytest.mark.parametrize("samples", [0, -1, 2.5, True, "10"])
def test_samples_must_be_a_positive_whole_number(samples: object) -> None:
    with pytest.raises(ArgumentError, match="samples"):
        check_samples(samples)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "bounds",
    [
        (0, None, None, "inner"),
        (10, -1, None, "inner"),
        (10, 5, 4, "inner"),
        (10, 0, 1, "left"),
        ("10", None, None, "inner"),
        (10, 2.5, None, "inner"),
        (10, None, float("nan"), "inner"),
    ],
)
def test_bounds_that_make_no_sense_are_refused(bounds: Any) -> None:
    with pytest.raises(ArgumentError):
        check_steps(*bounds)


def test_a_sample_spec_has_inclusive_steps() -> None:
    assert json.loads(sample_spec(["a"], 11, Window(10, 20, 11))) == {
        "keys": ["a"],
        "samples": 11,
        "minStep": 10,
        "maxStep": 19,
    }


def test_rows_decode_all_at_once() -> None:
    assert decode_rows(['{"a": 1}', '{"b": {"c": [1, 2.5]}}']) == [{"a": 1}, {"b": {"c": [1, 2.5]}}]


def test_texts_of_non_finite_numbers_become_floats_at_any_depth() -> None:
    row = decode_rows(
        ['{"a": "NaN", "b": [1, "Infinity"], "c": {"d":"-Infinity"}, "e": "NaN is a word", "NaN": 1}']
    )[0]
    assert math.isnan(row.pop("a"))
    assert row == {"b": [1, math.inf], "c": {"d": -math.inf}, "e": "NaN is a word", "NaN": 1}


def test_json_inside_a_text_is_left_alone() -> None:
    inner = json.dumps({"a": "NaN"})
    assert decode_rows([json.dumps({"text": inner})]) == [{"text": inner}]


def test_values_of_decoded_rows_are_restored_in_place() -> None:
    rows: list[Row] = [{"a": "Infinity", "b": {"c": ["NaN"]}, "d": "x"}]
    restore_values(rows, list(rows[0]))
    assert rows[0]["a"] == math.inf
    assert math.isnan(rows[0]["b"]["c"][0])
    assert rows[0]["d"] == "x"


@pytest.mark.parametrize("text", ["{", "1", '{"a": 1}, {"a": 2}'])
def test_a_row_that_is_no_object_is_an_answer_error(text: str) -> None:
    with pytest.raises(AnswerError):
        decode_rows([text])


@given(st.dictionaries(st.text(), st.one_of(st.floats(), st.integers(-(2**62), 2**62), st.text(), st.none())))
def test_any_row_survives_the_wire(row: Row) -> None:
    texts = {math.inf: "Infinity", -math.inf: "-Infinity"}
    wire = {
        key: ("NaN" if math.isnan(value) else texts.get(value, value)) if isinstance(value, float) else value
        for key, value in row.items()
    }
    expected = {
        key: {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}.get(v, v)
        for key, v in row.items()
    }
    assert repr(decode_rows([json.dumps(wire)])[0]) == repr(expected)


def test_restoring_leaves_other_json_alone() -> None:
    text = '{"a":"x","b":["NaN","y"],"c":"\\"NaN\\""}'
    assert restore_numbers(text) == '{"a":"x","b":[NaN,"y"],"c":"\\"NaN\\""}'


def test_the_last_step_comes_from_the_index_or_from_the_tail() -> None:
    assert last_step_of({"lastStep": 7}) == 7
    assert last_step_of(None, json.dumps([json.dumps({"_step": 3}), json.dumps({"_step": 4})])) == 4
    assert last_step_of({"lastStep": -1}, None) is None


def test_the_live_tail_starts_at_its_smallest_step() -> None:
    assert live_start([{"_step": 900.0}, {"_step": 899.0}]) == 899
    assert live_start([]) is None
    assert live_start(None) is None


def test_key_counts_come_from_the_rarest_key() -> None:
    index = {
        "keys": {
            "a": {"typeCounts": [{"type": "number", "count": 5}, {"type": "string", "count": 1}]},
            "b": {},
        }
    }
    assert key_count(index, ["a"]) == 6
    assert key_count(index, ["b"]) is None


def test_unknown_keys_come_with_near_names() -> None:
    found = missing_keys(["los", "_step", "val", "acc"], ["loss", "val.f1", "acc"])
    assert found == ["no row has 'los'. Did you mean 'loss'?"]


# The parts of a scan: which store is read for which steps.


def test_without_exports_everything_is_live() -> None:
    assert plan_parts(StepRange(0, 10), [], None) == [Part(StepRange(0, 10))]


def test_an_export_of_everything_leaves_nothing_to_the_live_query() -> None:
    assert plan_parts(StepRange(0, 10), [StepRange(0, 10)], None) == [Part(StepRange(0, 10), 0)]


def test_the_live_tail_follows_the_export() -> None:
    parts = plan_parts(StepRange(0, 100), [StepRange(0, 60)], 60)
    assert parts == [Part(StepRange(0, 60), 0), Part(StepRange(60, 100))]


def test_where_exports_and_live_rows_overlap_both_are_read() -> None:
    parts = plan_parts(StepRange(0, 100), [StepRange(0, 60)], 50)
    assert parts == [Part(StepRange(0, 60), 0), Part(StepRange(50, 100))]


def test_holes_between_exports_are_read_live() -> None:
    parts = plan_parts(StepRange(0, 100), [StepRange(10, 20), StepRange(30, 100)], None)
    assert parts == [
        Part(StepRange(0, 10)),
        Part(StepRange(10, 20), 0),
        Part(StepRange(20, 30)),
        Part(StepRange(30, 100), 1),
    ]


def test_exports_outside_the_wanted_steps_are_not_read() -> None:
    parts = plan_parts(StepRange(50, 60), [StepRange(0, 20), StepRange(20, 100)], None)
    assert parts == [Part(StepRange(50, 60), 1)]


def test_exports_are_read_in_the_order_of_their_steps() -> None:
    parts = plan_parts(StepRange(0, 20), [StepRange(10, 20), StepRange(0, 10)], None)
    assert [part.export for part in parts] == [1, 0]


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(1, 20)), max_size=4),
    st.one_of(st.none(), st.integers(0, 60)),
)
def test_the_parts_cover_every_wanted_step(exports: list[tuple[int, int]], live_from: int | None) -> None:
    wanted = StepRange(5, 55)
    parts = plan_parts(wanted, [StepRange(start, start + length) for start, length in exports], live_from)
    covered = {step for part in parts for step in range(part.steps.start, part.steps.stop)}
    assert covered == set(range(5, 55))


# Windows over a server that answers with at most `samples` rows.


def _scan(steps: list[int], page_size: int, density: float = 1.0) -> tuple[list[int], int]:
    """Scan a pretended live store; return the steps that were read and the number of requests."""
    requests = 0

    def read(window: Window) -> list[int]:
        nonlocal requests
        requests += 1
        rows = [step for step in steps if window.start <= step < window.stop]
        if not window.may_be_capped(len(rows)):
            return rows
        return [row for part in window.split() for row in read(part)]

    received: list[int] = []
    windows = Windows(StepRange(0, max(steps, default=-1) + 1), page_size, density)
    for group in windows:
        for window in group:
            rows = read(window)
            windows.observe(window, len(rows))
            received += rows
    return received, requests


def test_dense_steps_take_one_request_per_page() -> None:
    received, requests = _scan(list(range(1000)), 100)
    assert received == list(range(1000))
    assert requests == 10


def test_sparse_steps_take_few_requests() -> None:
    steps = list(range(0, 1_000_000, 1000))
    received, requests = _scan(steps, 100)
    assert received == steps
    assert requests < 60


def test_a_known_density_saves_the_search() -> None:
    steps = list(range(0, 1_000_000, 1000))
    assert _scan(steps, 100, 0.001) == (steps, 20)


def test_a_late_start_costs_few_requests() -> None:
    steps = list(range(900_000, 901_000))
    received, requests = _scan(steps, 100)
    assert received == steps
    assert requests < 60


def test_steps_that_are_nanoseconds_take_few_requests() -> None:
    now = 1_795_000_000_000_000_000
    windows = Windows(StepRange(0, now), page_size=1000, density=2 / now)
    assert len(list(windows)) <= 2


def test_windows_come_in_groups() -> None:
    windows = Windows(StepRange(0, 50), 10, per_request=3)
    assert [[window.start for window in group] for group in windows] == [[0, 10, 20], [30, 40]]


def test_many_rows_at_one_step_are_all_read() -> None:
    steps = sorted([*range(50), *([20] * 300)])
    received, _ = _scan(steps, 10)
    assert received == steps


@given(st.lists(st.integers(0, 3000), max_size=200), st.integers(1, 40), st.floats(0.001, 1))
def test_no_row_is_ever_lost_or_doubled(steps: list[int], page_size: int, density: float) -> None:
    received, _ = _scan(sorted(steps), page_size, density)
    assert received == sorted(steps)


# Selection and joins.


def test_inner_rows_have_all_keys() -> None:
    rows: list[Row] = [{"a": 1, "b": 2, "_step": 0}, {"a": 3, "_step": 1}]
    assert select_keys(rows, ["a", "b"], "inner") == [{"a": 1, "b": 2}]


def test_outer_rows_have_any_key() -> None:
    rows: list[Row] = [{"a": 1, "b": 2}, {"a": 3}, {"c": 4}]
    assert select_keys(rows, ["a", "b"], "outer") == [{"a": 1, "b": 2}, {"a": 3}]


def test_dotted_keys_reach_into_nested_values() -> None:
    assert select_keys([{"a": {"b": {"c": 1}}, "x.y": 2}], ["a.b.c", "x.y"], "inner") == [
        {"a.b.c": 1, "x.y": 2}
    ]


def test_the_outer_join_has_one_row_per_step() -> None:
    joined = outer_join(
        [[{"_step": 2, "a": 1}, {"_step": 0, "a": 2}], [{"_step": 0, "b": 3}]], keep_step=True
    )
    assert joined == [{"_step": 0, "a": 2, "b": 3}, {"_step": 2, "a": 1}]


# The merge of exported rows with live rows.


def _row(step: int, stamp: float | None = None) -> Row:
    return {"_step": step} if stamp is None else {"_step": step, "_timestamp": stamp}


def test_rows_in_both_stores_come_once() -> None:
    merge = TailMerge()
    assert merge.hold([_row(4, 0.5), _row(5, 1.0), _row(6, 2.0)], 5) == [_row(4, 0.5)]
    assert merge.join([_row(5, 1.0), _row(6, 2.0), _row(7, 3.0)], 8) == [
        _row(5, 1.0),
        _row(6, 2.0),
        _row(7, 3.0),
    ]
    assert merge.duplicates == 2


def test_rows_that_only_the_export_has_keep_their_place() -> None:
    merge = TailMerge()
    merge.hold([_row(5), _row(6)], 5)
    assert merge.join([_row(5), _row(7)], 8) == [_row(5), _row(6), _row(7)]


def test_two_rows_of_one_step_are_two_if_their_timestamps_differ() -> None:
    merge = TailMerge()
    merge.hold([_row(5, 1.0)], 5)
    assert merge.join([_row(5, 2.0)], 6) == [_row(5, 1.0), _row(5, 2.0)]


def test_held_rows_after_the_last_page_are_not_lost() -> None:
    merge = TailMerge()
    merge.hold([_row(9)], 0)
    assert merge.join([_row(5)], 6) == [_row(5)]
    assert merge.rest() == [_row(9)]


def test_rows_without_a_step_are_never_held() -> None:
    merge = TailMerge()
    assert merge.hold([{"a": 1}, _row(3)], 0) == [{"a": 1}]


def test_rows_wait_from_the_first_step_of_any_later_part() -> None:
    parts = [Part(StepRange(0, 60), 0), Part(StepRange(60, 90), 1), Part(StepRange(50, 100))]
    assert holding_steps(parts) == [50, 50, None]
    assert holding_steps([Part(StepRange(0, 60), 0), Part(StepRange(60, 90))]) == [None, None]


def test_a_request_ends_at_the_last_step_or_before() -> None:
    assert ScanRequest(min_step=5, max_step=100).wanted(9) == StepRange(5, 10)
    assert ScanRequest(max_step=4).wanted(9) == StepRange(0, 4)
    assert len(ScanRequest(min_step=50).wanted(9)) == 0
