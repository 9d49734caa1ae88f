"""What a custom chart is made of, checked before it is sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from wandkit._core.custom_chart import chart_access, chart_spec
from wandkit.errors import ArgumentError


@pytest.mark.parametrize(
    ("given", "sent"), [("private", "PRIVATE"), ("public", "PUBLIC"), ("Public", "PUBLIC")]
)
def test_an_access_is_sent_in_capitals(given: str, sent: str) -> None:
    assert chart_access(given) == sent


def test_an_unknown_access_says_which_there_are() -> None:
    with pytest.raises(ArgumentError, match="There is no access 'team'") as caught:
        chart_access("team")
    assert caught.value.next_step == "Use 'private' or 'public'."


def test_an_object_becomes_text() -> None:
    assert json.loads(chart_spec({"mark": "bar", "at": Path("a/b")})) == {"mark": "bar", "at": "a/b"}


def test_a_text_stays_as_it_is() -> None:
    assert chart_spec('{ "mark":  "bar" }') == '{ "mark":  "bar" }'


@pytest.mark.parametrize("spec", ["", "{", "[]", "1", "null"])
def test_a_text_that_holds_no_object_is_refused(spec: str) -> None:
    with pytest.raises(ArgumentError, match="The specification of the chart is no"):
        chart_spec(spec)


@pytest.mark.parametrize("spec", [None, [1], 3])
def test_what_is_neither_an_object_nor_a_text_is_refused(spec: Any) -> None:
    with pytest.raises(ArgumentError, match="is no JSON object"):
        chart_spec(spec)


def test_a_value_without_a_json_form_is_refused() -> None:
    with pytest.raises(ArgumentError):
        chart_spec({"mark": object()})
