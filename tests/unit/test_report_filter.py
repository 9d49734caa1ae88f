"""Filters of reports: to Mongo and back, to text and back, orders, selections, what is refused."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wandkit._core.report_filter import (
    filter_to_mongo,
    filter_tree,
    key_to_path,
    keys_to_order,
    mongo_to_filter,
    order_to_keys,
    path_to_key,
    run_set_filter,
)
from wandkit._core.report_flat import as_tree, tree_to_flat
from wandkit._core.report_text import (
    filter_to_text,
    panel_to_path,
    path_to_panel,
    text_to_filter,
    text_to_mongo,
)
from wandkit.errors import FilterError


def leaf(section: str, name: str, op: str, value: Any, disabled: bool = False) -> dict[str, Any]:
    """Return one condition."""
    return {"key": {"section": section, "name": name}, "op": op, "value": value, "disabled": disabled}


NAMES = st.from_regex(r"[a-z_][a-z0-9_/ ]{0,8}", fullmatch=True)
KEYS = st.fixed_dictionaries(
    {"section": st.sampled_from(["run", "config", "summary", "keys_info"]), "name": NAMES}
).filter(lambda key: key != {"section": "run", "name": "tags"})
PLAIN = st.one_of(st.booleans(), st.integers(-(10**9), 10**9), st.floats(-1e9, 1e9), st.text(max_size=8))


@st.composite
def leaves(draw: st.DrawFn) -> dict[str, Any]:
    """Draw one condition that has an effect."""
    sign = draw(st.sampled_from(["=", "!=", "<", "<=", ">", ">=", "IN", "NIN"]))
    values = st.lists(PLAIN, max_size=3) if sign in ("IN", "NIN") else PLAIN
    return {"key": draw(KEYS), "op": sign, "value": draw(values), "disabled": False}


TREES = st.lists(st.lists(leaves(), min_size=1, max_size=3), min_size=1, max_size=3).map(
    lambda groups: {"op": "OR", "filters": [{"op": "AND", "filters": group} for group in groups]}
)


@given(TREES)
def test_a_tree_comes_back_from_its_mongo_form(tree: dict[str, Any]) -> None:
    assert filter_tree(filter_to_mongo(tree)) == tree


@given(TREES)
def test_a_tree_comes_back_from_its_text(tree: dict[str, Any]) -> None:
    assert text_to_filter(filter_to_text(tree)) == tree


@given(TREES)
def test_a_tree_comes_back_from_its_flat_list(tree: dict[str, Any]) -> None:
    assert as_tree(tree_to_flat(tree)) == tree


@given(TREES)
def test_both_forms_of_a_filter_mean_the_same(tree: dict[str, Any]) -> None:
    flat = tree_to_flat(tree)
    assert filter_to_mongo(flat) == filter_to_mongo(tree)
    assert filter_to_text(flat) == filter_to_text(tree)


def conditions(tree: dict[str, Any], name: str) -> bool:
    """Return what a tree of one-letter flags says when only the flag `name` is up."""
    if "filters" not in tree:
        return bool(tree["key"]["name"] == name)
    found = [conditions(part, name) for part in tree["filters"]]
    return all(found) if tree["op"] == "AND" else any(found)


def group(operator: str, parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Return conditions that are joined."""
    return {"op": operator, "filters": parts}


FLAGS = st.sampled_from("abc").map(lambda name: leaf("run", name, "=", 1))
NESTED: st.SearchStrategy[dict[str, Any]] = st.recursive(
    FLAGS,
    lambda inner: st.builds(group, st.sampled_from(["AND", "OR"]), st.lists(inner, min_size=1, max_size=3)),
    max_leaves=8,
)


@given(NESTED, st.sampled_from("abcd"))
def test_a_flat_list_keeps_the_brackets_that_matter(tree: dict[str, Any], name: str) -> None:
    assert conditions(as_tree(tree_to_flat(tree)), name) is conditions(tree, name)


@given(st.integers(0, 10**9))
def test_a_span_comes_back_from_its_text(seconds: int) -> None:
    tree = as_tree(tree_to_flat(leaf("run", "createdAt", "WITHINSECONDS", seconds)))
    assert text_to_filter(filter_to_text(tree)) == tree


def test_within_the_last_counts_back_from_now() -> None:
    now = datetime(2024, 3, 2, tzinfo=timezone.utc)
    found = filter_to_mongo(text_to_filter("Metric('CreatedTimestamp') within_last 1 day"), now=now)
    assert found == {"$or": [{"$and": [{"createdAt": {"$gte": "2024-03-01T00:00:00Z"}}]}]}


@pytest.mark.parametrize("value", ["soon", [1], 1e300])
def test_a_span_that_is_none_is_refused(value: Any) -> None:
    with pytest.raises(FilterError):
        filter_to_mongo(leaf("run", "createdAt", "WITHINSECONDS", value))


@given(st.lists(st.fixed_dictionaries({"key": KEYS, "ascending": st.booleans()})))
def test_sort_keys_come_back_from_their_orders(keys: list[dict[str, Any]]) -> None:
    assert order_to_keys(keys_to_order(keys)) == keys


@given(KEYS)
def test_a_key_comes_back_from_its_path(key: dict[str, Any]) -> None:
    assert path_to_key(key_to_path(key)) == key


@given(st.text())
def test_a_text_is_a_filter_or_refused(text: str) -> None:
    try:
        tree = text_to_filter(text)
    except FilterError:
        return
    assert tree["op"] == "OR"


@pytest.mark.parametrize(
    ("tree", "mongo"),
    [
        (leaf("run", "state", "=", "finished"), {"state": "finished"}),
        (leaf("config", "lr.value", ">", 0.1), {"config.lr.value": {"$gt": 0.1}}),
        (leaf("summary", "loss", "REGEX", "a"), {"summary_metrics.loss": {"$regex": "a"}}),
        (leaf("summary", "loss", "=", None), {"summary_metrics.loss": None}),
        (leaf("summary", "loss", "<", None), {}),
        (leaf("summary", "", "=", 1), {}),
        (leaf("run", "state", "=", "x", disabled=True), {}),
        (leaf("tags", "best", "=", True), {"tags": "best"}),
        (leaf("tags", "best", "=", False), {"$or": [{"tags": None}, {"tags": {"$ne": "best"}}]}),
        (leaf("tags", "tags", "IN", ["a"]), {"tags": {"$in": ["a"]}}),
        ({"op": "OR", "filters": [{"op": "AND", "filters": []}]}, {}),
    ],
)
def test_a_report_filter_has_a_mongo_form(tree: dict[str, Any], mongo: dict[str, Any]) -> None:
    assert filter_to_mongo(tree) == mongo


@pytest.mark.parametrize("mongo", [{"tags": "best"}, {"$or": [{"tags": None}, {"tags": {"$ne": "best"}}]}])
def test_tags_come_back(mongo: dict[str, Any]) -> None:
    assert filter_to_mongo(mongo_to_filter(mongo)) == mongo


def test_all_keys_and_operators_of_a_mongo_filter_count() -> None:
    found = filter_tree({"state": "finished", "config.lr": {"$gt": 1, "$lt": 2}})
    again = filter_to_mongo(found)
    assert again == {
        "$or": [
            {
                "$and": [
                    {"state": "finished"},
                    {"$and": [{"config.lr": {"$gt": 1}}, {"config.lr": {"$lt": 2}}]},
                ]
            }
        ]
    }


@pytest.mark.parametrize("mongo", [{"$nor": [{"a": 1}]}, {"a": {"$exists": True}}, {"$and": 3}, {"$or": [3]}])
def test_what_a_report_cannot_say_is_refused(mongo: dict[str, Any]) -> None:
    with pytest.raises(FilterError):
        mongo_to_filter(mongo)


@pytest.mark.parametrize(
    "tree",
    [
        leaf("nowhere", "a", "=", 1),
        leaf("run", "a", "~", 1),
        {"op": "XOR", "filters": []},
        {"op": "OR", "filters": [3]},
        {"op": ["AND"], "filters": []},
        {"key": {"section": {}, "name": "a"}, "op": "=", "value": 1},
    ],
)
def test_a_tree_that_is_none_is_refused(tree: dict[str, Any]) -> None:
    with pytest.raises(FilterError):
        filter_to_mongo(tree)


@pytest.mark.parametrize("order", ["createdAt", "+", ""])
def test_an_order_without_its_sign_is_refused(order: str) -> None:
    with pytest.raises(FilterError, match="sign"):
        order_to_keys([order])


@pytest.mark.parametrize(
    ("text", "mongo"),
    [
        ("State == 'finished'", {"$or": [{"$and": [{"state": "finished"}]}]}),
        ("lr > 0.1 and loss < 2.5", {"$or": [{"$and": [{"config.lr.value": {"$gt": 0.1}},
                                                      {"summary_metrics.loss": {"$lt": 2.5}}]}]}),
        ("lr.start == 1", {"$or": [{"$and": [{"config.lr.value.start": 1}]}]}),
        ("a.b != 1 or User in ['ada']", {"$or": [{"$and": [{"summary_metrics.a.b": {"$ne": 1}}]},
                                                {"$and": [{"username": {"$in": ["ada"]}}]}]}),
        ("Step >= 3", {"$or": [{"$and": [{"summary_metrics._step": {"$gte": 3}}]}]}),
        ("Config('x y') not in [1]", {"$or": [{"$and": [{"config.x y": {"$nin": [1]}}]}]}),
        ("Tags('best') == True", {"$or": [{"$and": [{"tags": "best"}]}]}),
        ("Metric('State') is None", {"$or": [{"$and": [{"state": None}]}]}),
        ("State = 'finished' and Summary('a') <= 1", {"$or": [{"$and": [
            {"state": "finished"}, {"summary_metrics.a": {"$lte": 1}}]}]}),
        ("Tags() in ['a']", {"$or": [{"$and": [{"tags": {"$in": ["a"]}}]}]}),
        ("\n  loss < 1\n  and State = 'failed'  # those\n", {"$or": [{"$and": [
            {"summary_metrics.loss": {"$lt": 1}}, {"state": "failed"}]}]}),
        ("", {}),
    ],
)  # fmt: skip
def test_a_text_has_a_mongo_form(text: str, mongo: dict[str, Any]) -> None:
    assert text_to_mongo(text, config=["lr"]) == mongo


@pytest.mark.parametrize(
    "text",
    [
        "loss <",
        "loss",
        "1 < 2",
        "1 < loss < 2",
        "loss < f()",
        "open('x') == 1",
        "not loss",
        "x[0] == 1",
        "loss < 1e999",
        "loss < \x00",
        "State = '\ud800",
        "State within_last days",
        "State within_last 5 years",
        "loss = ",
        "Tags(1) == 1",
    ],
)
def test_a_text_that_is_no_filter_is_refused_and_not_run(text: str) -> None:
    with pytest.raises(FilterError):
        text_to_filter(text)


def test_a_long_text_that_is_no_filter_is_not_shown_whole() -> None:
    with pytest.raises(FilterError) as caught:
        text_to_filter("(" * 5000)
    assert len(str(caught.value)) < 400


def test_alternatives_within_conditions_keep_their_brackets() -> None:
    tree = text_to_filter("(a == 1 or b == 2) and c == 3")
    assert text_to_filter(filter_to_text(tree)) == tree


def test_a_pattern_has_no_text() -> None:
    with pytest.raises(FilterError, match="pattern"):
        filter_to_text(leaf("run", "state", "REGEX", "a"))


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("c::lr", "config:lr.value"),
        ("loss", "summary:loss"),
        ("Created Timestamp", "run:createdAt"),
        ("Latest Timestamp", "run:heartbeatAt"),
        ("Index", "Index"),
    ],
)
def test_a_panel_key_comes_back(key: str, path: str) -> None:
    assert (panel_to_path(key), path_to_panel(path)) == (path, key)


@pytest.mark.parametrize(
    ("selections", "grouping", "mongo"),
    [
        ({"root": 0, "tree": ["a", "b"]}, [], {"name": {"$in": ["a", "b"]}}),
        ({"root": 1, "tree": []}, [], {}),
        ({"root": 1, "tree": ["a"]}, [], {"$nor": [{"name": {"$in": ["a"]}}]}),
        ({"root": 0, "tree": []}, [], {"name": {"$in": []}}),
        (
            {"root": 0, "tree": [8, {"value": 1, "children": ["r"]}]},
            [{"section": "summary", "name": "best"}],
            {"$or": [
                {"summary_metrics.best": {"$in": [8]}},
                {"$and": [{"summary_metrics.best": 1}, {"name": {"$in": ["r"]}}]},
            ]},
        ),
        ({"root": 0, "tree": [{"value": "g", "children": ["r"]}]}, [], {"name": {"$in": ["r"]}}),
    ],
)  # fmt: skip
def test_a_selection_of_runs_is_a_filter(
    selections: dict[str, Any], grouping: list[Any], mongo: dict[str, Any]
) -> None:
    assert run_set_filter({"selections": selections, "grouping": grouping})[0] == mongo


@pytest.mark.parametrize(
    "odd", [{"grouping": [4], "selections": {"tree": ["x"]}}, {"sort": {"keys": [None]}}]
)
def test_a_run_set_of_an_odd_shape_is_refused(odd: dict[str, Any]) -> None:
    with pytest.raises(FilterError, match="is a mapping, not"):
        run_set_filter(odd)


def test_a_run_set_of_an_older_report_sorts_by_one_key() -> None:
    sort = {"key": {"section": "summary", "name": "loss"}, "ascending": True}
    assert run_set_filter({"sort": sort}) == ({}, "+summary_metrics.loss")


def test_a_run_set_has_a_filter_and_an_order() -> None:
    run_set = {
        "filters": {"op": "OR", "filters": [{"op": "AND", "filters": [leaf("run", "state", "=", "x")]}]},
        "search": {"query": "a.*"},
        "sort": {"keys": [{"key": {"section": "summary", "name": "loss"}, "ascending": True}]},
        "selections": {"root": 0, "tree": ["a"]},
    }
    mongo, order = run_set_filter(run_set, only_selected=False)
    assert order == "+summary_metrics.loss"
    assert mongo == {"$and": [{"$or": [{"$and": [{"state": "x"}]}]}, {"displayName": {"$regex": "a.*"}}]}
