"""Users, roles and keys over the wire: what takes an administrator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from wandkit.server import ids

if TYPE_CHECKING:
    from conftest import Caller, House

CREATE = """mutation Create($input: CreateUserInput!) {
  createUser(input: $input) { user { id username apiKeys { edges { node { name } } } } }
}"""
DELETE = "mutation Delete($id: ID!) { deleteUser(input: {id: $id}) { user { username deletedAt } } }"
UNDELETE = "mutation Undelete($id: ID!) { undeleteUser(input: {id: $id}) { user { username deletedAt } } }"
ROLE = """mutation Role($input: UpdateMemberInput!) {
  updateMember(input: $input) { member { username role admin } }
}"""
TEAM = "query Team($name: String) { entity(name: $name) { members { id username role admin } } }"
KEYS = "query Keys { viewer { apiKeys { edges { node { id name } } } } }"
INVITE = "mutation Invite($input: CreateInviteInput!) { createInvite(input: $input) { success } }"


@pytest.fixture
def root(house: House) -> Caller:
    """Give the calls of the server's administrator."""
    return house.call("root")


def members(caller: Caller, name: str) -> dict[str, dict[str, Any]]:
    """Return a team's members by user name."""
    return {found["username"]: found for found in caller.data(TEAM, name=name)["entity"]["members"]}


def test_the_key_of_a_new_user_is_shown_once(root: Caller) -> None:
    made = root.data(CREATE, input={"email": "new@example.com"})["createUser"]["user"]
    key = made["apiKeys"]["edges"][0]["node"]["name"]
    listed = root.data(
        """query Users { users(query: "new@example.com") {
          edges { node { apiKeys { edges { node { name } } } } }
        } }"""
    )
    names = [edge["node"]["name"] for edge in listed["users"]["edges"][0]["node"]["apiKeys"]["edges"]]
    assert (len(key), names) == (40, [f"****{key[-4:]}"])


def test_a_deleted_user_is_shut_out_until_undeleted(root: Caller, house: House) -> None:
    house.server.add_user("gone")
    number = next(
        edge["node"]["id"]
        for edge in root.data('query Users { users(query: "gone") { edges { node { id } } } }')["users"][
            "edges"
        ]
    )
    caller = house.call("gone")
    assert caller.data(KEYS)["viewer"] is not None
    assert root.data(DELETE, id=number)["deleteUser"]["user"]["deletedAt"] is not None
    assert caller.post(KEYS).status_code == 401
    assert root.data(UNDELETE, id=number)["undeleteUser"]["user"]["deletedAt"] is None
    assert caller.data(KEYS)["viewer"] is not None


def test_only_administrators_make_and_delete_users(house: House) -> None:
    ada = house.call("ada")
    assert ada.refusal(CREATE, input={"email": "x@example.com"}) == (403, "permission denied")
    assert ada.refusal(DELETE, id=ids.encode("User", 1)) == (403, "permission denied")
    assert ada.refusal(UNDELETE, id=ids.encode("User", 1)) == (403, "permission denied")


def test_an_administrator_does_not_delete_themselves(root: Caller) -> None:
    me = root.data("query Me { viewer { id } }")["viewer"]["id"]
    assert root.refusal(DELETE, id=me)[0] == 400


def test_a_role_is_changed_by_the_administrator_of_the_team(house: House) -> None:
    ada = house.call("ada")
    bob = members(ada, "lab")["bob"]
    given = {"entityName": "lab", "user": bob["id"], "role": "viewer"}
    changed = ada.data(ROLE, input=given)["updateMember"]["member"]
    assert changed == {"username": "bob", "role": "viewer", "admin": False}
    assert (
        ada.data(ROLE, input={**given, "role": None, "admin": False})["updateMember"]["member"]["role"]
        == "member"
    )
    assert house.call("eve").refusal(ROLE, input=given)[0] == 403
    assert ada.refusal(ROLE, input={**given, "role": "king"})[0] == 400
    assert ada.refusal(ROLE, input={**given, "user": "VXNlcjo5OTk="})[0] == 404


def test_a_member_is_not_invited_again(house: House) -> None:
    ada = house.call("ada")
    assert ada.refusal(INVITE, input={"entityName": "lab", "username": "eve", "admin": True})[0] == 409
    assert members(ada, "lab")["eve"]["role"] == "viewer"
