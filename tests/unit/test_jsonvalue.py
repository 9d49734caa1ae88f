"""JSON values: quick where the text is strict, and the same where it is not."""

from __future__ import annotations

import math
from datetime import datetime, timezone
from typing import Any

import pytest
from pydantic_core import from_json

from wandkit._core.jsonvalue import read_json, write_json


@pytest.mark.parametrize(
    "text",
    [
        "null",
        '{"a":1,"a":2}',
        "[18446744073709551616,-9223372036854775809,123456789012345678901234567890]",
        "[1.0,-0.0,1e5,0.1e-400,12345678901234567890.5]",
        '["\\u00e9\\n\\u0000","é"]',
        "[1e999,-1e999]",
        ' {"deep":[[[{"x":[true,false]}]]]} ',
    ],
)
def test_a_value_is_what_pydantic_reads_to_the_last_type(text: str) -> None:
    assert repr(read_json(text)) == repr(from_json(text))


def test_bytes_are_read_like_text() -> None:
    assert read_json('{"é":1}'.encode()) == {"é": 1}


def test_bare_numbers_that_are_not_finite_are_read() -> None:
    nan, plus, minus = read_json("[NaN,Infinity,-Infinity]")
    assert math.isnan(nan)
    assert (plus, minus) == (math.inf, -math.inf)


@pytest.mark.parametrize("text", ["", "{", '{"a":1} x', '["\\ud800"]', '["a\nb"]', "[01]"])
def test_what_is_no_json_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"line [12]"):
        read_json(text)


def test_a_written_value_is_compact_and_keeps_what_is_not_finite() -> None:
    assert write_json({"é": [1, None, math.nan, -math.inf]}) == '{"é":[1,null,NaN,-Infinity]}'.encode()


def test_a_value_of_another_kind_is_written_too() -> None:
    moment = datetime(2026, 1, 2, tzinfo=timezone.utc)
    assert write_json({"at": moment, "names": {"a"}}) == b'{"at":"2026-01-02T00:00:00Z","names":["a"]}'


def test_a_value_without_a_json_form_is_a_value_error() -> None:
    thing: Any = object()
    with pytest.raises(ValueError, match="object"):
        write_json([thing])
