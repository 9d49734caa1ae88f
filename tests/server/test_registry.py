"""Registries over HTTP: who sees them, who links to them, who manages them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from shelf import Shelf

if TYPE_CHECKING:
    from conftest import Caller, House

ORG = "acme"
OWNER = f"{ORG}-org"
UPSERT = """mutation U($i: UpsertModelInput!) { upsertModel(input: $i) { inserted project {
  id internalId name access description allowAllArtifactTypesInRegistry entity { name organization { name } }
  artifactTypes(includeAll: true) { edges { node { name } } } } } }"""
LIST = """query L($o: String!, $filters: JSONString, $order: String) { organization(name: $o) { orgEntity {
  projects(filters: $filters, order: $order) { edges { node { name } } } } } }"""
LINK = "mutation L($i: LinkArtifactInput!) { linkArtifact(input: $i) { versionIndex } }"
SEARCH = """query S($o: String!, $p: JSONString, $c: JSONString, $v: JSONString, $order: String) {
  organization(name: $o) { orgEntity {
    artifactCollections(projectFilters: $p, filters: $c, collectionTypes: [PORTFOLIO]) {
      totalCount edges { node { __typename name } } }
    artifactMemberships(projectFilters: $p, collectionFilters: $c, filters: $v, order: $order) {
      edges { node { versionIndex artifactCollection { name } artifact { size } } } } } } }"""
MEMBERS = """query M($e: String, $p: String) { project(entityName: $e, name: $p) {
  members { username role { name } } teamMembers { team { name } role { name } } } }"""


@pytest.fixture(scope="module", autouse=True)
def organization(house: House) -> None:
    house.server.add_organization(ORG)
    house.server.add_team("crew", {"ada": "admin", "bob": "member"}, organization=ORG)
    house.server.add_team("yard", ["eve"], organization=ORG)


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    return "wandb-registry-" + re.sub(r"\W+", "-", request.node.name)[:100]


def registry(caller: Caller, name: str, **fields: Any) -> Any:
    sent = {"entityName": OWNER, "name": name, "access": "PRIVATE", **fields}
    return caller.data(UPSERT, i=sent)["upsertModel"]["project"]


def linked(house: House, user: str, name: str, collection: str, content: bytes = b"x") -> tuple[int, Any]:
    shelf = Shelf(house.call("ada"), "crew", "work")
    made = shelf.log("net", {"a": content}, artifactTypeName="model")
    sent = {
        "artifactID": made["id"],
        "artifactPortfolioName": collection,
        "entityName": OWNER,
        "projectName": name,
    }
    answer = house.call(user).post(LINK, i=sent)
    return answer.status_code, answer.json()


def seen(caller: Caller, **arguments: Any) -> list[str]:
    page = caller.data(LIST, o=ORG, **arguments)["organization"]["orgEntity"]["projects"]
    return [edge["node"]["name"] for edge in page["edges"]]


def user_id(house: House, user: str) -> str:
    found: str = house.call(user).data("{ viewer { id } }")["viewer"]["id"]
    return found


def test_a_member_of_the_organization_makes_a_registry(ada: Caller, name: str) -> None:
    kinds = [{"name": "model"}]
    made = registry(ada, name, artifactTypes=kinds, allowAllArtifactTypesInRegistry=False)
    assert made["entity"] == {"name": OWNER, "organization": {"name": ORG}}
    assert made["allowAllArtifactTypesInRegistry"] is False
    assert [edge["node"]["name"] for edge in made["artifactTypes"]["edges"]] == ["model"]


def test_who_is_not_in_the_organization_sees_nothing_of_it(house: House, name: str) -> None:
    registry(house.call("ada"), name)
    mallory = house.call("mallory")
    assert mallory.data(LIST, o=ORG)["organization"] is None
    sent = {"entityName": OWNER, "name": f"{name}-2"}
    assert mallory.refusal(UPSERT, i=sent)[0] == 403


def test_an_open_registry_is_seen_by_all_members_and_written_by_none_of_them(house: House, name: str) -> None:
    registry(house.call("ada"), name)
    assert name in seen(house.call("eve"))
    assert linked(house, "bob", name, "best")[0] == 403
    assert linked(house, "ada", name, "best")[0] == 200


def test_a_restricted_registry_is_seen_by_its_members_only(house: House, name: str) -> None:
    made = registry(house.call("ada"), name, access="RESTRICTED")
    assert name not in seen(house.call("bob"))
    add = "mutation A($i: CreateProjectMembersInput!) { createProjectMembers(input: $i) { success } }"
    house.call("ada").data(add, i={"projectId": made["id"], "userIds": [user_id(house, "bob")]})
    assert name in seen(house.call("bob"))
    assert linked(house, "bob", name, "best")[0] == 200


def test_roles_are_given_changed_and_taken(house: House, name: str) -> None:
    ada = house.call("ada")
    made = registry(ada, name)
    bob = user_id(house, "bob")
    yard = house.call("eve").data('{ entity(name: "yard") { id } }')["entity"]["id"]
    add = "mutation A($i: CreateProjectMembersInput!) { createProjectMembers(input: $i) { success } }"
    change = "mutation C($i: UpdateProjectMemberInput!) { updateProjectMember(input: $i) { success } }"
    team = "mutation T($i: UpdateProjectTeamMemberInput!) { updateProjectTeamMember(input: $i) { success } }"
    drop = "mutation D($i: DeleteProjectMembersInput!) { deleteProjectMembers(input: $i) { success } }"
    ada.data(add, i={"projectId": made["internalId"], "userIds": [bob], "teamIds": [yard]})
    ada.data(change, i={"projectId": made["id"], "userId": bob, "userProjectRole": "admin"})
    ada.data(team, i={"projectId": made["id"], "teamId": yard, "teamProjectRole": "viewer"})
    refused = ada.refusal(change, i={"projectId": made["id"], "userId": bob, "userProjectRole": "king"})
    found = ada.data(MEMBERS, e=OWNER, p=name)["project"]
    assert "no role; use admin, member" in refused[1]
    assert found["members"] == [
        {"username": "ada", "role": {"name": "admin"}},
        {"username": "bob", "role": {"name": "admin"}},
    ]
    assert found["teamMembers"] == [{"team": {"name": "yard"}, "role": {"name": "viewer"}}]
    house.call("bob").data(drop, i={"projectId": made["id"], "teamIds": [yard]})
    assert ada.data(MEMBERS, e=OWNER, p=name)["project"]["teamMembers"] == []


def test_who_is_not_an_administrator_of_a_registry_cannot_change_it(house: House, name: str) -> None:
    made = registry(house.call("ada"), name)
    bob = house.call("bob")
    add = "mutation A($i: CreateProjectMembersInput!) { createProjectMembers(input: $i) { success } }"
    assert bob.refusal(add, i={"projectId": made["id"], "userIds": [user_id(house, "bob")]})[0] == 403
    assert bob.refusal(UPSERT, i={"entityName": OWNER, "name": name, "description": "mine"})[0] == 403
    delete = "mutation D($id: String!) { deleteModel(input: {id: $id}) { success } }"
    assert bob.refusal(delete, id=made["id"])[0] == 403
    assert house.call("ada").data(delete, id=made["id"]) == {"deleteModel": {"success": True}}


def test_a_registry_takes_versions_of_its_types_only(house: House, name: str) -> None:
    kinds = [{"name": "dataset"}]
    registry(house.call("ada"), name, artifactTypes=kinds, allowAllArtifactTypesInRegistry=False)
    status, body = linked(house, "ada", name, "best")
    assert (status, "model" in body["errors"][0]["message"]) == (400, True)


def test_registries_are_searched_with_their_collections_and_versions(house: House, name: str) -> None:
    ada = house.call("ada")
    registry(ada, name)
    for collection, content in (("small", b"12"), ("large", b"12345678"), ("small", b"123")):
        assert linked(house, "ada", name, collection, content)[0] == 200
    only = f'{{"name": "{name}"}}'
    found = ada.data(SEARCH, o=ORG, p=only, order="-artifact_size")["organization"]["orgEntity"]
    narrow = ada.data(SEARCH, o=ORG, p=only, c='{"name": "small"}', v='{"alias": "latest"}')
    assert {edge["node"]["name"] for edge in found["artifactCollections"]["edges"]} == {"small", "large"}
    sizes = [edge["node"]["artifact"]["size"] for edge in found["artifactMemberships"]["edges"]]
    assert sizes == [8, 3, 2]
    (edge,) = narrow["organization"]["orgEntity"]["artifactMemberships"]["edges"]
    assert edge["node"] == {
        "versionIndex": 1,
        "artifactCollection": {"name": "small"},
        "artifact": {"size": 3},
    }


def test_a_linked_version_is_read_by_who_sees_the_registry_only(house: House, name: str) -> None:
    registry(house.call("ada"), name)
    linked(house, "ada", name, "best", b"the weights")
    ask = """query F($e: String, $p: String) { project(entityName: $e, name: $p) {
      artifactCollectionMembership(name: "best") {
        artifact { id artifactSequence { name project { name } } }
        files { edges { node { directUrl } } } } } }"""
    found = house.call("eve").data(ask, e=OWNER, p=name)["project"]["artifactCollectionMembership"]
    (edge,) = found["files"]["edges"]
    assert house.call(None).client.get(edge["node"]["directUrl"]).content == b"the weights"
    assert house.call("mallory").data(ask, e=OWNER, p=name)["project"] is None


def test_registries_are_found_by_name_and_pattern(house: House, name: str) -> None:
    ada = house.call("ada")
    registry(ada, f"{name}-a")
    registry(ada, f"{name}-b")
    assert seen(ada, filters=f'{{"name": "{name}-a"}}') == [f"{name}-a"]
    pattern = f'{{"name": {{"$regex": "^{name}-[ab]$"}}}}'
    assert seen(ada, filters=pattern, order="-name") == [f"{name}-b", f"{name}-a"]


def test_a_renamed_registry_keeps_what_is_in_it(house: House, name: str) -> None:
    ada = house.call("ada")
    made = registry(ada, name)
    linked(house, "ada", name, "best")
    rename = "mutation R($i: RenameProjectInput!) { renameProject(input: $i) { project { internalId } } }"
    sent = {"entityName": OWNER, "oldProjectName": name, "newProjectName": f"{name}-new"}
    assert ada.data(rename, i=sent)["renameProject"]["project"]["internalId"] == made["internalId"]
    only = f'{{"name": "{name}-new"}}'
    found = ada.data(SEARCH, o=ORG, p=only)["organization"]["orgEntity"]
    assert found["artifactCollections"]["totalCount"] == 1
