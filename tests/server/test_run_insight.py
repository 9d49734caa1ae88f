"""What a server tells of many runs at once: what changed since, and which parameters matter."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Caller

DELTA = """query Delta($project: String!, $current: [String!]!, $since: DateTime!, $first: Int) {
  project(name: $project, entityName: "ada") {
    runs(first: $first, order: "+created_at") {
      delta(currentRuns: $current, lastUpdated: $since) { op index run { name displayName summaryMetrics } }
    }
  }
}"""
UPDATED = """query Updated($project: String!) {
  project(name: $project, entityName: "ada") {
    runs(first: 1, order: "-updated_at") { edges { node { id name updatedAt } } }
  }
}"""
IMPORTANCE = """query Importance(
  $project: String!, $target: String!, $parameters: [String!], $run: [String!],
  $limit: Int, $filters: JSONString
) {
  project(name: $project, entityName: "ada") {
    parameterImportance(
      target: $target, parameters: $parameters, runParameters: $run, limit: $limit, filters: $filters
    )
  }
}"""


def delta(caller: Caller, project: str, current: list[str], since: str, first: int = 50) -> list[Any]:
    """Return what changed, in short."""
    answer = caller.data(DELTA, project=project, current=current, since=since, first=first)
    steps = answer["project"]["runs"]["delta"]
    return [(step["op"], step["index"], step["run"] and step["run"]["name"]) for step in steps]


def latest(caller: Caller, project: str) -> str:
    """Return when the project's runs changed last."""
    page = caller.data(UPDATED, project=project)["project"]["runs"]
    return str(page["edges"][0]["node"]["updatedAt"])


def test_what_came_went_and_changed_is_told(ada: Caller) -> None:
    for name in ("a", "b", "c"):
        ada.upsert("delta", name)
    since = latest(ada, "delta")
    assert delta(ada, "delta", ["a", "b", "c"], since) == []
    ada.upsert("delta", "b", displayName="better")
    ada.upsert("delta", "d")
    found = delta(ada, "delta", ["gone", "a", "b", "c"], since)
    assert found == [("DELETE", 0, None), ("INSERT", 3, "d"), ("UPDATE", 1, "b")]


def test_runs_may_be_named_by_their_ids(ada: Caller) -> None:
    made = [ada.upsert("delta-ids", name)["id"] for name in ("a", "b")]
    assert delta(ada, "delta-ids", made, latest(ada, "delta-ids")) == []


def test_changes_are_those_of_the_page_that_was_asked_for(ada: Caller) -> None:
    for name in ("a", "b", "c"):
        ada.upsert("delta-page", name)
    found = delta(ada, "delta-page", ["a", "b", "c"], latest(ada, "delta-page"), first=2)
    assert found == [("DELETE", 2, None)]


def test_a_moment_that_is_none_is_refused(ada: Caller) -> None:
    ada.upsert("delta-odd", "a")
    given: dict[str, Any] = {"project": "delta-odd", "current": [], "since": "yesterday", "first": 5}
    assert ada.refusal(DELTA, **given) == (400, "'yesterday' is no moment in time")


def fill(caller: Caller, project: str) -> None:
    """Make runs whose loss depends on the learning rate alone."""
    for number in range(12):
        config = {"lr": {"value": number}, "model": {"value": {"kind": "ab"[number % 2]}}}
        summary = {"loss": number * 2.0, "other": -number}
        caller.upsert(
            project, f"r{number}", config=json.dumps(config), summaryMetrics=json.dumps(summary),
            groupName="late" if number > 5 else "early",
        )  # fmt: skip


def importance(caller: Caller, project: str, **asked: Any) -> list[dict[str, Any]]:
    """Return what the parameters say."""
    found: list[dict[str, Any]] = caller.data(IMPORTANCE, project=project, **asked)["project"][
        "parameterImportance"
    ]
    return found


def test_the_parameter_that_matters_comes_first(ada: Caller) -> None:
    fill(ada, "matters")
    found = importance(ada, "matters", target="loss")
    assert [one["parameter"] for one in found] == ["config.lr.value", "config.model.value.kind"]
    assert found[0]["correlation"] == pytest.approx(1.0)
    assert found[0]["importance"] > 0.8
    assert found[1]["correlation"] is None


def test_parameters_are_named_as_people_name_them(ada: Caller) -> None:
    fill(ada, "named")
    found = importance(ada, "named", target="summary_metrics.other", parameters=["lr"], run=["group"])
    assert {one["parameter"]: one["runs"] for one in found} == {"lr": 12, "group": 12}
    assert next(one for one in found if one["parameter"] == "lr")["correlation"] == pytest.approx(-1.0)


def test_only_the_runs_that_match_and_the_foremost_parameters_count(ada: Caller) -> None:
    fill(ada, "some")
    (found,) = importance(ada, "some", target="loss", limit=1, filters=json.dumps({"group": "early"}))
    assert (found["parameter"], found["runs"]) == ("config.lr.value", 6)


def test_a_run_parameter_that_is_none_is_refused_by_name(ada: Caller) -> None:
    fill(ada, "wrong")
    status, said = ada.refusal(IMPORTANCE, project="wrong", target="loss", run=["grup"])
    assert status == 400
    assert "group" in said
