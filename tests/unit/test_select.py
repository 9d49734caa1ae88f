"""What `select=` asks for."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wandkit import F
from wandkit._core.select import Select, Selection, parse_select, trimmed
from wandkit.errors import ArgumentError


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        (None, Selection()),
        ([], Selection()),
        ("config", Selection(frozenset({"config"}))),
        (["rawconfig"], Selection(frozenset({"config"}))),
        (["system_metrics", "history_keys"], Selection(frozenset({"system", "keys"}))),
        (F.config["lr"], Selection(frozenset({"config"}), ("lr",))),
        ([F.config["lr"], "config"], Selection(frozenset({"config"}))),
        (["config.model.value.depth"], Selection(frozenset({"config"}), ("model",))),
        (["config.lr.value"], Selection(frozenset({"config"}), ("lr",))),
        (["config.lr.value_decay"], Selection(frozenset({"config"}), ("lr.value_decay",))),
        ([F.summary["loss"], F.summary["loss"]], Selection(frozenset({"summary"}), None, ("loss",))),
        ([F.summary["eval.loss"]], Selection(frozenset({"summary"}), None, ("eval.loss", "eval"))),
        (["summary", F.summary["loss"]], Selection(frozenset({"summary"}))),
    ],
)
def test_items_name_parts_and_keys(items: Select | None, expected: Selection) -> None:
    assert parse_select(items) == expected


@pytest.mark.parametrize("item", ["nothing", "system_metrics.cpu", F.tags, 3, ""])
def test_an_item_that_is_no_part_is_refused_with_those_there_are(item: object) -> None:
    with pytest.raises(ArgumentError, match="history_keys"):
        parse_select([item])  # type: ignore[list-item]


@given(held=st.dictionaries(st.text(), st.integers()), keys=st.lists(st.text(), max_size=3))
def test_trimming_leaves_the_asked_keys_alone(held: dict[str, int], keys: list[str]) -> None:
    wanted = (*keys, *list(held)[:1])
    text = trimmed(json.dumps(held), wanted)
    assert text is not None
    assert json.loads(text) == {key: value for key, value in held.items() if key in wanted}


def test_nothing_is_trimmed_where_all_is_asked_for() -> None:
    assert (trimmed(None, ("a",)), trimmed('{"b": 1}', None)) == (None, '{"b": 1}')
