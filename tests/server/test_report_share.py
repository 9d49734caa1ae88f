"""Share links of views: who makes, sees, widens and takes them back."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Caller, House

NEW_PROJECT = "mutation New($input: UpsertModelInput!) { upsertModel(input: $input) { inserted } }"
NEW_VIEW = "mutation New($input: UpsertViewInput!) { upsertView(input: $input) { view { id } } }"
CREATE = """mutation Create($input: CreateAccessTokenInput!) {
  createAccessToken(input: $input) {
    accessToken { id token type emails revokedAt createdBy { username } view { id } projects { name } }
    recipientAlreadyOnTeam
    toNewUser
  }
}"""
UPDATE = """mutation Update($input: UpdateAccessTokenInput!) {
  updateAccessToken(input: $input) { accessToken { emails } success toNewUser recipientAlreadyOnTeam }
}"""
UPDATE_PROJECTS = """mutation Update($input: UpdateAccessTokenProjectsInput!) {
  updateAccessTokenProjects(input: $input) { success }
}"""
REVOKE = "mutation Revoke($input: RevokeAccessTokenInput!) { revokeAccessToken(input: $input) { success } }"
REVOKE_EMAIL = """mutation Revoke($input: RevokeAccessTokenEmailInput!) {
  revokeAccessTokenEmail(input: $input) { accessToken { emails } success }
}"""
TOKENS = """query Tokens($id: ID!) {
  view(id: $id) { accessTokens { token type revokedAt projects { entityName name } } }
}"""


@pytest.fixture
def project(ada: Caller) -> str:
    """Give a project of the test's own in the team `lab`."""
    name = f"p{uuid.uuid4().hex[:8]}"
    ada.data(NEW_PROJECT, input={"name": name, "entityName": "lab"})
    return name


@pytest.fixture
def view(ada: Caller, project: str) -> str:
    """Give the id of a view in the project."""
    wanted = {"entityName": "lab", "projectName": project, "spec": "{}"}
    found: str = ada.data(NEW_VIEW, input=wanted)["upsertView"]["view"]["id"]
    return found


def places(*projects: str) -> list[dict[str, str]]:
    """Return projects of the team as a link names them."""
    return [{"entityName": "lab", "projectName": project} for project in projects]


def shared(caller: Caller, view: str, project: str, **fields: Any) -> dict[str, Any]:
    """Make a share link."""
    wanted = {"viewId": view, "projects": places(project), **fields}
    found: dict[str, Any] = caller.data(CREATE, input=wanted)["createAccessToken"]
    return found


def test_a_share_link_says_what_it_opens(ada: Caller, project: str, view: str) -> None:
    made = shared(ada, view, project)["accessToken"]
    assert (made["type"], made["emails"], made["revokedAt"]) == ("PUBLIC", [], None)
    assert (made["createdBy"]["username"], made["view"]["id"]) == ("ada", view)
    assert len(made["token"]) == 64
    assert ada.data(TOKENS, id=view)["view"]["accessTokens"] == [
        {"token": made["token"], "type": "PUBLIC", "revokedAt": None,
         "projects": [{"entityName": "lab", "name": project}]}
    ]  # fmt: skip


def test_only_those_who_may_change_a_view_see_and_make_its_links(
    house: House, ada: Caller, project: str, view: str
) -> None:
    made = shared(ada, view, project)["accessToken"]
    eve, mallory = house.call("eve"), house.call("mallory")
    assert eve.data(TOKENS, id=view)["view"]["accessTokens"] == []
    wanted = {"viewId": view, "projects": places(project)}
    assert eve.refusal(CREATE, input=wanted)[1] == "permission denied"
    assert eve.refusal(REVOKE, input={"token": made["token"]})[1] == "permission denied"
    assert mallory.refusal(CREATE, input=wanted)[1] == "view not found"
    assert mallory.refusal(REVOKE, input={"token": made["token"]})[1] == "access token not found"


def test_a_link_opens_no_project_that_its_maker_may_only_look_at(
    house: House, ada: Caller, view: str
) -> None:
    name = f"p{uuid.uuid4().hex[:8]}"
    ada.upsert(name)
    bob = house.call("bob")
    hidden = {"viewId": view, "projects": [{"entityName": "ada", "projectName": name}]}
    assert bob.refusal(CREATE, input=hidden)[1] == "project not found"


def test_the_projects_of_a_link_are_said_anew(ada: Caller, project: str, view: str) -> None:
    token = shared(ada, view, project)["accessToken"]["token"]
    ada.data(NEW_PROJECT, input={"name": f"{project}-b", "entityName": "lab"})
    wanted = {"token": token, "projects": places(f"{project}-b", f"{project}-b")}
    assert ada.data(UPDATE_PROJECTS, input=wanted)["updateAccessTokenProjects"]["success"] is True
    listed = ada.data(TOKENS, id=view)["view"]["accessTokens"][0]["projects"]
    assert listed == [{"entityName": "lab", "name": f"{project}-b"}]


def test_a_link_that_was_taken_back_stays_in_the_list(ada: Caller, project: str, view: str) -> None:
    token = shared(ada, view, project)["accessToken"]["token"]
    assert ada.data(REVOKE, input={"token": token})["revokeAccessToken"]["success"] is True
    first = ada.data(TOKENS, id=view)["view"]["accessTokens"][0]["revokedAt"]
    ada.data(REVOKE, input={"token": token})
    assert first is not None
    assert ada.data(TOKENS, id=view)["view"]["accessTokens"][0]["revokedAt"] == first


def test_a_link_for_persons_names_them(ada: Caller, project: str, view: str) -> None:
    made = shared(ada, view, project, email="new@example.com")
    token = made["accessToken"]["token"]
    assert (made["accessToken"]["type"], made["accessToken"]["emails"]) == (
        "INDIVIDUAL_SHARING",
        ["new@example.com"],
    )
    assert (made["toNewUser"], made["recipientAlreadyOnTeam"]) == (True, False)
    widened = ada.data(UPDATE, input={"token": token, "email": "b@example.com"})["updateAccessToken"]
    assert widened["accessToken"]["emails"] == ["new@example.com", "b@example.com"]
    gone = {"token": token, "email": "new@example.com"}
    assert ada.data(REVOKE_EMAIL, input=gone)["revokeAccessTokenEmail"]["accessToken"]["emails"] == [
        "b@example.com"
    ]
    assert ada.refusal(REVOKE_EMAIL, input=gone)[0] == 404


def test_a_link_is_not_widened_for_nobody(ada: Caller, project: str, view: str) -> None:
    token = shared(ada, view, project)["accessToken"]["token"]
    assert "e-mail" in ada.refusal(UPDATE, input={"token": token})[1]
    assert ada.refusal(UPDATE, input={"token": token, "username": "nobody-here"})[1] == "user not found"


def test_the_links_of_a_deleted_view_are_gone(ada: Caller, project: str, view: str) -> None:
    token = shared(ada, view, project)["accessToken"]["token"]
    ada.data("mutation Delete($id: ID!) { deleteView(input: {id: $id}) { success } }", id=view)
    assert ada.refusal(REVOKE, input={"token": token})[1] == "access token not found"
