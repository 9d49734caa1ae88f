"""Rows become frames: every column, every value, whatever its type."""

from __future__ import annotations

import math
from typing import Any

import pyarrow
import pytest

from wandkit._core.arrow import arrow_from_texts, concat_arrow
from wandkit._core.frame import Columns, columns_from, columns_of
from wandkit._core.receipt import Receipt
from wandkit._core.rows import History, sample_receipt, whole_receipt

ROWS: list[dict[str, Any]] = [{"a": 1, "b": "x"}, {"a": 2.5, "c": None}, {"b": "y", "d": {"e": [1, 2]}}]


def test_columns_come_in_the_order_of_first_sight() -> None:
    assert columns_of(ROWS) == ["a", "b", "c", "d"]


def test_rows_of_different_columns_make_one_frame() -> None:
    frame = columns_from(ROWS).to_pandas()
    assert list(frame.columns) == ["a", "b", "c", "d"]
    assert frame["a"].tolist()[:2] == [1.0, 2.5]
    assert math.isnan(frame["a"].tolist()[2])
    assert frame["d"].tolist()[2] == {"e": [1, 2]}


def test_polars_keeps_nulls_apart_from_numbers_that_are_not_finite() -> None:
    frame = columns_from([{"a": math.nan}, {"a": None}, {"a": math.inf}]).to_polars()
    assert frame["a"].null_count() == 1
    assert frame["a"].is_nan().sum() == 1


def test_arrow_keeps_nulls_apart_from_numbers_that_are_not_finite() -> None:
    column = columns_from([{"a": math.nan}, {"a": None}, {"a": math.inf}]).to_arrow().column("a")
    assert column.null_count == 1
    assert math.isnan(column.to_pylist()[0])


@pytest.mark.parametrize("make", [Columns.to_arrow, Columns.to_polars])
def test_a_column_of_many_types_becomes_texts(make: Any) -> None:
    table = make(columns_from([{"a": 1}, {"a": "x"}, {"a": [1]}, {}]))
    values = table.column("a").to_pylist() if isinstance(table, pyarrow.Table) else table["a"].to_list()
    assert values == ["1", "x", "[1]", None]


@pytest.mark.parametrize("make", [Columns.to_arrow, Columns.to_polars])
def test_integers_and_floats_are_floats(make: Any) -> None:
    table = make(columns_from([{"a": 1}, {"a": 2.5}]))
    values = table.column("a").to_pylist() if isinstance(table, pyarrow.Table) else table["a"].to_list()
    assert values == [1.0, 2.5]


@pytest.mark.parametrize("make", [Columns.to_arrow, Columns.to_polars])
def test_integers_too_large_for_a_column_become_texts(make: Any) -> None:
    table = make(columns_from([{"a": 1}, {"a": 2**70}]))
    values = table.column("a").to_pylist() if isinstance(table, pyarrow.Table) else table["a"].to_list()
    assert values == ["1", str(2**70)]


def test_columns_grow_block_by_block() -> None:
    columns = Columns()
    columns.add([{"a": 1}, {"a": 2}], run="x")
    columns.add([{"a": 3, "b": 4}], run="y")
    columns.add([])
    frame = columns.sorted().to_arrow()
    assert frame.to_pydict() == {"a": [1, 2, 3], "b": [None, None, 4], "run": ["x", "x", "y"]}
    assert columns.count == 3


def test_blocks_of_integers_and_of_floats_make_floats() -> None:
    columns = Columns()
    columns.add([{"a": 1}])
    columns.add([{"a": 2.5}])
    assert columns.to_pandas()["a"].tolist() == [1.0, 2.5]
    assert columns.to_polars()["a"].to_list() == [1.0, 2.5]
    assert columns.to_arrow().to_pydict() == {"a": [1.0, 2.5]}


def test_frames_of_integers_are_frames_of_integers() -> None:
    columns = columns_from([{"a": 1}, {"a": 2}])
    assert columns.to_pandas()["a"].dtype == "int64"
    assert str(columns.to_arrow().schema.field("a").type) == "int64"


def test_fixed_columns_take_no_others() -> None:
    columns = Columns(["b", "a"])
    columns.add([{"a": 1, "c": 2}, {"b": 3}])
    assert columns.to_arrow().to_pydict() == {"b": [None, 3], "a": [1, None]}


def test_texts_of_rows_become_a_table_in_bulk() -> None:
    table = arrow_from_texts(['{"a": 1, "b": {"c": [1.5]}}', '{"a": "NaN"}', '{"a": "-Infinity"}'])
    values = table.column("a").to_pylist()
    assert values[0] == 1.0
    assert math.isnan(values[1])
    assert values[2] == -math.inf
    assert table.column("b").to_pylist()[0] == {"c": [1.5]}


def test_texts_that_look_like_dates_stay_texts() -> None:
    table = arrow_from_texts(['{"day": "2024-01-01", "n": {"t": ["2024-01-01T00:00:00Z"]}}'])
    assert table.to_pylist() == [{"day": "2024-01-01", "n": {"t": ["2024-01-01T00:00:00Z"]}}]


@pytest.mark.parametrize("texts", [['{"a": 1}', '{"a": "x"}'], ['{"a":\n 1}', '{"a": "x"}']])
def test_texts_that_cannot_be_read_in_bulk_are_read_one_by_one(texts: list[str]) -> None:
    assert arrow_from_texts(texts).column("a").to_pylist() == ["1", "x"]


def test_no_texts_make_an_empty_table() -> None:
    assert arrow_from_texts([]).num_rows == 0


def test_tables_join_to_the_union_of_their_columns() -> None:
    tables = [pyarrow.table({"a": [1], "b": [1.5]}), pyarrow.table({"a": [2.5]}), pyarrow.table({})]
    assert concat_arrow(tables).to_pydict() == {"a": [1.0, 2.5], "b": [1.5, None]}


def test_columns_whose_types_clash_become_texts() -> None:
    tables = [pyarrow.table({"a": [1.5], "b": [1]}), pyarrow.table({"a": ["x"], "b": [2]})]
    assert concat_arrow(tables).to_pydict() == {"a": ["1.5", "x"], "b": [1, 2]}


def test_no_tables_make_an_empty_one() -> None:
    assert concat_arrow([]).num_rows == 0


def test_a_history_compares_with_lists_and_knows_its_columns() -> None:
    history = History(ROWS, Receipt(received=3))
    assert history == ROWS
    assert history != ROWS[:1]
    assert history == History(list(ROWS), Receipt())
    assert history.keys == ["a", "b", "c", "d"]
    assert repr(history) == "<History 3 rows>"


def test_a_sample_says_how_many_rows_it_was_chosen_from() -> None:
    assert whole_receipt(5, 5, 9).sampled == "5 of 9 rows, chosen by the server"
    assert whole_receipt(9, 9, 9).sampled is False
    assert whole_receipt(5, 5, None).sampled
    assert whole_receipt(4, 5, None).sampled is False


def test_a_sample_of_keys_is_none_where_all_rows_came() -> None:
    assert sample_receipt(5, 5, 9).sampled
    assert sample_receipt(5, 5, 5).sampled is False
    assert sample_receipt(4, 5, 9).sampled is False
