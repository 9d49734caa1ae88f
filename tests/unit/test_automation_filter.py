"""Filters of automations: what is written is what servers and their web app expect."""

from __future__ import annotations

import copy
import json
import operator
import pickle
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import numpy
import pytest

from wandkit import F
from wandkit.automation import (
    Aggregation,
    ArtifactCollectionScope,
    ArtifactEvent,
    ChangeDirection,
    ChangeType,
    Condition,
    DoNothing,
    EventType,
    Metric,
    MetricChangeFilter,
    MetricFilter,
    MetricThresholdFilter,
    MetricZScoreFilter,
    OnCreateArtifact,
    OnLinkArtifact,
    OnRunMetric,
    OnRunState,
    ProjectScope,
    RegistryScope,
    RunEvent,
    RunState,
    StateFilter,
    ZScore,
)
from wandkit.errors import ArgumentError, ArgumentTypeError

PROJECT = ProjectScope(id="UHJvamVjdA==", name="spirals", entity="ada")
COLLECTION = ArtifactCollectionScope(id="Q29s", name="net")
alias, tag = ArtifactEvent.alias, ArtifactEvent.tag
loss = RunEvent.metric("loss")

A, B, C = {"alias": {"$eq": "a"}}, {"alias": {"$eq": "b"}}, {"tag": {"$eq": "c"}}

SHAPES: dict[str, tuple[Any, dict[str, Any]]] = {
    "nothing": (None, {"$and": []}),
    "one": (alias == "a", {"$and": [A]}),
    "a mapping": ({"alias": "a"}, {"$and": [A]}),
    "a mapping of two": ({"alias": "a", "tag": "c"}, {"$and": [A, C]}),
    "the whole shape": ({"$or": [{"$and": [{"alias": "a"}]}]}, {"$and": [A]}),
    "and": ((alias == "a") & (tag == "c"), {"$and": [A, C]}),
    "and and": ((alias == "a") & (alias == "b") & (tag == "c"), {"$and": [A, B, C]}),
    "and of a mapping": ((alias == "a") & {"tag": "c"}, {"$and": [A, C]}),
    "or": ((alias == "a") | (alias == "b"), {"$and": [{"$or": [A, B]}]}),
    "and of or": (
        ((alias == "a") | (alias == "b")) & (tag == "c"),
        {"$and": [{"$or": [A, B]}, C]},
    ),
    "not": (~(alias == "a"), {"$and": [{"$not": A}]}),
    "not not": (~~(alias == "a"), {"$and": [A]}),
    "not or": (~((alias == "a") | (alias == "b")), {"$and": [{"$nor": [A, B]}]}),
    "not and": (~((alias == "a") & (alias == "b")), {"$and": [{"$not": {"$and": [A, B]}}]}),
}


@pytest.mark.parametrize("name", SHAPES)
def test_a_filter_of_artifacts_has_the_shape_that_servers_want(name: str) -> None:
    given, inner = SHAPES[name]
    event = OnLinkArtifact(scope=COLLECTION, filter=given)
    assert json.loads(event.filter_json()) == {"$or": [inner]}


COMPARISONS: dict[str, tuple[Condition, dict[str, Any]]] = {
    "eq": (alias.eq("a"), {"$eq": "a"}),
    "ne": (alias != "a", {"$ne": "a"}),
    "lt": (alias < "a", {"$lt": "a"}),
    "lte": (alias <= "a", {"$lte": "a"}),
    "gt": (alias > "a", {"$gt": "a"}),
    "gte": (alias >= "a", {"$gte": "a"}),
    "in": (alias.in_(("a", "b")), {"$in": ["a", "b"]}),
    "not in": (alias.not_in(["a"]), {"$nin": ["a"]}),
    "contains": (alias.contains("a"), {"$contains": "a"}),
    "regex": (alias.matches_regex("^a"), {"$regex": "^a"}),
    "exists": (alias.exists(), {"$exists": True}),
    "exists not": (alias.exists(False), {"$exists": False}),
}


@pytest.mark.parametrize("name", COMPARISONS)
def test_a_field_is_compared_by_an_operator(name: str) -> None:
    condition, operand = COMPARISONS[name]
    assert condition.to_mongo() == {"alias": operand}


def test_an_expression_of_runs_is_a_condition() -> None:
    event = OnRunState(scope=PROJECT, filter=(RunEvent.state == "failed") & (F.state == "running"))
    assert json.loads(json.loads(event.filter_json())["run_filter"]) == {
        "$and": [{"state": {"$eq": "running"}}]
    }


def test_several_values_are_not_one_text() -> None:
    with pytest.raises(ArgumentError, match="several values"):
        alias.in_("abc")


def test_a_condition_has_no_truth_value() -> None:
    with pytest.raises(ArgumentError, match="no truth value"):
        assert alias == "a"


def test_what_is_no_filter_is_refused() -> None:
    with pytest.raises(ArgumentError, match="a condition or a mapping, not int"):
        OnLinkArtifact(scope=COLLECTION, filter=3)  # type: ignore[arg-type]


def test_a_mapping_is_sent_in_json_types() -> None:
    since = datetime(2026, 1, 2, tzinfo=timezone.utc)
    found = Condition({"created_at": {"$gt": since, "$not": {"$in": {"x"}}}, "tag": ("a", "b")})
    written = {"$gt": "2026-01-02T00:00:00Z", "$not": {"$in": ["x"]}}
    assert found.to_mongo() == {"$and": [{"created_at": written}, {"tag": {"$eq": ["a", "b"]}}]}


@pytest.mark.parametrize(
    "wrong",
    [{"tag": {"$gt": float("nan")}}, {"tag": {"$in": [object()]}}, {3: "a"}],
    ids=["not finite", "no value", "no key"],
)
def test_what_has_no_json_form_is_refused_where_it_is_written(wrong: Any) -> None:
    with pytest.raises(ArgumentError):
        Condition(wrong)


@pytest.mark.parametrize(
    "misused",
    [
        pytest.param(lambda: 1 < loss < 3, id="a chain"),
        pytest.param(lambda: loss > 1 and loss < 3, id="and"),
        pytest.param(lambda: RunEvent.state == "failed" or RunEvent.state == "finished", id="or"),
        pytest.param(lambda: not ((loss > 1) & RunEvent.name.contains("x")), id="not"),
        pytest.param(lambda: not ((RunEvent.state == "failed") & RunEvent.name.contains("x")), id="no state"),
    ],
)
def test_no_part_of_a_filter_is_lost_to_python(misused: Callable[[], object]) -> None:
    with pytest.raises(ArgumentError, match="no truth value here"):
        misused()


@pytest.mark.parametrize("metric", [loss, loss.avg(3), loss.zscore(3)], ids=["plain", "aggregated", "score"])
def test_a_metric_is_compared_by_order_alone(metric: Metric | ZScore) -> None:
    for compare in (operator.eq, operator.ne):
        with pytest.raises(ArgumentTypeError, match=r"by order alone.*Use >, >=, < or <="):
            compare(metric, 3)


def metric_part(found: MetricFilter) -> dict[str, Any]:
    """Return what an event with this filter sends about the metric."""
    part: dict[str, Any] = json.loads(OnRunMetric(scope=PROJECT, filter=found).filter_json())
    assert (json.loads(part["run_filter"]), part["metric_filter"]) == ({"$and": []}, None)
    return dict(part["run_metric_filter"])


THRESHOLD = {"name": "loss", "agg_op": None, "window_size": 1, "cmp_op": "$gt", "threshold": 3}
CHANGE = {
    "name": "loss", "agg_op": None, "current_window_size": 1, "prior_window_size": 1,
    "change_type": "ABSOLUTE", "change_dir": "ANY", "change_amount": 2,
}  # fmt: skip
SCORE = {"name": "loss", "window_size": 30, "threshold": 2, "change_dir": "INCREASE"}

METRICS: dict[str, tuple[MetricFilter, dict[str, Any]]] = {
    "gt": (loss > 3, {"threshold_filter": THRESHOLD}),
    "gte": (loss.gte(3), {"threshold_filter": THRESHOLD | {"cmp_op": "$gte"}}),
    "lt": (loss < 0.5, {"threshold_filter": THRESHOLD | {"cmp_op": "$lt", "threshold": 0.5}}),
    "lte": (loss <= 3, {"threshold_filter": THRESHOLD | {"cmp_op": "$lte"}}),
    "max": (loss.max(4) > 3, {"threshold_filter": THRESHOLD | {"agg_op": "MAX", "window_size": 4}}),
    "min": (loss.min(4) > 3, {"threshold_filter": THRESHOLD | {"agg_op": "MIN", "window_size": 4}}),
    "avg": (loss.avg(4) > 3, {"threshold_filter": THRESHOLD | {"agg_op": "AVERAGE", "window_size": 4}}),
    "mean": (loss.mean(4) > 3, {"threshold_filter": THRESHOLD | {"agg_op": "AVERAGE", "window_size": 4}}),
    "changes": (loss.changes_by(diff=2), {"change_filter": CHANGE}),
    "increases": (
        loss.avg(7).increases_by(frac=0.1),
        {
            "change_filter": CHANGE
            | {"agg_op": "AVERAGE", "current_window_size": 7, "prior_window_size": 7}
            | {"change_type": "RELATIVE", "change_dir": "INCREASE", "change_amount": 0.1}
        },
    ),
    "decreases": (loss.decreases_by(diff=2), {"change_filter": CHANGE | {"change_dir": "DECREASE"}}),
    "above": (loss.zscore(30) > 2, {"zscore_filter": SCORE}),
    "above or at": (loss.zscore(30) >= 2, {"zscore_filter": SCORE}),
    "below": (loss.zscore(30) < -2, {"zscore_filter": SCORE | {"change_dir": "DECREASE"}}),
    "below or at": (loss.zscore(30) <= -2, {"zscore_filter": SCORE | {"change_dir": "DECREASE"}}),
    "away": (abs(loss.zscore(30)) > 2, {"zscore_filter": SCORE | {"change_dir": "ANY"}}),
}


@pytest.mark.parametrize("name", METRICS)
def test_a_filter_of_metrics_has_the_shape_that_servers_want(name: str) -> None:
    given, sent = METRICS[name]
    assert metric_part(given) == sent


def test_the_kind_of_a_metric_event_follows_from_its_filter() -> None:
    kinds = [OnRunMetric(scope=PROJECT, filter=one).event_type for one in
             (loss > 1, loss.changes_by(diff=1), loss.zscore(5) > 1)]  # fmt: skip
    assert kinds == [EventType.RUN_METRIC, EventType.RUN_METRIC_CHANGE, EventType.RUN_METRIC_ZSCORE]


@pytest.mark.parametrize("turned", [False, True])
def test_a_filter_of_metrics_is_joined_with_one_of_runs(turned: bool) -> None:
    run = RunEvent.name.contains("x")
    event = OnRunMetric(scope=PROJECT, filter=run & (loss > 3) if turned else (loss > 3) & run)
    sent = json.loads(event.filter_json())
    assert json.loads(sent["run_filter"]) == {"$and": [{"display_name": {"$contains": "x"}}]}
    assert sent["run_metric_filter"] == {"threshold_filter": THRESHOLD}


def test_more_conditions_on_runs_can_be_joined() -> None:
    event = OnRunMetric(scope=PROJECT, filter=(loss > 3) & (RunEvent.name == "x") & (RunEvent.name != "y"))
    sent = json.loads(json.loads(event.filter_json())["run_filter"])
    assert sent == {"$and": [{"display_name": {"$eq": "x"}}, {"display_name": {"$ne": "y"}}]}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda by: by(), id="neither"),
        pytest.param(lambda by: by(diff=1, frac=0.1), id="both"),
        pytest.param(lambda by: by(diff=0), id="no difference"),
        pytest.param(lambda by: by(diff=-1), id="a negative difference"),
        pytest.param(lambda by: by(frac=0.0), id="no fraction"),
        pytest.param(lambda by: by(frac=-0.1), id="a negative fraction"),
    ],
)
@pytest.mark.parametrize("verb", ["changes_by", "increases_by", "decreases_by"])
def test_a_change_is_one_positive_amount(verb: str, change: Callable[[Any], object]) -> None:
    with pytest.raises(ValueError, match=r"either|more than 0"):
        change(getattr(loss, verb))


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(lambda: loss.zscore(30) > 0, id="above 0"),
        pytest.param(lambda: loss.zscore(30) > -1, id="above less than 0"),
        pytest.param(lambda: loss.zscore(30) < 1, id="below more than 0"),
        pytest.param(lambda: abs(loss.zscore(30)) < -1, id="absolute below"),
        pytest.param(lambda: loss.zscore(0), id="no window"),
        pytest.param(lambda: loss.avg(0), id="no window to aggregate"),
        pytest.param(lambda: loss.avg(2.5), id="half a window"),  # type: ignore[arg-type]
        pytest.param(lambda: loss > float("nan"), id="no number"),
        pytest.param(lambda: loss > 10**400, id="too large a number"),
        pytest.param(lambda: RunEvent.state == "sleeping", id="no state"),
        pytest.param(lambda: RunEvent.state.in_([]), id="no states"),
    ],
)
def test_a_filter_that_can_never_hold_is_refused(wrong: Callable[[], object]) -> None:
    with pytest.raises(ArgumentError):
        wrong()


def test_a_metric_is_compared_with_numbers_only() -> None:
    with pytest.raises(TypeError, match="must be a number"):
        loss.gt("high")  # type: ignore[arg-type]


def test_a_number_of_numpy_is_a_number() -> None:
    for given in (numpy.float32(0.5), numpy.int64(3), numpy.array(2)):
        found = metric_part(loss > given)["threshold_filter"]["threshold"]
        assert (found, type(found)) == (given.item(), type(given.item()))
    with pytest.raises(TypeError, match="must be a number, not bool"):
        loss.gt(numpy.bool_(True))  # type: ignore[arg-type]


def test_states_come_once_each_in_order() -> None:
    found = RunEvent.state.in_(["running", "FAILED", RunState.FINISHED, "crashed"])
    assert found.states == [RunState.FAILED, RunState.FINISHED, RunState.RUNNING]
    sent = json.loads(OnRunState(scope=PROJECT, filter=found).filter_json())
    assert sent == {
        "run_filter": '{"$and":[]}',
        "run_state_filter": {"states": ["FAILED", "FINISHED", "RUNNING"]},
    }


def test_filters_can_be_made_and_changed_part_by_part() -> None:
    made = MetricThresholdFilter(name="loss", agg="AVERAGE", window=4, cmp=">", threshold=3)  # type: ignore[arg-type, call-arg]
    assert made == (loss.avg(4) > 3)
    made.threshold = 4
    assert metric_part(made)["threshold_filter"]["threshold"] == 4
    with pytest.raises(ArgumentError):
        made.window = 0


@pytest.mark.parametrize(
    "kind",
    [MetricThresholdFilter, MetricChangeFilter, MetricZScoreFilter],
)
def test_a_filter_is_read_as_it_is_written(kind: type[MetricFilter]) -> None:
    filters = [given for given, _ in METRICS.values() if type(given) is kind]
    assert [kind.model_validate_json(one.model_dump_json(by_alias=True)) for one in filters] == filters
    assert len(filters) > 2


def test_events_of_runs_do_not_watch_collections_or_registries() -> None:
    for scope in (COLLECTION, RegistryScope(id="r", name="wandb-registry-model")):
        with pytest.raises(ArgumentError, match="cannot watch"):
            OnRunState(scope=scope, filter=StateFilter(states=[RunState.FAILED]))


def test_a_filter_of_another_event_is_refused_with_an_example() -> None:
    wrong: Any = RunEvent.metric("loss")
    with pytest.raises(ArgumentError, match=r'filter=RunEvent\.metric\("loss"\) > 10'):
        OnRunMetric(scope=PROJECT, filter=wrong)
    with pytest.raises(ArgumentError, match=r'filter=RunEvent\.state == "failed"'):
        OnRunState(scope=PROJECT, filter=wrong > 3)


def test_states_cannot_be_excluded() -> None:
    with pytest.raises(TypeError, match="in_"):
        assert RunEvent.state != "failed"


def test_only_a_collection_is_watched_for_new_versions() -> None:
    with pytest.raises(ArgumentError, match="OnCreateArtifact cannot watch a Project; use Arti"):
        OnCreateArtifact(scope=PROJECT)


def test_what_is_no_scope_is_refused() -> None:
    with pytest.raises(ArgumentError, match="cannot watch a str"):
        OnLinkArtifact(scope="spirals")  # type: ignore[arg-type]


def test_an_event_is_followed_by_an_action() -> None:
    with pytest.raises(TypeError, match="not by a str"):
        OnLinkArtifact(scope=COLLECTION) >> "act"  # type: ignore[operator]
    assert OnLinkArtifact(scope=COLLECTION).then(DoNothing()).action == DoNothing()


def test_parts_say_what_they_are() -> None:
    assert repr(alias == "a") == "Condition({'alias': {'$eq': 'a'}})"
    assert (repr(alias), repr(loss), repr(Metric("loss", Aggregation.MAX, 3))) == (
        "ConditionField('alias')",
        "<Metric loss>",
        "<Metric MAX(loss, 3)>",
    )
    assert (ChangeType.ABSOLUTE.value, ChangeDirection.ANY.value) == ("ABSOLUTE", "ANY")


def test_states_are_read_in_any_case() -> None:
    given: Any = ["failed", "Finished", RunState.RUNNING]
    assert StateFilter(states=given).states == [RunState.FAILED, RunState.FINISHED, RunState.RUNNING]
    assert StateFilter(states="failed") == (RunEvent.state == "failed")  # type: ignore[arg-type]


def test_filters_and_automations_cross_to_another_process() -> None:
    new = OnRunMetric(scope=PROJECT, filter=(loss > 3) & (RunEvent.name == "x")) >> DoNothing()
    again = pickle.loads(pickle.dumps(new))
    assert again == new
    assert copy.deepcopy(new).event == new.event
