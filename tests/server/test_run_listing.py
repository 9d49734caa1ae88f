"""Pages of runs: order, cursors, counts, and how little SQL they take."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from sqlalchemy import event

from wandkit.testing import Server

if TYPE_CHECKING:
    from conftest import Caller, House


def fill(caller: Caller, project: str, count: int, **fields: Any) -> list[str]:
    names = [f"r{number}" for number in range(count)]
    for name in names:
        caller.upsert(project, name, **fields)
    return names


def all_pages(caller: Caller, project: str, size: int, **arguments: Any) -> list[str]:
    names: list[str] = []
    after = None
    while True:
        page = caller.runs(project, first=size, after=after, **arguments)
        names += page["names"]
        after = page["endCursor"]
        if not page["hasNextPage"]:
            return names


def test_the_default_order_is_newest_first(ada: Caller) -> None:
    names = fill(ada, "newest", 3)
    assert ada.runs("newest")["names"] == names[::-1]


@pytest.mark.parametrize(
    "order", ["+created_at", "created_at", "-created_at", "-config.lr", "+summary_metrics.loss"]
)
def test_pages_follow_each_other_without_gap_or_repeat(ada: Caller, order: str) -> None:
    project = f"pages{order}".replace("+", "p").replace(".", "-")
    for number in range(11):
        config = {"lr": {"value": number % 3}} if number % 4 else {}
        ada.upsert(
            project, f"r{number}", config=json.dumps(config), summaryMetrics=json.dumps({"loss": -number})
        )
    whole = ada.runs(project, order=order, first=100)["names"]
    assert len(whole) == 11
    assert all_pages(ada, project, 2, order=order) == whole


def test_equal_values_keep_a_stable_order_over_pages(ada: Caller) -> None:
    names = fill(ada, "ties", 7, config='{"a":{"value":1}}')
    assert all_pages(ada, "ties", 3, order="+config.a") == names
    assert all_pages(ada, "ties", 3, order="-config.a") == names[::-1]


@pytest.mark.parametrize("order", ["+summary_metrics.loss", "-summary_metrics.loss"])
def test_runs_without_the_key_come_last_whatever_the_direction(ada: Caller, order: str) -> None:
    project = f"without-{'up' if order[0] == '+' else 'down'}"
    ada.upsert(project, "none")
    ada.upsert(project, "nan", summaryMetrics='{"loss": NaN}')
    ada.upsert(project, "one", summaryMetrics='{"loss": 1}')
    ada.upsert(project, "inf", summaryMetrics='{"loss": Infinity}')
    first, second, *rest = all_pages(ada, project, 1, order=order)
    assert [first, second] == (["one", "inf"] if order[0] == "+" else ["inf", "one"])
    assert sorted(rest) == ["nan", "none"]


def test_new_runs_do_not_shift_the_pages_of_a_listing_under_way(ada: Caller) -> None:
    names = fill(ada, "shifting", 6)
    first = ada.runs("shifting", first=3, order="-created_at")
    ada.upsert("shifting", "late")
    second = ada.runs("shifting", first=3, order="-created_at", after=first["endCursor"])
    assert first["names"] + second["names"] == names[::-1]


def test_deleted_runs_do_not_shift_the_pages_of_a_listing_under_way(ada: Caller) -> None:
    names = fill(ada, "shrinking", 6)
    first = ada.runs("shrinking", first=3, order="+created_at")
    ada.data('mutation { deleteRuns(input: {entityName: "ada", projectName: "shrinking", '
             'filters: "{\\"name\\": \\"r0\\"}"}) { errors } }')  # fmt: skip
    second = ada.runs("shrinking", first=3, order="+created_at", after=first["endCursor"])
    assert first["names"] + second["names"] == names


def test_the_last_edge_and_the_page_agree_on_the_cursor(ada: Caller) -> None:
    fill(ada, "cursors", 3)
    page = ada.runs("cursors", first=2)
    assert (page["startCursor"], page["endCursor"]) == (page["cursors"][0], page["cursors"][-1])


def test_pages_can_be_read_from_the_end(ada: Caller) -> None:
    names = fill(ada, "backwards", 5)
    last = ada.runs("backwards", last=2, order="+created_at")
    assert (last["names"], last["hasPreviousPage"], last["hasNextPage"]) == (names[3:], True, False)
    before = ada.runs("backwards", last=2, order="+created_at", before=last["startCursor"])
    assert (before["names"], before["hasNextPage"]) == (names[1:3], True)


def test_an_empty_page_has_no_cursors(ada: Caller) -> None:
    fill(ada, "empty", 1)
    page = ada.runs("empty", filters='{"name": "none"}')
    assert (page["names"], page["endCursor"], page["hasNextPage"]) == ([], None, False)


def test_names_choose_runs(ada: Caller) -> None:
    fill(ada, "named", 4)
    assert sorted(ada.runs("named", names=["r1", "r3", "none"])["names"]) == ["r1", "r3"]


def test_counts_follow_the_filter(ada: Caller) -> None:
    fill(ada, "counts", 4)
    page = ada.runs("counts", first=1, filters='{"name": {"$in": ["r0", "r2"]}}')
    assert (page["count"], page["total"], len(page["names"])) == (2, 2, 1)


@pytest.mark.parametrize("cursor", ["nonsense", "e30=", "WzEsMiwzLDRd", "bm90IGpzb24="])
def test_a_cursor_of_something_else_is_refused(ada: Caller, cursor: str) -> None:
    fill(ada, "foreign", 1)
    document = 'query Q($a: String) { project(name: "foreign") { runs(after: $a) { totalCount } } }'
    status, message = ada.refusal(document, a=cursor)
    assert status == 400
    assert message.startswith("invalid cursor")


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ({"filters": "{"}, "filters is not JSON"),
        ({"filters": '{"nope": 1}'}, "unknown key 'nope'"),
        ({"filters": '{"state": {"$near": 1}}'}, "unknown operator '$near'"),
        ({"order": "-nope"}, "unknown key 'nope'"),
        ({"first": -1}, "a page of -1"),
    ],
)
def test_a_malformed_request_for_a_page_is_explained(
    ada: Caller, arguments: dict[str, Any], part: str
) -> None:
    ada.upsert("explained", "r")
    document = """query Q($filters: JSONString, $order: String, $first: Int) {
      project(name: "explained") { runs(filters: $filters, order: $order, first: $first) { totalCount } } }"""
    status, message = ada.refusal(document, **arguments)
    assert status == 400
    assert part in message


def test_a_page_is_no_longer_than_the_servers_limit() -> None:
    document = 'mutation M($n: String) { upsertBucket(input: {modelName: "short", name: $n}) { inserted } }'
    page = """{ project(name: "short") { runs(first: 1000) {
      edges { node { name } } pageInfo { hasNextPage } } } }"""
    with Server(max_page_size=2) as server:
        client = httpx.Client(base_url=server.url, auth=("api", server.add_user("ada")), timeout=60)
        for name in ("a", "b", "c"):
            client.post("/graphql", json={"query": document, "variables": {"n": name}})
        runs = client.post("/graphql", json={"query": page}).json()["data"]["project"]["runs"]
    assert [edge["node"]["name"] for edge in runs["edges"]] == ["c", "b"]
    assert runs["pageInfo"]["hasNextPage"] is True


def test_runs_of_an_entity_span_its_projects(house: House) -> None:
    bob = house.call("bob")
    bob.upsert("one", "a")
    bob.upsert("two", "b")
    answer = bob.data('{ entity(name: "bob") { runs { edges { node { name project { name } } } } } }')
    found = {
        (edge["node"]["project"]["name"], edge["node"]["name"]) for edge in answer["entity"]["runs"]["edges"]
    }
    assert found == {("one", "a"), ("two", "b")}


@pytest.fixture
def statements(house: House) -> Iterator[list[str]]:
    """Collect the SELECTs that the server sends to its store."""
    seen: list[str] = []
    engine = house.server.app.state.database.engine

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("SELECT"):
            seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def test_a_full_page_takes_as_many_statements_as_a_short_one(ada: Caller, statements: list[str]) -> None:
    fill(ada, "many", 60, config='{"a":{"value":1}}', tags=["t"])
    document = """query Q($first: Int) { project(name: "many") { runCount runs(first: $first) {
      totalCount edges { node { id name displayName state config summaryMetrics systemMetrics historyKeys
      wandbConfig(keys: ["t"]) tags createdAt heartbeatAt computeSeconds readOnly projectId
      project { name entity { name } } user { name username } } } } } }"""
    statements.clear()
    ada.data(document, first=2)
    short = len(statements)
    statements.clear()
    ada.data(document, first=60)
    assert len(statements) == short < 15


def test_a_light_page_does_not_read_configs(ada: Caller, statements: list[str]) -> None:
    fill(ada, "light", 2)
    statements.clear()
    ada.data('{ project(name: "light") { runs { edges { node { id name state } } } } }')
    assert not any("config" in statement for statement in statements)
