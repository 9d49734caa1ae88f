"""Custom charts: who may keep them, who sees them, and what they are."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import Caller, House

CREATE = """mutation C($input: CreateCustomChartInput!) { createCustomChart(input: $input) {
  chart { id name access type spec displayName entity { name } user { username } } } }"""
UPDATE = """mutation U($input: UpdateCustomChartInput!) { updateCustomChart(input: $input) {
  chart { id access displayName spec } } }"""
DELETE = """mutation D($input: DeleteCustomChartInput!) { deleteCustomChart(input: $input) { success } }"""
LIST = """query L($e: String, $t: String!, $u: String, $first: Int, $after: String) {
  customCharts(entity: $e, type: $t, userName: $u, first: $first, after: $after) {
    edges { node { id } } pageInfo { endCursor hasNextPage } } }"""


def wanted(name: str, **fields: Any) -> dict[str, Any]:
    """Return the input of a private chart of the team `lab`."""
    chart = {
        "entity": "lab",
        "name": name,
        "displayName": "D",
        "type": "vega2",
        "access": "PRIVATE",
        "spec": "{}",
    }
    return {**chart, **fields}


def listed(caller: Caller, entity: str | None = "lab", **arguments: Any) -> list[str]:
    """Return the ids of the charts that a caller sees."""
    found = caller.data(LIST, e=entity, t="vega2", **arguments)["customCharts"]["edges"]
    return [edge["node"]["id"] for edge in found]


def test_a_chart_comes_back_as_it_was_made(ada: Caller) -> None:
    made = ada.data(CREATE, input=wanted("mine", spec='{"mark": "bar"}'))["createCustomChart"]["chart"]
    assert made == {
        "id": "lab/mine",
        "name": "mine",
        "access": "PRIVATE",
        "type": "vega2",
        "spec": '{"mark": "bar"}',
        "displayName": "D",
        "entity": {"name": "lab"},
        "user": {"username": "ada"},
    }


def test_a_name_is_taken_once(ada: Caller) -> None:
    ada.data(CREATE, input=wanted("taken"))
    assert ada.refusal(CREATE, input=wanted("taken")) == (409, "the chart lab/taken exists already")


@pytest.mark.parametrize(
    ("fields", "part"),
    [
        ({"name": ""}, "invalid chart name"),
        ({"name": "a b"}, "invalid chart name"),
        ({"access": "private"}, "use one of PRIVATE, PUBLIC"),
        ({"type": "plotly"}, "use vega2"),
        ({"spec": "{"}, "it is not JSON"),
        ({"spec": "[]"}, "it is not a JSON object"),
    ],
)
def test_a_chart_that_cannot_work_is_refused(ada: Caller, fields: dict[str, str], part: str) -> None:
    status, message = ada.refusal(CREATE, input={**wanted("odd"), **fields})
    assert (status, part in message) == (400, True), message


@pytest.mark.parametrize(("user", "status"), [("eve", 403), ("mallory", 404), (None, 401)])
def test_only_members_keep_charts(house: House, user: str | None, status: int) -> None:
    assert house.call(user).refusal(CREATE, input=wanted("not-mine"))[0] == status


def test_an_update_changes_what_it_names(ada: Caller) -> None:
    ada.data(CREATE, input=wanted("changing"))
    changed = ada.data(UPDATE, input={"entity": "lab", "name": "changing", "access": "PUBLIC"})
    assert changed["updateCustomChart"]["chart"] == {
        "id": "lab/changing",
        "access": "PUBLIC",
        "displayName": "D",
        "spec": "{}",
    }


def test_a_deleted_chart_is_gone(ada: Caller) -> None:
    ada.data(CREATE, input=wanted("doomed"))
    assert ada.data(DELETE, input={"entity": "lab", "name": "doomed"})["deleteCustomChart"]["success"]
    assert ada.refusal(DELETE, input={"entity": "lab", "name": "doomed"}) == (
        404,
        "chart lab/doomed not found",
    )


def test_private_charts_are_for_members(house: House) -> None:
    bob = house.call("bob")
    bob.data(CREATE, input=wanted("closed"))
    bob.data(CREATE, input=wanted("open", access="PUBLIC"))
    assert {"lab/closed", "lab/open"} <= set(listed(house.call("eve")))
    seen = listed(house.call("mallory"))
    assert ("lab/open" in seen, "lab/closed" in seen) == (True, False)


def test_charts_are_listed_by_who_made_them_and_by_type(house: House) -> None:
    house.call("bob").data(CREATE, input=wanted("by-bob"))
    ada = house.call("ada")
    assert "lab/by-bob" in listed(ada, u="bob")
    assert "lab/by-bob" not in listed(ada, u="ada")
    assert ada.data(LIST, e="lab", t="vega5")["customCharts"]["edges"] == []


def test_charts_come_in_pages(house: House) -> None:
    bob = house.call("bob")
    for name in ("one", "two", "three"):
        bob.data(CREATE, input=wanted(name, entity="bob"))
    page = bob.data(LIST, e="bob", t="vega2", first=2)["customCharts"]
    assert page["pageInfo"]["hasNextPage"]
    assert listed(bob, "bob", after=page["pageInfo"]["endCursor"]) == ["bob/one"]
