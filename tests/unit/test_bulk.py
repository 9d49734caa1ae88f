"""Rows from texts straight to columns: the same as by way of dicts, and quicker where rows are alike."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from wandkit._core.bulk import RowReader
from wandkit._core.frame import Columns
from wandkit._core.history import decode_rows
from wandkit.errors import AnswerError


def texts(*rows: dict[str, Any]) -> list[str]:
    """Return rows as the wire has them."""
    return [json.dumps(row) for row in rows]


ALIKE = [{"_step": step, "loss": step / 7, "lr": 1 if step % 2 else 0.5} for step in range(50)]
BLOCKS: dict[str, list[dict[str, Any]]] = {
    "alike": ALIKE,
    "whole numbers first": [{"a": 1, "b": 0.5}, *({"a": 1.5, "b": 2} for _ in range(30))],
    "texts and lists": [{"a": step, "tag": "x" * step, "more": [step, None]} for step in range(30)],
    "missing keys": [{"a": 1.0} if step % 3 else {"a": 1.0, "b": 2.0} for step in range(30)],
    "nulls": [{"a": None if step == 20 else 1.0} for step in range(30)],
    "booleans": [{"a": step % 2 == 0} for step in range(30)],
    "not finite": [{"a": "NaN" if step == 9 else 1.0} for step in range(30)],
    "too large": [{"a": 2**80 + step, "b": 1.0} for step in range(30)],
    "another order": [{"a": 1.0, "b": 2} if step % 2 else {"b": 3, "a": 4.0} for step in range(30)],
    "a name with quotes": [{'say "a"': 1.0, "b\\": 2.0} for _ in range(30)],
    "few": ALIKE[:3],
    "none": [],
}


@pytest.mark.parametrize("names", [None, ["loss", "a", "absent"]], ids=["all", "some"])
@pytest.mark.parametrize("first", list(BLOCKS))
@pytest.mark.parametrize("then", ["alike", "nulls", "texts and lists"])
def test_a_frame_is_the_same_as_by_way_of_dicts(first: str, then: str, names: list[str] | None) -> None:
    pandas = pytest.importorskip("pandas")
    bulk, plain = Columns(names), Columns(names)
    for number, rows in enumerate([BLOCKS[first], BLOCKS[then], BLOCKS[first]]):
        bulk.add_texts(texts(*rows), run_id=f"run-{number}")
        plain.add(decode_rows(texts(*rows)), run_id=f"run-{number}")
    pandas.testing.assert_frame_equal(bulk.to_pandas(), plain.to_pandas())


@pytest.mark.parametrize("first", list(BLOCKS))
def test_an_arrow_table_is_the_same_as_by_way_of_dicts(first: str) -> None:
    pytest.importorskip("pyarrow")
    bulk, plain = Columns(), Columns()
    for rows in (BLOCKS[first], ALIKE):
        bulk.add_texts(texts(*rows), run_id="a")
        plain.add(decode_rows(texts(*rows)), run_id="a")
    one, other = bulk.to_arrow(), plain.to_arrow()
    assert one.schema == other.schema
    assert repr(one.to_pylist()) == repr(other.to_pylist())


def test_alike_rows_need_no_dicts() -> None:
    reader = RowReader()
    reader.learn(ALIKE)
    found = reader.read(texts(*ALIKE))
    assert found is not None
    assert list(found) == ["_step", "loss", "lr"]
    assert list(found["_step"]) == list(range(50))
    assert {type(value) for value in found["lr"]} == {float}


def test_a_whole_number_larger_than_a_float_stays_whole() -> None:
    found = RowReader().read(texts(*({"a": 10**400, "b": 1.0} for _ in range(30))))
    assert found is not None
    assert (found["a"][0], found["b"][0]) == (10**400, 1.0)


def test_a_number_that_is_not_always_whole_is_learnt() -> None:
    reader, rows = RowReader(), [{"a": 1}, *({"a": 0.5} for _ in range(30))]
    before = reader.read(texts(*rows))
    reader.learn(rows)
    after = reader.read(texts(*rows))
    assert before is None
    assert after is not None
    assert list(after["a"])[:2] == [1.0, 0.5]


def test_rows_that_are_never_alike_are_not_tried_again_and_again() -> None:
    reader, odd = RowReader(), texts(*BLOCKS["missing keys"])
    assert [reader.read(odd) for _ in range(8)] == [None] * 8
    assert reader.read(texts(*ALIKE)) is None


def test_a_row_that_is_no_object_is_told() -> None:
    with pytest.raises(AnswerError, match="not a JSON object"):
        Columns().add_texts([*texts(*ALIKE), "[1]"])


def test_a_value_that_is_not_finite_arrives() -> None:
    pytest.importorskip("pandas")
    columns = Columns()
    columns.add_texts(texts(*BLOCKS["not finite"]))
    assert math.isnan(columns.to_pandas()["a"][9])
