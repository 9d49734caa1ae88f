"""The filter classes of the official client: what they say of specs, listings and panels, and back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wandkit import PanelMetricsHelper, PythonMongoishQueryGenerator, QueryGenerator
from wandkit.errors import ArgumentError, FilterError, OperatorError

QUERY = QueryGenerator()
PANELS = PanelMetricsHelper()
NAMES = st.from_regex(r"[a-z_][a-z0-9_/ -]{0,8}", fullmatch=True)
SECTIONS = st.sampled_from(["run", "config", "summary", "keys_info"])
KEYS = st.fixed_dictionaries({"section": SECTIONS, "name": NAMES}).filter(
    lambda key: key != {"section": "run", "name": "tags"}
)
COMPARED = st.one_of(st.booleans(), st.integers(-1000, 1000), st.floats(-1e9, 1e9), st.text(max_size=6))
LEAVES = st.builds(
    lambda key, op, value: {"key": key, "op": op, "value": value, "disabled": False},
    KEYS,
    st.sampled_from(["=", "!=", "<", "<=", ">", ">="]),
    COMPARED,
)
TREES = st.recursive(
    LEAVES,
    lambda parts: st.builds(
        lambda op, filters: {"op": op, "filters": filters},
        st.sampled_from(["AND", "OR"]),
        st.lists(parts, min_size=1, max_size=3),
    ),
    max_leaves=6,
)


@given(TREES)
def test_a_filter_comes_back_from_its_mongo_form(tree: dict[str, Any]) -> None:
    mongo = QUERY.filter_to_mongo(tree)
    assert mongo is not None
    assert QUERY.mongo_to_filter(mongo) == tree


@given(TREES)
def test_a_mongo_form_comes_back_from_its_filter(tree: dict[str, Any]) -> None:
    mongo = QUERY.filter_to_mongo(tree)
    assert mongo is not None
    assert QUERY.filter_to_mongo(QUERY.mongo_to_filter(mongo) or {}) == mongo


@given(st.lists(st.builds(lambda key, up: {"key": key, "ascending": up}, KEYS, st.booleans())))
def test_sort_keys_come_back_from_their_orders(keys: list[dict[str, Any]]) -> None:
    assert QUERY.order_to_keys(QUERY.keys_to_order({"keys": keys})) == {"keys": keys}
    assert QUERY.keys_to_order(keys) == QUERY.keys_to_order({"keys": keys})


@given(st.lists(st.builds(lambda sign, name: sign + name, st.sampled_from("+-"), NAMES)))
def test_orders_come_back_from_their_sort_keys(order: list[str]) -> None:
    assert QUERY.keys_to_order(QUERY.order_to_keys(order)) == order


@given(KEYS)
def test_a_key_comes_back_from_its_path(key: dict[str, Any]) -> None:
    assert QUERY.server_path_to_key(QUERY.key_to_server_path(key)) == key


@pytest.mark.parametrize(
    ("key", "order"),
    [
        ("loss", "-summary_metrics.loss"),
        ("+config.lr.value", "+config.lr.value"),
        ("createdAt", "-createdAt"),
    ],
)
def test_a_short_order_is_written_out(key: str, order: str) -> None:
    assert QUERY.format_order_key(key) == order


@pytest.mark.parametrize(
    "tree", [{"op": "OR", "filters": []}, {"key": {"section": "run", "name": ""}, "op": "=", "value": 1}]
)
def test_a_filter_without_effect_is_none(tree: dict[str, Any]) -> None:
    assert QUERY.filter_to_mongo(tree) is None


def test_an_empty_mongo_form_is_no_filter() -> None:
    assert QUERY.mongo_to_filter({}) is None


@pytest.mark.parametrize("error", [OperatorError, FilterError, KeyError, ValueError])
def test_an_unknown_operator_is_an_error_that_scripts_catch(error: type[Exception]) -> None:
    with pytest.raises(error, match=r"~"):
        QUERY.filter_to_mongo({"key": {"section": "run", "name": "a"}, "op": "~", "value": 1})
    with pytest.raises(error, match=r"\$near"):
        QUERY.mongo_to_filter({"a": {"$near": 1}})


PYTHON = PythonMongoishQueryGenerator({"lr": 0.1, "model": {"depth": 2}})


@pytest.mark.parametrize(
    ("front", "back", "panel"),
    [
        ("Runtime", "duration", "duration"),
        ("State", "state", "state"),
        ("Step", "_step", "summary:_step"),
        ("lr", "config.lr.value", "config:lr.value"),
        ("model.depth", "config.model.value.depth", "config:model.value.depth"),
        ("loss", "summary_metrics.loss", "summary:loss"),
        ("loss.min", "summary_metrics.loss.min", "summary:loss.min"),
    ],
)
def test_a_name_has_a_form_for_listings_and_one_for_panels(front: str, back: str, panel: str) -> None:
    assert (PYTHON.front_to_back(front), PYTHON.pc_front_to_back(front)) == (back, panel)
    assert (PYTHON.back_to_front(back), PYTHON.pc_back_to_front(panel)) == (front, front)


@given(NAMES.filter(lambda name: not name.startswith("_")))
def test_names_of_the_summary_come_back(name: str) -> None:
    assert PYTHON.back_to_front(PYTHON.front_to_back(name)) == name
    assert PYTHON.pc_back_to_front(PYTHON.pc_front_to_back(name)) == name


def test_a_text_becomes_a_mongo_form_that_knows_the_config() -> None:
    found = PYTHON.python_to_mongo("lr > 0.1 and State == 'finished' or loss < 1")
    assert found == {
        "$or": [
            {"$and": [{"config.lr.value": {"$gt": 0.1}}, {"state": "finished"}]},
            {"$and": [{"summary_metrics.loss": {"$lt": 1}}]},
        ]
    }


def test_a_text_that_is_no_filter_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="cannot be used"):
        PythonMongoishQueryGenerator(None).python_to_mongo("lr >")


@pytest.mark.parametrize(
    ("front", "back"), [("Step", "_step"), ("Wall Time", "_timestamp"), ("loss", "loss"), ("c::lr", "c::lr")]
)
def test_the_name_of_an_axis_comes_back(front: str, back: str) -> None:
    assert (PANELS.front_to_back(front), PANELS.back_to_front(back)) == (back, front)


@pytest.mark.parametrize(
    ("front", "back"),
    [
        ("c::lr", "config:lr.value"),
        ("loss", "summary:loss"),
        ("Step", "summary:_step"),
        ("Created Timestamp", "run:createdAt"),
        ("Latest Timestamp", "run:heartbeatAt"),
        ("Index", "Index"),
    ],
)
def test_the_name_on_a_scatter_plot_comes_back(front: str, back: str) -> None:
    assert PANELS.special_front_to_back(front) == back
    assert PANELS.special_back_to_front(back) == front


@given(NAMES.filter(lambda name: not name.startswith("_")))
def test_plain_names_on_a_scatter_plot_come_back(name: str) -> None:
    assert PANELS.special_back_to_front(PANELS.special_front_to_back(name)) == name


@pytest.mark.parametrize("name", ["", "c::", "s::"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(ArgumentError, match="no name"):
        PANELS.special_front_to_back(name)


@pytest.mark.parametrize("name", ["", "loss", "config:", "history:loss"])
def test_what_is_no_key_of_a_panel_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"no (key|name)"):
        PANELS.special_back_to_front(name)
