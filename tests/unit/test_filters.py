"""Filters and orders: what is sent for each expression, and what is refused before anything is sent."""

from __future__ import annotations

import json
import pickle
import re
from datetime import date, datetime, timedelta, timezone
from enum import Enum
from typing import Any

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wandkit.errors import FilterError
from wandkit.filters import Expression, F, compile_filters, compile_order


def sent(filters: Any) -> Any:
    """Return the filter as the server reads it."""
    return json.loads(compile_filters(filters))


class State(Enum):
    DONE = "finished"


EXPRESSIONS = [
    (F.config["lr"] == 0.1, {"config.lr": 0.1}),
    (F.config["model.type"] == "resnet", {"config.model.type": "resnet"}),
    (F.config["model"]["type"] == "resnet", {"config.model.value.type": "resnet"}),
    (F.config["a"]["b"]["c d"] == 1, {"config.a.value.b.c d": 1}),
    (F.config["a"] == {"b": 1}, {"config.a": {"$eq": {"b": 1}}}),
    (F.summary["loss"] < 0.1, {"summary_metrics.loss": {"$lt": 0.1}}),
    (F.summary["val/loss"]["min"] >= 0.1, {"summary_metrics.val/loss.min": {"$gte": 0.1}}),
    (F.keys["loss"].exists(), {"keys_info.keys.loss": {"$exists": True}}),
    (F.tags.contains("best"), {"tags": "best"}),
    (F.tags == "best", {"tags": "best"}),
    (F.tags.contains_any(["a", "b"]), {"tags": {"$in": ["a", "b"]}}),
    (F.tags.contains_all(("a", "b")), {"tags": {"$all": ["a", "b"]}}),
    (F.tags.is_null(), {"tags": None}),
    (F.state.in_(["finished", "killed"]), {"state": {"$in": ["finished", "killed"]}}),
    (F.state.not_in({"crashed"}), {"state": {"$nin": ["crashed"]}}),
    (F.state == State.DONE, {"state": "finished"}),
    (F.state != "finished", {"state": {"$ne": "finished"}}),
    (F.name == "abc", {"name": "abc"}),
    (F.id == "abc", {"name": "abc"}),
    (F.display_name.matches("^foo"), {"display_name": {"$regex": "^foo"}}),
    (F.display_name.matches(re.compile("foo", re.I)), {"display_name": {"$regex": "(?i)foo"}}),
    (F.notes.contains("x"), {"notes": {"$contains": "x"}}),
    (F.group.exists(False), {"group": {"$exists": False}}),
    (F.group == None, {"group": None}),  # noqa: E711 - a field compares, it has no identity
    (F.job_type == "eval", {"jobType": "eval"}),
    (F.user == "ada", {"username": "ada"}),
    (F.sweep == "abc", {"sweep": "abc"}),
    (F.host == "h", {"host": "h"}),
    (F.duration > 60, {"duration": {"$gt": 60}}),
    (F.created_at > datetime(2024, 5, 1, 12), {"created_at": {"$gt": "2024-05-01T12:00:00Z"}}),
    (F.created_at <= date(2024, 5, 1), {"created_at": {"$lte": "2024-05-01"}}),
    (F.created_at > "2024-05-01", {"created_at": {"$gt": "2024-05-01"}}),
    (
        F.heartbeat_at < datetime(2024, 5, 1, 12, 0, 0, 5, tzinfo=timezone(timedelta(hours=2))),
        {"heartbeat_at": {"$lt": "2024-05-01T10:00:00.000005Z"}},
    ),
    (F["stopped"] == True, {"stopped": True}),  # noqa: E712 - a field compares, it has no truth
    (F.summary["n"] == numpy.int64(3), {"summary_metrics.n": 3}),
    (F.summary["n"] > numpy.float32(0.5), {"summary_metrics.n": {"$gt": 0.5}}),
    (~(F.state == "running"), {"$nor": [{"state": "running"}]}),
    ((F.group == "a") & (F.state == "b"), {"$and": [{"group": "a"}, {"state": "b"}]}),
    ((F.group == "a") | (F.state == "b"), {"$or": [{"group": "a"}, {"state": "b"}]}),
    (
        (F.group == "a") & (F.state == "b") & (F.host == "c"),
        {"$and": [{"group": "a"}, {"state": "b"}, {"host": "c"}]},
    ),
    (
        (F.group == "a") & ((F.state == "b") | (F.host == "c")),
        {"$and": [{"group": "a"}, {"$or": [{"state": "b"}, {"host": "c"}]}]},
    ),
    ((F.group == "a") & {"state": "b"}, {"$and": [{"group": "a"}, {"state": "b"}]}),
    ({"state": "b"} | (F.group == "a"), {"$or": [{"state": "b"}, {"group": "a"}]}),
]


@pytest.mark.parametrize(
    ("expression", "mongo"),
    EXPRESSIONS,
    ids=lambda value: json.dumps(value) if isinstance(value, dict) else "",
)
def test_an_expression_has_this_mongo_form(expression: Expression, mongo: dict[str, Any]) -> None:
    assert sent(expression) == mongo
    assert sent(expression.to_mongo()) == mongo


def test_an_expression_shows_its_mongo_form() -> None:
    assert repr(F.summary["loss"] < 0.1) == "Expression({'summary_metrics.loss': {'$lt': 0.1}})"


def test_expressions_compare_hash_and_pickle_by_value() -> None:
    one, other = F.state == "finished", F.state == "finished"
    assert one.to_mongo() == other.to_mongo()
    assert hash(one) == hash(other)
    assert pickle.loads(pickle.dumps(one)).to_mongo() == one.to_mongo()


def test_expressions_may_stand_inside_mappings() -> None:
    assert sent({"$or": [F.state == "a", {"state": "b"}]}) == {"$or": [{"state": "a"}, {"state": "b"}]}


@pytest.mark.parametrize(
    "misuse",
    [
        lambda: bool(F.state == "a"),
        lambda: (F.state == "a") and (F.group == "b"),
        lambda: not F.state,
        lambda: 0 < F.summary["x"] < 1,
        lambda: "a" in [F.state],
    ],
)
def test_a_filter_has_no_truth_value_and_says_what_to_use(misuse: Any) -> None:
    with pytest.raises(FilterError, match=r"& \| ~"):
        misuse()


def test_no_filter_is_the_empty_object() -> None:
    assert (compile_filters(None), compile_filters({})) == ("{}", "{}")


# Mappings as real scripts write them.
REAL = [
    {"display_name": {"$regex": "_flops$"}},
    {"display_name": {"$regex": "^(?!.*larger).*x.*$"}},
    {"sweep": "sweepid8"},
    {"$or": [{"config.gym_id": "A"}, {"config.gym_id": "B"}]},
    {"tags": {"$in": ["phase3", "upt"]}},
    {"state": {"$in": ["finished", "killed"]}},
    {"config.problem.hyp.lr": {"$in": [0.0001, 0.0003]}, "state": "finished"},
    {"config.problem.hyp.seed": {"$exists": True, "$lte": 4}, "config.sweep_name": {"$in": ["x"]}},
    {"config.pairwise_mode": {"$eq": False}, "state": {"$eq": "finished"}},
    {"$and": [{"config.env_id.value": "Walker2d-v2"}, {"config.exp_name.value": "ddpg"}]},
    {"$and": [{"created_at": {"$gt": "2025-03-10##"}}]},
    {"$and": [{"createdAt": {"$gt": 1700000000.5}}, {"tags": {"$all": ["1.1.8", "netuid_1"]}}]},
    {"$and": [{"display_name": {"$regex": "x"}}, {"jobType": "eval"}]},
    {"config.model.name": "baseline", "summary_metrics.val/loss": {"$lt": 0.2}},
    {"summary_metrics.loss": {"$exists": True}},
    {"tags": None},
    {"tags.best": True},
    {"keys_info.keys.loss": {"$exists": True}},
    {"config.a": {"$not": {"$gt": 3}}},
    {"$nor": [{"state": "finished"}]},
    {"$not": {"state": "finished"}},
    {"config.layers": {"$size": 3}, "config.name": {"$contains": "x"}},
    {"config.model": {"type": "resnet", "depth": 3}},
    {"name": {"$nin": ["a", "b"]}},
    {"loss": 3},
    {"someNewColumn": {"$ne": 1}},
    {"historyLineCount": {"$gte": 1}},
    {"config.State": "x", "summary_metrics.Tags": 1},
]


@pytest.mark.parametrize("filters", REAL, ids=json.dumps)
def test_a_filter_of_a_real_script_is_sent_as_it_is(filters: dict[str, Any]) -> None:
    assert sent(filters) == filters


REFUSED = [
    ({"config.lr": {"$gtt": 1}}, r"at `config\.lr\.\$gtt`: unknown operator `\$gtt`.*Did you mean `\$gt`\?"),
    ({"config.lr": {"$greater": 1}}, r"unknown operator `\$greater`"),
    ({"$and": [{"a": 1}, {"$or": [{"b": {"$regx": "x"}}]}]}, r"`\$and\[1\]\.\$or\[0\]\.b\.\$regx`.*\$regex`"),
    ({"$AND": [{"a": 1}]}, r"unknown operator `\$AND`.*Did you mean `\$and`\?"),
    ({"$sort": {"x": 1}}, "Give the order as `order=`"),
    ({"display_name": {"$regex": "x", "$options": "i"}}, r"Begin the pattern with \(\?i\)"),
    ({"$gt": 3}, r"`\$gt` needs a key"),
    ({"a": {"$and": [{"b": 1}]}}, "joins filters"),
    ({"a": {"$gt": 1, "b": 2}}, "stands beside operators"),
    ({"a": {"gt": 1}}, r"Did you mean `\$gt`\?"),
    ({"a": {"$in": "text"}}, r"at `a\.\$in`: `\$in` takes a list of values, not str"),
    ({"a": {"$nin": None}}, "takes a list of values, not None"),
    ({"a": {"$all": 3}}, "takes a list of values, not int"),
    ({"a": {"$gt": None}}, "takes a number, text or date, not None"),
    ({"a": {"$lte": [1]}}, "takes a number, text or date, not list"),
    ({"a": {"$exists": "yes"}}, "takes true or false"),
    ({"a": {"$regex": 3}}, "takes a pattern as text, not int"),
    ({"a": {"$regex": re.compile(b"x")}}, "takes a pattern as text"),
    ({"a": {"$size": -1}}, "takes a whole number"),
    ({"a": {"$size": True}}, "takes a whole number"),
    ({"a": {"$not": 3}}, "takes operators"),
    ({"$and": {"a": 1}}, "takes a list of filters, not dict"),
    ({"$or": []}, "at least one filter"),
    ({"$or": [None]}, r"at `\$or\[0\]`: a filter must be a mapping, not None"),
    ({"": 1}, "empty"),
    ({3: 1}, "a key must be text, not int"),
    ({"a": object()}, "object has no JSON form"),
    ({"a": {"b": object()}}, r"at `a\.b`: object has no JSON form"),
    ({"a": b"x"}, "bytes has no JSON form"),
    ({"a": float("nan")}, "nan cannot be compared with"),
    ({"a": {"$lt": float("inf")}}, "inf cannot be compared with"),
    ({"a": {"b": {"$gt": 1}}}, "is no key of a value"),
    ([{"a": 1}], "a filter must be a mapping, not list"),
    ("state", "a filter must be a mapping, not str"),
    ({"State": "x"}, r"unknown key `State`.*Did you mean `state`\?"),
    ({"Sweep": "x"}, r"Did you mean `sweep`\?"),
    ({"display_nam": "x"}, r"Did you mean `display_name`\?"),
    ({"DisplayName": "x"}, r"Did you mean `displayName`\?"),
    ({"jobtype": "x"}, r"Did you mean `jobType`\?"),
    ({"creatd_at": "x"}, r"Did you mean `created_at`\?"),
    ({"tag": "x"}, r"Did you mean `tags`\?"),
    ({"summary.loss": 1}, r"Did you mean `summary_metrics\.loss`\?"),
    ({"summary_metric.loss": 1}, r"Did you mean `summary_metrics\.loss`\?"),
    ({"Config.lr": 1}, r"Did you mean `config\.lr`\?"),
    ({"configs.lr": 1}, r"Did you mean `config\.lr`\?"),
    ({"config": {"lr": 1}}, r"Name a key in it: `config\.KEY`"),
    ({"summary_metrics": 1}, r"Name a key in it: `summary_metrics\.KEY`"),
    ({"summary": 1}, r"Did you mean `summary_metrics\.KEY`\?"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("filters", "message"), REFUSED, ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_malformed_filter_is_refused_at_the_place_that_is_wrong(filters: Any, message: str) -> None:
    with pytest.raises(FilterError, match=message):
        compile_filters(filters)


@pytest.mark.parametrize(
    "build",
    [
        lambda: F.config["lr"] > None,  # type: ignore[operator]
        lambda: F.state.in_("finished"),
        lambda: F.config[""],
        lambda: F["State"],
        lambda: F.config["a"] == object(),
        lambda: F.display_name.matches(3),  # type: ignore[arg-type]
    ],
)  # fmt: skip
def test_a_malformed_expression_is_refused_when_it_is_built(build: Any) -> None:
    with pytest.raises(FilterError):
        build()


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (None, "-created_at"),
        ("", "-created_at"),
        ("-created_at", "-created_at"),
        ("+created_at", "+created_at"),
        ("created_at", "+created_at"),
        ("+summary_metrics.val/loss", "+summary_metrics.val/loss"),
        ("-summary_metrics.Estimated PNL with Funding", "-summary_metrics.Estimated PNL with Funding"),
        (
            "-summary_metrics.leader/checkpoint/completion_rate",
            "-summary_metrics.leader/checkpoint/completion_rate",
        ),
        ("config.lr", "+config.lr.value"),
        ("-config.lr.value", "-config.lr.value"),
        ("-config.model.value.depth", "-config.model.value.depth"),
        (F.created_at.desc(), "-created_at"),
        (F.summary["loss"].asc(), "+summary_metrics.loss"),
        (F.summary["loss"]["min"].desc(), "-summary_metrics.loss.min"),
        (F.config["lr"].asc(), "+config.lr.value"),
        (F.config["model"]["depth"].desc(), "-config.model.value.depth"),
        (F.display_name.asc(), "+display_name"),
    ],
)
def test_an_order_is_sent_with_its_sign(order: Any, expected: str) -> None:
    assert compile_order(order) == expected


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ("-", "empty"),
        ("+summary.loss", r"Did you mean `summary_metrics\.loss`\?"),
        ("CreatedAt", r"Did you mean `createdAt`\?"),
        ("-config", "whole section"),
        (["created_at"], "must be text like"),
        (F.created_at, "F.created_at.desc"),
    ],
)
def test_a_malformed_order_is_refused(order: Any, message: str) -> None:
    with pytest.raises(FilterError, match=message):
        compile_order(order)


# Round trips.
KEYS = st.sampled_from(["state", "display_name", "config.a b", "summary_metrics.x/y", "tags", "unheard_of"])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
ORDERED = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.text()
OPERATIONS = (
    st.dictionaries(st.sampled_from(["$eq", "$ne"]), SCALARS, min_size=1)
    | st.dictionaries(st.sampled_from(["$gt", "$gte", "$lt", "$lte"]), ORDERED, min_size=1)
    | st.dictionaries(st.sampled_from(["$in", "$nin", "$all"]), st.lists(SCALARS), min_size=1)
    | st.fixed_dictionaries({"$exists": st.booleans()})
    | st.fixed_dictionaries({"$regex": st.text()})
)
FILTERS: st.SearchStrategy[dict[str, Any]] = st.recursive(
    st.dictionaries(KEYS, SCALARS | OPERATIONS, max_size=3),
    lambda inner: st.dictionaries(
        st.sampled_from(["$and", "$or", "$nor"]),
        st.lists(inner, min_size=1, max_size=3),
        min_size=1,
        max_size=2,
    ),
    max_leaves=8,
)


@given(FILTERS)
def test_every_well_formed_filter_is_sent_unchanged(filters: dict[str, Any]) -> None:
    assert sent(filters) == filters
    assert sent(Expression(filters)) == filters


@given(
    st.recursive(
        st.text() | st.integers() | st.none() | st.booleans(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_whatever_is_given_either_becomes_json_or_is_a_filter_error(anything: Any) -> None:
    try:
        text = compile_filters(anything)
    except FilterError:
        return
    assert isinstance(json.loads(text), dict)


KEY_TEXTS = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1)


@given(KEY_TEXTS, KEY_TEXTS)
def test_any_key_of_the_config_can_be_named(outer: str, inner: str) -> None:
    assert sent(F.config[outer][inner] == 1) == {f"config.{outer}.value.{inner}": 1}


def test_a_filter_that_is_nested_without_end_is_refused() -> None:
    filters: dict[str, Any] = {"state": "finished"}
    for _ in range(5000):
        filters = {"$and": [filters]}
    with pytest.raises(FilterError, match="nested too deeply"):
        compile_filters(filters)
