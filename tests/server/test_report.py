"""Views: made, changed, listed, moved, deleted, and who may."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Caller, House

UPSERT = """mutation Upsert($input: UpsertViewInput!) {
  upsertView(input: $input) {
    inserted
    view {
      id name displayName description type spec locked createdUsing entityName projectName parentId
      user { username } updatedBy { username } project { name } entity { name } uploadHeaders viewCount
    }
  }
}"""
VIEW = "query View($id: ID!) { view(id: $id) { id displayName spec type } }"
LIST = """query List($entity: String!, $project: String!, $type: String, $name: String, $first: Int,
                     $after: String) {
  project(name: $project, entityName: $entity) {
    allViews(viewType: $type, viewName: $name, first: $first, after: $after) {
      totalCount
      edges { cursor node { id displayName } }
      pageInfo { endCursor hasNextPage }
    }
  }
}"""
DELETE = """mutation Delete($input: DeleteViewInput!) {
  deleteView(input: $input) { success pendingDrafts }
}"""
DELETE_SEVERAL = """mutation Delete($input: DeleteViewsInput!) {
  deleteViews(input: $input) { success pendingDrafts }
}"""
MOVE = "mutation Move($input: MoveViewInput!) { moveView(input: $input) { success } }"


@pytest.fixture
def project(ada: Caller) -> str:
    """Give a project of the test's own in the team `lab`."""
    name = f"p{uuid.uuid4().hex[:8]}"
    document = "mutation New($input: UpsertModelInput!) { upsertModel(input: $input) { inserted } }"
    ada.data(document, input={"name": name, "entityName": "lab"})
    return name


def made(caller: Caller, project: str, **fields: Any) -> dict[str, Any]:
    """Make a view in the team's project."""
    wanted = {"entityName": "lab", "projectName": project, "type": "runs", "spec": "{}", **fields}
    found: dict[str, Any] = caller.data(UPSERT, input=wanted)["upsertView"]["view"]
    return found


def listed(caller: Caller, project: str, **arguments: Any) -> list[str]:
    """Return the titles of the project's views."""
    found = caller.data(LIST, entity="lab", project=project, **arguments)["project"]["allViews"]
    return [edge["node"]["displayName"] for edge in found["edges"]]


def test_a_view_is_made_with_what_is_said_of_it(ada: Caller, project: str) -> None:
    spec = json.dumps({"version": 5, "blocks": []})
    found = made(
        ada, project, displayName="T", description="D", name="n1", spec=spec, createdUsing="WANDB_SDK"
    )
    assert (found["displayName"], found["description"], found["name"], found["spec"]) == (
        "T",
        "D",
        "n1",
        spec,
    )
    assert (found["createdUsing"], found["entityName"], found["projectName"]) == ("WANDB_SDK", "lab", project)
    assert (found["user"]["username"], found["locked"], found["project"]["name"]) == ("ada", False, project)


def test_a_change_keeps_the_other_fields(house: House, ada: Caller, project: str) -> None:
    first = made(ada, project, displayName="T", description="D")
    answer = house.call("bob").data(UPSERT, input={"id": first["id"], "displayName": "U"})["upsertView"]
    assert answer["inserted"] is False
    assert (answer["view"]["displayName"], answer["view"]["description"]) == ("U", "D")
    assert (answer["view"]["user"]["username"], answer["view"]["updatedBy"]["username"]) == ("ada", "bob")


def test_views_are_listed_newest_first_by_type_and_name(ada: Caller, project: str) -> None:
    for title in ("a", "b", "c"):
        made(ada, project, displayName=title, name=f"n-{title}")
    made(ada, project, displayName="w", type="project-view")
    assert listed(ada, project, type="runs") == ["c", "b", "a"]
    assert listed(ada, project) == ["w", "c", "b", "a"]
    assert listed(ada, project, type="runs", name="n-b") == ["b"]


def test_views_are_paged_and_counted(ada: Caller, project: str) -> None:
    for title in ("a", "b", "c"):
        made(ada, project, displayName=title)
    first = ada.data(LIST, entity="lab", project=project, first=2)["project"]["allViews"]
    rest = listed(ada, project, first=2, after=first["pageInfo"]["endCursor"])
    assert (first["totalCount"], first["pageInfo"]["hasNextPage"], rest) == (3, True, ["a"])


def test_views_are_listed_from_a_place_on(ada: Caller, project: str) -> None:
    for title in ("a", "b", "c"):
        made(ada, project, displayName=title)
    document = """query List($project: String!) {
      project(name: $project, entityName: "lab") {
        allViews(offset: 1, first: 1) { totalCount edges { node { displayName } } }
      }
    }"""
    found = ada.data(document, project=project)["project"]["allViews"]
    assert found == {"totalCount": 3, "edges": [{"node": {"displayName": "b"}}]}


def test_a_stranger_sees_no_view(house: House, ada: Caller, project: str) -> None:
    found = made(ada, project)
    assert house.call("mallory").data(VIEW, id=found["id"])["view"] is None
    assert house.call(None).data(VIEW, id=found["id"])["view"] is None


def test_a_viewer_sees_a_view_and_cannot_change_it(house: House, ada: Caller, project: str) -> None:
    found, eve = made(ada, project), house.call("eve")
    assert eve.data(VIEW, id=found["id"])["view"]["id"] == found["id"]
    assert eve.refusal(UPSERT, input={"id": found["id"], "displayName": "x"})[1] == "permission denied"
    assert eve.refusal(DELETE, input={"id": found["id"]})[1] == "permission denied"
    assert eve.refusal(UPSERT, input={"entityName": "lab", "projectName": project})[1] == "permission denied"


def test_a_draft_is_its_authors_alone(house: House, ada: Caller, project: str) -> None:
    draft, bob = made(ada, project, type="runs/draft", displayName="d"), house.call("bob")
    assert bob.data(VIEW, id=draft["id"])["view"] is None
    assert (listed(bob, project), listed(ada, project)) == ([], ["d"])


def test_a_locked_view_is_changed_by_its_author_alone(house: House, ada: Caller, project: str) -> None:
    bob = house.call("bob")
    found = made(ada, project, locked=True)
    assert bob.refusal(UPSERT, input={"id": found["id"], "displayName": "x"})[1] == "permission denied"
    changed = ada.data(UPSERT, input={"id": found["id"], "locked": False})["upsertView"]["view"]
    assert changed["locked"] is False


def test_a_deleted_view_is_gone(ada: Caller, project: str) -> None:
    found = made(ada, project)
    assert ada.data(DELETE, input={"id": found["id"]})["deleteView"]["success"] is True
    assert ada.data(VIEW, id=found["id"])["view"] is None
    assert ada.refusal(DELETE, input={"id": found["id"]})[1] == "view not found"


def test_a_view_with_drafts_goes_only_with_them(ada: Caller, project: str) -> None:
    parent = made(ada, project)
    draft = made(ada, project, type="runs/draft", parentId=parent["id"])
    kept = ada.data(DELETE, input={"id": parent["id"]})["deleteView"]
    gone = ada.data(DELETE, input={"id": parent["id"], "deleteDrafts": True})["deleteView"]
    assert kept == {"success": False, "pendingDrafts": True}
    assert (gone["success"], ada.data(VIEW, id=draft["id"])["view"]) == (True, None)


def test_several_views_are_deleted_together_or_not_at_all(ada: Caller, project: str) -> None:
    first, second = made(ada, project, displayName="a"), made(ada, project, displayName="b")
    ada.refusal(DELETE_SEVERAL, input={"ids": [first["id"], "nothing"]})
    assert listed(ada, project) == ["b", "a"]
    ada.data(DELETE_SEVERAL, input={"ids": [first["id"], second["id"]]})
    assert listed(ada, project) == []


def test_a_view_moves_to_a_project_that_its_mover_may_write_to(ada: Caller, project: str) -> None:
    found = made(ada, project, displayName="m")
    target = {"entityName": "ada", "projectName": f"{project}-b"}
    assert ada.refusal(MOVE, input={"id": found["id"], **target})[1] == "project not found"
    ada.upsert(target["projectName"])
    assert ada.data(MOVE, input={"id": found["id"], **target})["moveView"]["success"] is True
    assert listed(ada, project) == []


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"spec": "{"}, "JSON"),
        ({"spec": '{"a":' * 100_000}, "nested without end"),
        ({"spec": "[]"}, "object"),
        ({"name": "n" * 129}, "128"),
        ({"id": "x"}, "found"),
    ],
)
def test_what_cannot_be_stored_is_refused(
    ada: Caller, project: str, fields: dict[str, Any], complaint: str
) -> None:
    message = ada.refusal(UPSERT, input={"entityName": "lab", "projectName": project, **fields})[1]
    assert complaint in message


def test_a_draft_is_of_a_report_of_its_project(house: House, ada: Caller, project: str) -> None:
    parent = made(ada, project)
    draft = made(ada, project, type="runs/draft", parentId=parent["id"])
    assert draft["parentId"] == parent["id"]
    children = "query Drafts($id: ID!) { view(id: $id) { children { totalCount edges { node { id } } } } }"
    listed = ada.data(children, id=parent["id"])["view"]["children"]
    assert listed == {"totalCount": 1, "edges": [{"node": {"id": draft["id"]}}]}
    others = house.call("bob").data(children, id=parent["id"])["view"]["children"]
    assert others == {"totalCount": 0, "edges": []}


def test_a_draft_of_what_cannot_have_one_is_refused(ada: Caller, project: str) -> None:
    parent = made(ada, project)
    draft = made(ada, project, type="runs/draft", parentId=parent["id"])
    new = {"entityName": "lab", "projectName": project, "type": "runs/draft", "spec": "{}"}
    missing = "Vmlldzo5OTk5OTk5"
    assert ada.refusal(UPSERT, input={**new, "parentId": missing})[1] == "parent view not found"
    assert "no draft" in ada.refusal(UPSERT, input={**new, "parentId": draft["id"]})[1]
    assert "no draft" in ada.refusal(UPSERT, input={"id": parent["id"], "parentId": parent["id"]})[1]
    assert listed(ada, project, type="runs/draft") == [None]


def test_a_draft_that_becomes_a_report_has_no_parent(ada: Caller, project: str) -> None:
    parent = made(ada, project)
    draft = made(ada, project, type="runs/draft", parentId=parent["id"])
    found = ada.data(UPSERT, input={"id": draft["id"], "type": "runs"})["upsertView"]["view"]
    assert (found["type"], found["parentId"]) == ("runs", None)


def test_the_drafts_of_a_view_move_with_it(ada: Caller, project: str) -> None:
    parent = made(ada, project)
    made(ada, project, type="runs/draft", parentId=parent["id"])
    ada.upsert(f"{project}-b")
    target = {"entityName": "ada", "projectName": f"{project}-b"}
    ada.data(MOVE, input={"id": parent["id"], **target})
    assert listed(ada, project) == []
