"""Stars and visits of views, and the views of users and organizations."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Caller, House

NEW_PROJECT = "mutation New($input: UpsertModelInput!) { upsertModel(input: $input) { inserted } }"
NEW_VIEW = "mutation New($input: UpsertViewInput!) { upsertView(input: $input) { view { id } } }"
STAR = "mutation Star($id: ID!) { starView(input: {id: $id}) { view { starred starCount } } }"
UNSTAR = "mutation Unstar($id: ID!) { unstarView(input: {id: $id}) { view { starred starCount } } }"
LOOK = "mutation Look($id: ID!) { viewView(input: {id: $id}) { success } }"
VIEW = """query View($id: ID!, $from: DateTime, $to: DateTime) {
  view(id: $id) { starred starCount(from: $from, to: $to) viewCount updatedAt }
}"""
MINE = """query Mine($type: String, $first: Int, $after: String) {
  viewer {
    views(viewType: $type, first: $first, after: $after) {
      totalCount edges { cursor node { displayName } } pageInfo { hasNextPage endCursor }
    }
    starredViews { edges { node { displayName } } }
  }
}"""
THEIRS = "query Theirs($name: String!) { user(userName: $name) { views { edges { node { displayName } } } } }"


@pytest.fixture
def project(ada: Caller) -> str:
    """Give a project of the test's own in the team `lab`."""
    name = f"p{uuid.uuid4().hex[:8]}"
    ada.data(NEW_PROJECT, input={"name": name, "entityName": "lab"})
    return name


def made(caller: Caller, project: str, title: str = "t", **fields: Any) -> str:
    """Make a view in the team's project; return its id."""
    wanted = {"entityName": "lab", "projectName": project, "displayName": title, "spec": "{}", **fields}
    found: str = caller.data(NEW_VIEW, input=wanted)["upsertView"]["view"]["id"]
    return found


def titles(connection: dict[str, Any]) -> list[str]:
    """Return the titles of a listing of views."""
    return [edge["node"]["displayName"] for edge in connection["edges"]]


def test_a_star_counts_once_for_each_user(house: House, ada: Caller, project: str) -> None:
    view, eve = made(ada, project), house.call("eve")
    ada.data(STAR, id=view)
    ada.data(STAR, id=view)
    assert eve.data(VIEW, id=view)["view"]["starred"] is False
    assert eve.data(STAR, id=view)["starView"]["view"] == {"starred": True, "starCount": 2}
    assert ada.data(UNSTAR, id=view)["unstarView"]["view"] == {"starred": False, "starCount": 1}


def test_stars_are_counted_within_a_span_of_time(ada: Caller, project: str) -> None:
    view = made(ada, project)
    ada.data(STAR, id=view)
    span = {"from": "2001-01-01T00:00:00Z", "to": "2002-01-01T00:00:00Z"}
    assert ada.data(VIEW, id=view, **span)["view"]["starCount"] == 0
    assert ada.data(VIEW, id=view, **{"from": "2001-01-01T00:00:00Z"})["view"]["starCount"] == 1


def test_a_visit_is_counted_and_is_no_change(house: House, ada: Caller, project: str) -> None:
    view = made(ada, project)
    before = ada.data(VIEW, id=view)["view"]
    for caller in (ada, house.call("eve")):
        assert caller.data(LOOK, id=view)["viewView"]["success"] is True
    assert ada.data(VIEW, id=view)["view"] == {**before, "viewCount": 2}


def test_what_one_cannot_see_one_cannot_star_or_visit(house: House, ada: Caller, project: str) -> None:
    view = made(ada, project)
    for document in (STAR, UNSTAR, LOOK):
        assert house.call("mallory").refusal(document, id=view)[1] == "view not found"


def test_the_views_and_stars_of_a_user_are_listed_newest_first(house: House, project: str) -> None:
    bob = house.call("bob")
    for title in ("a", "b", "c"):
        bob.data(STAR, id=made(bob, project, f"{project}-{title}"))
    made(bob, project, f"{project}-w", type="project-view")
    found = bob.data(MINE, type="runs", first=2)["viewer"]
    rest = bob.data(MINE, type="runs", after=found["views"]["pageInfo"]["endCursor"])["viewer"]
    assert titles(found["views"]) == [f"{project}-c", f"{project}-b"]
    assert titles(rest["views"])[0] == f"{project}-a"
    assert titles(found["starredViews"])[:3] == [f"{project}-{title}" for title in "cba"]


def test_drafts_and_hidden_views_of_others_are_not_listed(house: House, ada: Caller, project: str) -> None:
    made(ada, project, f"{project}-draft", type="runs/draft")
    made(ada, project, f"{project}-report")
    bob = titles(house.call("bob").data(THEIRS, name="ada")["user"]["views"])
    assert (f"{project}-report" in bob, f"{project}-draft" in bob) == (True, False)


ORGANIZATION = """query Reports($name: String!, $order: String, $limit: Int, $offset: Int) {
  organization(name: $name) {
    views(order: $order, limit: $limit, offset: $offset) { edges { node { displayName } } }
  }
}"""


@pytest.fixture
def organization(house: House, ada: Caller) -> str:
    """Give an organization with a team, which has two reports and a workspace."""
    name = f"o{uuid.uuid4().hex[:8]}"
    house.server.add_organization(name)
    house.server.add_team(f"{name}-crew", {"ada": "admin"}, organization=name)
    ada.data(NEW_PROJECT, input={"name": "p", "entityName": f"{name}-crew"})
    for title, kind in (("b", "runs"), ("a", "runs"), ("space", "project-view")):
        made(ada, "p", title, entityName=f"{name}-crew", type=kind)
    return name


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ({}, ["a", "b"]),
        ({"order": "+createdAt"}, ["b", "a"]),
        ({"order": "displayName"}, ["a", "b"]),
        ({"order": "-displayName", "limit": 1}, ["b"]),
        ({"offset": 1}, ["b"]),
    ],
)
def test_an_organization_lists_the_reports_of_its_teams(
    ada: Caller, organization: str, arguments: dict[str, Any], found: list[str]
) -> None:
    answer = ada.data(ORGANIZATION, name=organization, **arguments)["organization"]["views"]
    assert titles(answer) == found


def test_an_order_that_views_do_not_have_is_refused(ada: Caller, organization: str) -> None:
    message = ada.refusal(ORGANIZATION, name=organization, order="-beauty")[1]
    assert "beauty" in message
