"""Who gets in, who sees what, and who may change it."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Caller, House

SHARE = """mutation A($p: String, $a: String) {
  upsertModel(input: {entityName: "lab", name: $p, access: $a}) { inserted } }"""
SEE = "query See($e: String, $p: String) { project(entityName: $e, name: $p) { name readOnly } }"


def test_a_wrong_key_is_told_the_same_as_by_the_hosted_server(house: House) -> None:
    caller = house.call(None)
    caller.client.auth = ("api", "0" * 40)
    answer = caller.post('mutation { upsertBucket(input: {modelName: "p"}) { inserted } }')
    assert answer.status_code == 401
    assert answer.json() == {
        "data": {"upsertBucket": None},
        "errors": [
            {
                "message": "user is not logged in",
                "path": ["upsertBucket"],
                "extensions": {"code": "PERMISSION_ERROR"},
            }
        ],
    }


def test_a_wrong_key_cannot_even_read(house: House) -> None:
    caller = house.call(None)
    caller.client.auth = ("api", "0" * 40)
    assert caller.refusal("{ viewer { id } }") == (401, "user is not logged in")


def test_without_a_key_the_viewer_is_nobody(house: House) -> None:
    assert house.call(None).data("{ viewer { id } }") == {"viewer": None}


def test_without_a_key_nothing_can_be_changed(house: House) -> None:
    document = 'mutation { upsertModel(input: {name: "p"}) { inserted } }'
    assert house.call(None).refusal(document) == (401, "user is not logged in")


def test_a_bearer_token_is_a_key_too(house: House) -> None:
    caller = house.call(None)
    caller.client.headers["Authorization"] = f"Bearer {house.server.key('bob')}"
    assert caller.data("{ viewer { username } }") == {"viewer": {"username": "bob"}}


@pytest.mark.parametrize(
    "header", ["Basic !!!", "Basic " + base64.b64encode(b"nothing").decode(), "Other x", "Basic"]
)
def test_an_odd_authorization_header_lets_nobody_in(house: House, header: str) -> None:
    caller = house.call(None)
    caller.client.headers["Authorization"] = header
    body = caller.post("{ viewer { id } }").json()
    assert body["data"]["viewer"] is None


def test_keys_are_not_stored_as_text(house: House) -> None:
    key = house.server.key("ada").encode()
    files = [path for path in house.server.data_dir.rglob("*") if path.is_file()]
    assert files
    assert not any(key in path.read_bytes() for path in files)


def test_a_private_project_does_not_exist_for_outsiders(house: House, ada: Caller) -> None:
    ada.upsert("secret", "one", entityName="lab")
    assert house.call("mallory").data(SEE, e="lab", p="secret") == {"project": None}


def test_a_private_run_cannot_be_changed_through_its_id(house: House, ada: Caller) -> None:
    run = ada.upsert("secret-id", "one", entityName="lab")
    document = "mutation Del($id: ID!) { deleteRun(input: {id: $id}) { clientMutationId } }"
    assert house.call("mallory").refusal(document, id=run["id"]) == (404, "run not found")


def test_a_viewer_reads_and_may_not_write(house: House, ada: Caller) -> None:
    ada.upsert("seen", "one", entityName="lab")
    eve = house.call("eve")
    assert eve.data(SEE, e="lab", p="seen") == {"project": {"name": "seen", "readOnly": True}}
    answer = eve.post('mutation { upsertBucket(input: {entityName: "lab", modelName: "seen"}) { inserted } }')
    assert answer.status_code == 403
    assert answer.json()["errors"][0]["extensions"] == {"code": "PERMISSION_ERROR"}


def test_a_member_writes(house: House, ada: Caller) -> None:
    ada.upsert("shared", "one", entityName="lab")
    assert house.call("bob").upsert("shared", "two", entityName="lab")["inserted"] is True


def test_everybody_reads_a_public_project_and_only_members_write(house: House, ada: Caller) -> None:
    ada.upsert("open-book", "one", entityName="lab")
    ada.data(SHARE, p="open-book", a="USER_READ")
    assert house.call(None).runs("open-book", "lab")["names"] == ["one"]
    document = 'mutation { upsertBucket(input: {entityName: "lab", modelName: "open-book"}) { inserted } }'
    assert house.call("mallory").refusal(document) == (403, "permission denied")


def test_everybody_with_a_key_writes_to_an_open_project(house: House, ada: Caller) -> None:
    ada.data(SHARE, p="wide", a="USER_WRITE")
    assert house.call("mallory").upsert("wide", "hers", entityName="lab")["inserted"] is True


def test_a_run_in_an_unknown_entity_is_not_found(ada: Caller) -> None:
    document = 'mutation { upsertBucket(input: {entityName: "nobody", modelName: "p"}) { inserted } }'
    assert ada.refusal(document) == (404, "entity nobody not found during upsertBucket")


def test_a_foreign_entity_is_hidden(house: House) -> None:
    assert house.call("mallory").data('{ entity(name: "lab") { id } }') == {"entity": None}


def test_projects_of_a_foreign_entity_are_not_listed(house: House) -> None:
    document = '{ models(entityName: "eve") { edges { node { name } } } }'
    assert house.call("mallory").refusal(document) == (404, "entity eve not found")


def test_an_administrator_of_the_server_sees_everything(house: House, ada: Caller) -> None:
    ada.upsert("for-root", "one")
    assert house.call("root").runs("for-root", "ada")["names"] == ["one"]


def test_only_administrators_make_users(house: House, ada: Caller) -> None:
    document = 'mutation { createUser(input: {email: "new@x.org"}) { user { username } } }'
    assert ada.refusal(document) == (403, "permission denied")
    assert house.call("root").data(document) == {"createUser": {"user": {"username": "new"}}}


def test_users_see_themselves_and_their_colleagues(house: House) -> None:
    document = '{ users(query: "") { edges { node { username } } } }'
    seen = {edge["node"]["username"] for edge in house.call("bob").data(document)["users"]["edges"]}
    assert {"ada", "bob", "eve"} <= seen
    assert "mallory" not in seen


def test_a_new_key_works_is_shown_once_and_can_be_revoked(house: House) -> None:
    caller = house.call("mallory")
    made = caller.data('mutation { generateApiKey(input: {description: "d"}) { apiKey { id name } } }')
    key = made["generateApiKey"]["apiKey"]
    other = house.call(None)
    other.client.auth = ("api", key["name"])
    assert other.data("{ viewer { username } }") == {"viewer": {"username": "mallory"}}
    listed = caller.data("{ viewer { apiKeys { edges { node { id name } } } } }")["viewer"]["apiKeys"][
        "edges"
    ]
    assert {"id": key["id"], "name": f"****{key['name'][-4:]}"} in [edge["node"] for edge in listed]
    caller.data("mutation D($id: String) { deleteApiKey(input: {id: $id}) { success } }", id=key["id"])
    assert other.refusal("{ viewer { id } }") == (401, "user is not logged in")


def test_keys_of_others_stay_theirs(house: House) -> None:
    bob = house.call("bob").data("{ viewer { apiKeys { edges { node { id } } } } }")
    key_id = bob["viewer"]["apiKeys"]["edges"][0]["node"]["id"]
    document = "mutation D($id: String) { deleteApiKey(input: {id: $id}) { success } }"
    assert house.call("mallory").refusal(document, id=key_id) == (404, "API key not found")


def test_a_team_grows_and_shrinks_by_its_administrator(house: House) -> None:
    ada, bob = house.call("ada"), house.call("bob")
    ada.data('mutation { createTeam(input: {teamName: "crew"}) { entity { name } } }')
    ada.data('mutation { createInvite(input: {entityName: "crew", username: "bob"}) { success } }')
    bob.upsert("ours", "one", entityName="crew")
    members = ada.data('{ entity(name: "crew") { members { id username } } }')["entity"]["members"]
    bobs = next(member["id"] for member in members if member["username"] == "bob")
    delete = 'mutation D($id: String) { deleteInvite(input: {entityName: "crew", id: $id}) { success } }'
    assert bob.refusal(delete, id=bobs) == (403, "permission denied")
    ada.data(delete, id=bobs)
    assert bob.data(SEE, e="crew", p="ours") == {"project": None}


def test_a_service_account_works_in_its_team(house: House) -> None:
    document = """mutation { createServiceAccount(input: {entityName: "lab", description: "ci"}) {
      user { name accountType apiKeys { edges { node { name } } } } } }"""
    answer = house.call("ada").data(document)["createServiceAccount"]["user"]
    machine = house.call(None)
    machine.client.auth = ("api", answer["apiKeys"]["edges"][0]["node"]["name"])
    assert answer["accountType"] == "SERVICE"
    assert machine.upsert("by-machine", "one", entityName="lab")["inserted"] is True


def test_a_team_can_replace_a_service_account_that_it_removed(house: House) -> None:
    house.server.add_team("shift", {"ada": "admin"})
    ada = house.call("ada")
    make = """mutation { createServiceAccount(input: {entityName: "shift", description: "ci"}) {
      user { id username } } }"""
    delete = 'mutation D($id: String) { deleteInvite(input: {entityName: "shift", id: $id}) { success } }'
    made = [ada.data(make)["createServiceAccount"]["user"] for _ in range(2)]
    ada.data(delete, id=made[0]["id"])
    made.append(ada.data(make)["createServiceAccount"]["user"])
    assert len({one["username"] for one in made}) == 3


def test_the_organization_behind_a_public_project_stays_hidden(house: House) -> None:
    house.server.add_organization("acme")
    house.server.add_team("acme-ml", {"ada": "admin"}, organization="acme")
    ada = house.call("ada")
    ada.upsert("shown", "r", entityName="acme-ml")
    ada.data(SHARE.replace("lab", "acme-ml"), p="shown", a="USER_READ")
    document = """{ project(entityName: "acme-ml", name: "shown") { entity {
      members { username } memberCount organizationId organization { name members { username } } } } }"""
    assert ada.data(document)["project"]["entity"]["organization"]["name"] == "acme"
    hidden = {"members": [], "memberCount": 0, "organizationId": None, "organization": None}
    assert house.call("mallory").data(document) == {"project": {"entity": hidden}}


def test_administering_a_team_gives_no_power_over_its_organization(house: House) -> None:
    house.server.add_organization("corp")
    house.server.add_team("corp-ml", {"ada": "admin"}, organization="corp")
    ada = house.call("ada")
    org = ada.data('{ organization(name: "corp") { id } }')["organization"]["id"]
    document = """mutation T($o: String) {
      createTeam(input: {teamName: "corp-2", organizationId: $o}) { entity { id } } }"""
    assert ada.refusal(document, o=org) == (403, "permission denied")
    assert house.call("mallory").refusal(document, o=org) == (404, "organization not found")
