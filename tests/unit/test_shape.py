"""Shapes: what is exactly as asked for is decoded to them, all else by the models."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

import pytest
from wandkit_generated.gql.operations import GET_RUN, LIST_RUNS

from wandkit._core.answer import decode_model, decode_shape
from wandkit._core.failure import Asked, Reply
from wandkit._core.problem import Problem

ASKED = Asked("ListRuns", "https://api.example.org")
NODE: dict[str, Any] = {
    "id": "UnVuOjE=", "name": "abc", "displayName": "swift-river-1", "state": "finished", "tags": ["a"],
    "group": None, "jobType": "train", "sweepName": None, "notes": None, "description": None, "commit": None,
    "readOnly": False, "createdAt": "2026-01-02T03:04:05", "heartbeatAt": "2026-01-02T03:04:05.25Z",
    "historyLineCount": 3, "user": {"name": "Ada", "username": None}, "config": '{"a":{"value":1}}',
}  # fmt: skip


def page(*nodes: dict[str, Any], **beside: Any) -> Reply:
    """Return an answer to `ListRuns` with these runs."""
    edges = [{"cursor": str(number), "node": node} for number, node in enumerate(nodes)]
    runs = {"edges": edges, "pageInfo": {"endCursor": "9", "hasNextPage": False}}
    body = {"data": {"project": {"readOnly": None, "runs": runs}}, **beside}
    return Reply(200, {}, json.dumps(body).encode())


def shaped(reply: Reply, operation: Any = LIST_RUNS) -> Any:
    """Return the shape of an answer, None where it has another."""
    return decode_shape(reply, operation.shape())


def modelled(reply: Reply, problems: list[Problem], operation: Any = LIST_RUNS) -> Any:
    """Return the model of an answer."""
    return decode_model(reply, ASKED, operation.answer(), problems)


def facts(run: Any) -> dict[str, Any]:
    """Return all attributes of a run of a page, by name."""
    names = type(run).__struct_fields__ if hasattr(type(run), "__struct_fields__") else type(run).model_fields
    found = {name: getattr(run, name) for name in names}
    return {**found, "user": (run.user.name, run.user.username)}


def test_a_shape_has_the_values_of_the_model() -> None:
    one, other = shaped(page(NODE)), modelled(page(NODE), [])
    assert facts(one.project.runs.edges[0].node) == facts(other.project.runs.edges[0].node)
    assert one.project.run_count is other.project.run_count is None


def test_a_time_without_a_zone_is_utc() -> None:
    run = shaped(page(NODE)).project.runs.edges[0].node
    assert run.created_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
    assert run.heartbeat_at.utcoffset() is not None


@pytest.mark.parametrize(
    "odd",
    [
        {"historyLineCount": "3"},
        {"id": 7},
        {"createdAt": "2026-01-02 03:04:05.5"},
        {"readOnly": "false"},
    ],
)
def test_what_only_a_model_reads_is_left_to_the_model(odd: dict[str, Any]) -> None:
    reply = page({**NODE, **odd})
    problems: list[Problem] = []
    read = shaped(reply) or modelled(reply, problems)
    assert (
        facts(read.project.runs.edges[0].node).keys()
        == facts(shaped(page(NODE)).project.runs.edges[0].node).keys()
    )
    assert problems == []


def test_one_odd_node_leaves_the_page_to_the_models_that_report_it() -> None:
    reply = page(NODE, {**NODE, "createdAt": "yesterday"}, NODE)
    problems: list[Problem] = []
    assert shaped(reply) is None
    assert len(modelled(reply, problems).project.runs.edges) == 2
    assert [problem.path for problem in problems] == ["ListRunsRunConnection.edges"]


@pytest.mark.parametrize("beside", [{"errors": [{"message": "half of it"}]}, {"extensions": {}}])
def test_an_answer_with_more_than_data_is_left_to_the_models(beside: dict[str, Any]) -> None:
    assert shaped(page(NODE, **beside)) is None


def test_values_of_any_kind_keep_numbers_that_are_not_finite() -> None:
    run = {**NODE, "config": None, "summaryMetrics": None, "systemMetrics": None, "historyKeys": {"x": 1}}
    text = json.dumps({"data": {"project": {"run": run}}}).replace('{"x": 1}', '{"x": NaN}')
    reply = Reply(200, {}, text.encode())
    read = shaped(reply, GET_RUN) or modelled(reply, [], GET_RUN)
    assert str(read.project.run.history_keys) == "{'x': nan}"


def test_a_refusal_is_no_shape() -> None:
    assert shaped(Reply(500, {}, page(NODE).body)) is None


def test_shapes_do_not_change() -> None:
    run = shaped(page(NODE)).project.runs.edges[0].node
    with pytest.raises(AttributeError):
        run.name = "other"
