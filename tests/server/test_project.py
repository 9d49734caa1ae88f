"""Projects over HTTP: making, changing, listing, deleting, and what their runs have in common."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Caller, House

UPSERT = """mutation U($i: UpsertModelInput!) {
  upsertModel(input: $i) { inserted model { id name description access } } }"""
RENAME = """mutation R($old: String!, $new: String!) {
  renameProject(input: {entityName: "ada", oldProjectName: $old, newProjectName: $new}) {
    project { name } } }"""
LIST = """query L($after: String, $first: Int) { models(entityName: "bob", first: $first, after: $after) {
  edges { cursor node { name } } pageInfo { endCursor hasNextPage } } }"""


def test_making_a_project_twice_makes_one(ada: Caller) -> None:
    first = ada.data(UPSERT, i={"name": "once", "entityName": "ada", "description": "d"})["upsertModel"]
    again = ada.data(UPSERT, i={"name": "once", "entityName": "ada", "description": None})["upsertModel"]
    assert (first["inserted"], again["inserted"]) == (True, False)
    assert again["model"] == first["model"]


def test_ids_are_padded_base64_of_the_names(ada: Caller) -> None:
    ada.upsert("ids", "r1")
    found = ada.data('{ project(name: "ids") { id internalId run(name: "r1") { id projectId } } }')["project"]
    assert base64.b64decode(found["id"]) == b"Project:v1:ids:ada"
    assert base64.b64decode(found["run"]["id"]) == b"Run:v1:r1:ids:ada"
    assert (
        base64.b64decode(found["internalId"])
        == f"ProjectInternalId:{int(found['run']['projectId'])}".encode()
    )


@pytest.mark.parametrize("name", ["a/b", "a:b", "a%b", "a?b", "a#b", "a\\b", "n" * 129])
def test_impossible_names_are_refused(ada: Caller, name: str) -> None:
    status, message = ada.refusal(UPSERT, i={"name": name, "entityName": "ada"})
    assert status == 400
    assert message.startswith(f"invalid project name {name}")


def test_projects_are_listed_newest_first_in_pages(house: House) -> None:
    bob = house.call("bob")
    for number in range(5):
        bob.data(UPSERT, i={"name": f"p{number}", "entityName": "bob"})
    first = bob.data(LIST, first=3)["models"]
    rest = bob.data(LIST, first=3, after=first["pageInfo"]["endCursor"])["models"]
    assert [edge["node"]["name"] for edge in (*first["edges"], *rest["edges"])] == [
        "p4",
        "p3",
        "p2",
        "p1",
        "p0",
    ]
    assert (first["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasNextPage"]) == (True, False)


def test_a_renamed_project_keeps_its_runs_and_leaves_its_old_name(ada: Caller) -> None:
    ada.upsert("before", "r")
    ada.data(RENAME, old="before", new="after")
    assert ada.runs("after")["names"] == ["r"]
    assert ada.data('{ project(name: "before") { id } }') == {"project": None}


def test_a_name_that_is_taken_cannot_be_given_again(ada: Caller) -> None:
    ada.upsert("left", "r")
    ada.upsert("right", "r")
    assert ada.refusal(RENAME, old="left", new="right") == (409, "project ada/right exists already")


def test_a_deleted_project_is_gone_and_its_name_free(ada: Caller) -> None:
    ada.upsert("brief", "r")
    found = ada.data('{ project(name: "brief") { id } }')["project"]
    ada.data("mutation D($id: String!) { deleteModel(input: {id: $id}) { success } }", id=found["id"])
    assert ada.data('{ project(name: "brief") { id } }') == {"project": None}
    ada.upsert("brief", "r2")
    assert ada.runs("brief")["names"] == ["r2"]


def test_only_its_maker_and_administrators_delete_a_project(house: House, ada: Caller) -> None:
    ada.upsert("kept", "r", entityName="lab")
    found = ada.data('{ project(entityName: "lab", name: "kept") { id } }')["project"]
    document = "mutation D($id: String!) { deleteModel(input: {id: $id}) { success } }"
    assert house.call("bob").refusal(document, id=found["id"]) == (403, "permission denied")


def test_fields_name_the_columns_of_all_runs_with_their_types(ada: Caller) -> None:
    ada.upsert(
        "cols", "a", config=json.dumps({"lr": {"value": 0.1}, "net": {"value": {"depth": 3, "kind": "x"}}})
    )
    ada.upsert(
        "cols", "b", summaryMetrics='{"loss": NaN, "h": {"_type": "histogram"}, "_wandb": {"runtime": 1}}'
    )
    answer = ada.data('{ project(name: "cols") { fields { edges { node { path type } } } } }')
    assert [tuple(edge["node"].values()) for edge in answer["project"]["fields"]["edges"]] == [
        ("config.lr.value", "number"),
        ("config.net.value.depth", "number"),
        ("config.net.value.kind", "string"),
        ("summary_metrics.h", "histogram"),
        ("summary_metrics.loss", "number"),
    ]


def test_fields_can_be_searched_and_paged(ada: Caller) -> None:
    ada.upsert("cols2", "a", config=json.dumps({f"k{number}": {"value": number} for number in range(5)}))
    document = """query F($after: String) {
      project(name: "cols2") { fields(pattern: "k", first: 3, after: $after) {
        edges { node { path } } pageInfo { endCursor hasNextPage } } } }"""
    first = ada.data(document)["project"]["fields"]
    rest = ada.data(document, after=first["pageInfo"]["endCursor"])["project"]["fields"]
    paths = [edge["node"]["path"] for edge in (*first["edges"], *rest["edges"])]
    assert paths == [f"config.k{number}.value" for number in range(5)]


def test_tags_and_values_are_counted(ada: Caller) -> None:
    for name, tags, kind in (("a", ["x", "y"], "big"), ("b", ["x"], "big"), ("c", [], "small")):
        ada.upsert("counted", name, tags=tags, config=json.dumps({"kind": {"value": kind}}))
    answer = ada.data(
        """{ project(name: "counted") { tagCounts { name count } valueCounts(keyPath: "config.kind")
             runKeySuggestions(keyPath: "config.kind") { count value } } }"""
    )["project"]
    assert answer["tagCounts"] == [{"name": "x", "count": 2}, {"name": "y", "count": 1}]
    assert json.loads(answer["valueCounts"]) == {"big": 2, "small": 1}
    assert answer["runKeySuggestions"][0] == {"count": 2, "value": '"big"'}
