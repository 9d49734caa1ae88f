"""Collections over HTTP: listed, changed, tagged, linked to and deleted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from shelf import CREATE, Shelf, b64md5

if TYPE_CHECKING:
    from conftest import Caller, House

FIELDS = """__typename id name description state createdAt updatedAt project { name }
  type: defaultArtifactType { name } tags { edges { node { name } } }"""
LIST = """query L($e: String, $p: String, $filters: JSONString, $order: String, $first: Int, $after: String,
  $types: [ArtifactCollectionType!]) { project(entityName: $e, name: $p) {
  artifactCollections(filters: $filters, order: $order, first: $first, after: $after,
    collectionTypes: $types) { totalCount pageInfo { hasNextPage endCursor }
    edges { node { __typename name } } } } }"""
VERSIONS = """query V($e: String, $p: String, $filters: JSONString, $order: String) {
  project(entityName: $e, name: $p) { artifactType(name: "dataset") { artifactCollection(name: "data") {
    artifacts(filters: $filters, order: $order) { totalCount edges { version } } } } } }"""
LINK = """mutation L($i: LinkArtifactInput!) { linkArtifact(input: $i) {
  versionIndex artifactCollectionID artifactID artifactMembership { id versionIndex aliases { alias }
    artifactCollection { __typename name } artifact { id artifactSequence { name } } } } }"""
UNLINK = "mutation U($i: UnlinkArtifactInput!) { unlinkArtifact(input: $i) { success } }"
PLACE = """query P($e: String, $p: String, $n: String!) { project(entityName: $e, name: $p) {
  artifactCollectionMembership(name: $n) { versionIndex aliases { alias } artifact { id } } } }"""
ADD_ALIASES = "mutation A($i: AddAliasesInput!) { addAliases(input: $i) { success } }"
DELETE_ALIASES = "mutation A($i: DeleteAliasesInput!) { deleteAliases(input: $i) { success } }"


@pytest.fixture
def shelf(ada: Caller, request: pytest.FixtureRequest) -> Shelf:
    return Shelf(ada, "ada", re.sub(r"\W+", "-", request.node.name)[:100])


def at(shelf: Shelf) -> dict[str, str]:
    return {"e": shelf.place["entityName"], "p": shelf.place["projectName"]}


def collection(shelf: Shelf, name: str) -> Any:
    ask = f"""query C($e: String, $p: String, $c: String!) {{ project(entityName: $e, name: $p) {{
      artifactCollection(name: $c) {{ {FIELDS} }} }} }}"""
    return shelf.caller.data(ask, c=name, **at(shelf))["project"]["artifactCollection"]


def names(shelf: Shelf, **arguments: Any) -> list[str]:
    page = shelf.caller.data(LIST, **at(shelf), **arguments)["project"]["artifactCollections"]
    return [edge["node"]["name"] for edge in page["edges"]]


def versions(shelf: Shelf, **arguments: Any) -> list[str]:
    answer = shelf.caller.data(VERSIONS, **at(shelf), **arguments)["project"]["artifactType"]
    return [edge["version"] for edge in answer["artifactCollection"]["artifacts"]["edges"]]


def link(shelf: Shelf, version: str, to: str, *aliases: str) -> Any:
    given = [{"artifactCollectionName": to, "alias": alias} for alias in aliases]
    sent = {**shelf.place, "artifactID": version, "artifactPortfolioName": to, "aliases": given}
    return shelf.caller.data(LINK, i=sent)["linkArtifact"]


def place(shelf: Shelf, name: str) -> Any:
    return shelf.caller.data(PLACE, n=name, **at(shelf))["project"]["artifactCollectionMembership"]


def tagging(shelf: Shelf, verb: str, name: str, *tags: str) -> Any:
    document = f"""mutation T($i: {verb.title()}ArtifactCollectionTagAssignmentsInput!) {{
      {verb}ArtifactCollectionTagAssignments(input: $i) {{ __typename }} }}"""
    given = [{"tagName": tag} for tag in tags]
    return shelf.caller.data(document, i={**shelf.place, "artifactCollectionName": name, "tags": given})


def test_a_sequence_says_what_it_is(shelf: Shelf) -> None:
    shelf.log("data", {"a": b"x"})
    found = collection(shelf, "data")
    assert (found["__typename"], found["state"], found["type"]) == (
        "ArtifactSequence",
        "READY",
        {"name": "dataset"},
    )


def test_types_are_listed_and_made_once(shelf: Shelf) -> None:
    make = """mutation T($i: CreateArtifactTypeInput!) {
      createArtifactType(input: $i) { artifactType { id name } } }"""
    first, again = (shelf.caller.data(make, i={**shelf.place, "name": "model"}) for _ in range(2))
    shelf.log("data", {"a": b"x"})
    ask = """query T($e: String, $p: String) { project(entityName: $e, name: $p) {
      artifactTypes { edges { node { name } } } artifactType(name: "model") { id } } }"""
    found = shelf.caller.data(ask, **at(shelf))["project"]
    assert first == again
    assert [edge["node"]["name"] for edge in found["artifactTypes"]["edges"]] == ["model", "dataset"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, ["pf", "c", "b", "a"]),
        ({"order": "+name"}, ["a", "b", "c", "pf"]),
        ({"order": "-createdAt"}, ["pf", "c", "b", "a"]),
        ({"types": ["PORTFOLIO"]}, ["pf"]),
        ({"types": ["SEQUENCE"], "order": "-name"}, ["c", "b", "a"]),
        ({"filters": '{"name": {"$regex": "^[ab]$"}}', "order": "name"}, ["a", "b"]),
        ({"filters": '{"tag": "good"}'}, ["b"]),
        ({"filters": '{"tag": {"$in": ["good", "bad"]}}'}, ["c", "b"]),
        ({"filters": '{"type": "dataset", "name": {"$ne": "pf"}}', "order": "name"}, ["a", "b", "c"]),
    ],
)
def test_collections_are_filtered_and_ordered(
    shelf: Shelf, arguments: dict[str, Any], expected: list[str]
) -> None:
    made = [shelf.log(name, {"a": b"x"}) for name in "abc"]
    link(shelf, made[0]["id"], "pf")
    tagging(shelf, "create", "b", "good")
    tagging(shelf, "create", "c", "bad")
    assert names(shelf, **arguments) == expected


def test_a_filter_with_an_unknown_key_names_near_ones(shelf: Shelf) -> None:
    status, message = shelf.caller.refusal(LIST, filters='{"nam": "x"}', **at(shelf))
    assert (status, "'nam'" in message and "name" in message) == (400, True)


def test_pages_of_collections_go_on_where_they_ended(shelf: Shelf) -> None:
    for number in range(5):
        shelf.log(f"c{number}", {"a": b"x"})
    first = shelf.caller.data(LIST, first=3, order="name", **at(shelf))["project"]["artifactCollections"]
    rest = names(shelf, first=3, order="name", after=first["pageInfo"]["endCursor"])
    assert (first["totalCount"], rest) == (5, ["c3", "c4"])


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, ["v2", "v1", "v0"]),
        ({"filters": '{"state": "COMMITTED"}', "order": "+createdAt"}, ["v0", "v1", "v2"]),
        ({"filters": '{"tag": "odd"}'}, ["v1"]),
        ({"filters": '{"alias": "latest"}'}, ["v2"]),
        ({"filters": '{"version": "v1"}'}, ["v1"]),
        ({"filters": '{"version": {"$gte": 1}}', "order": "version"}, ["v1", "v2"]),
        ({"filters": '{"metadata.k": {"$lt": 2}}', "order": "-size"}, ["v1", "v0"]),
    ],
)
def test_versions_are_filtered_and_ordered(
    shelf: Shelf, arguments: dict[str, Any], expected: list[str]
) -> None:
    for number in range(3):
        tags = [{"tagName": "odd" if number % 2 else "even"}]
        shelf.log("data", {"a": b"x" * (number + 1)}, tags=tags, metadata=f'{{"k": {number}}}')
    shelf.create("data", {"a": b64md5(b"pending")})
    assert versions(shelf, **arguments) == expected


def test_a_link_makes_a_portfolio_and_numbers_anew(shelf: Shelf) -> None:
    shelf.log("data", {"a": b"x"})
    made = shelf.log("data", {"a": b"y"})
    linked = link(shelf, made["id"], "pf", "prod")["artifactMembership"]
    assert linked["artifactCollection"] == {"__typename": "ArtifactPortfolio", "name": "pf"}
    assert (linked["versionIndex"], linked["artifact"]["artifactSequence"]["name"]) == (0, "data")
    assert {alias["alias"] for alias in linked["aliases"]} == {"v0", "prod", "latest"}


def test_linking_again_changes_nothing_but_the_aliases(shelf: Shelf) -> None:
    made = shelf.log("data", {"a": b"x"})
    first = link(shelf, made["id"], "pf", "a")
    again = link(shelf, made["id"], "pf", "b")
    assert again["artifactMembership"]["id"] == first["artifactMembership"]["id"]
    assert {alias["alias"] for alias in place(shelf, "pf")["aliases"]} == {"v0", "a", "b", "latest"}


def test_latest_of_a_portfolio_moves_with_every_link(shelf: Shelf) -> None:
    for content in (b"x", b"y"):
        link(shelf, shelf.log("data", {"a": content})["id"], "pf")
    assert shelf.aliases("pf") == {"v0": 0, "v1": 1, "latest": 1}


def test_a_link_of_another_type_is_refused(shelf: Shelf) -> None:
    link(shelf, shelf.log("data", {"a": b"x"})["id"], "pf")
    model = shelf.log("net", {"a": b"x"}, artifactTypeName="model")
    sent = {**shelf.place, "artifactID": model["id"], "artifactPortfolioName": "pf"}
    assert shelf.caller.refusal(LINK, i=sent)[0] == 409


def test_nothing_is_logged_to_a_portfolio_and_nothing_linked_to_a_sequence(shelf: Shelf) -> None:
    made = shelf.log("data", {"a": b"x"})
    link(shelf, made["id"], "pf")
    sent = {**shelf.place, "artifactID": made["id"], "artifactPortfolioName": "data"}
    assert "sequence" in shelf.caller.refusal(LINK, i=sent)[1]
    assert "portfolio" in shelf.caller.refusal(CREATE, i=shelf.input("pf", {"a": b64md5(b"z")}))[1]


def test_unlinking_leaves_the_version_in_its_sequence(shelf: Shelf) -> None:
    made = shelf.log("data", {"a": b"x"})
    linked = link(shelf, made["id"], "pf")
    sent = {"artifactID": made["id"], "artifactPortfolioID": linked["artifactCollectionID"]}
    assert shelf.caller.data(UNLINK, i=sent) == {"unlinkArtifact": {"success": True}}
    assert (place(shelf, "pf:v0"), place(shelf, "data:v0")["artifact"]["id"]) == (None, made["id"])


def test_an_alias_means_one_version_of_its_collection(shelf: Shelf) -> None:
    first, second = (shelf.log("data", {"a": content}) for content in (b"x", b"y"))
    alias = {**shelf.place, "artifactCollectionName": "data", "alias": "best"}
    for made in (first, second):
        shelf.caller.data(ADD_ALIASES, i={"artifactID": made["id"], "aliases": [alias]})
    assert shelf.aliases("data")["best"] == 1
    shelf.caller.data(DELETE_ALIASES, i={"artifactID": second["id"], "aliases": [alias]})
    assert "best" not in shelf.aliases("data")


@pytest.mark.parametrize("alias", ["a/b", "a:b", "", "v7", "x" * 129])
def test_what_cannot_be_an_alias_is_refused(shelf: Shelf, alias: str) -> None:
    made = shelf.log("data", {"a": b"x"})
    sent = {**shelf.place, "artifactCollectionName": "data", "alias": alias}
    assert shelf.caller.refusal(ADD_ALIASES, i={"artifactID": made["id"], "aliases": [sent]})[0] == 400


def test_the_number_of_a_version_cannot_be_taken_from_it(shelf: Shelf) -> None:
    made = shelf.log("data", {"a": b"x"})
    alias = {**shelf.place, "artifactCollectionName": "data", "alias": "v0"}
    shelf.caller.data(DELETE_ALIASES, i={"artifactID": made["id"], "aliases": [alias]})
    assert place(shelf, "data:v0")["artifact"]["id"] == made["id"]


def test_a_collection_is_renamed_described_and_given_another_type(shelf: Shelf) -> None:
    shelf.log("data", {"a": b"x"})
    found = collection(shelf, "data")
    update = """mutation U($i: UpdateArtifactSequenceInput!) {
      updateArtifactSequence(input: $i) { artifactCollection { name } } }"""
    move = """mutation M($i: MoveArtifactSequenceInput!) {
      moveArtifactSequence(input: $i) { artifactCollection { name } } }"""
    shelf.caller.data(update, i={"artifactSequenceID": found["id"], "name": "new", "description": "d"})
    shelf.caller.data(move, i={"artifactSequenceID": found["id"], "destinationArtifactTypeName": "model"})
    now = collection(shelf, "new")
    assert (now["id"], now["description"], now["type"]["name"]) == (found["id"], "d", "model")
    assert collection(shelf, "data") is None


def test_a_taken_name_is_refused(shelf: Shelf) -> None:
    shelf.log("one", {"a": b"x"})
    shelf.log("two", {"a": b"x"})
    update = (
        "mutation U($i: UpdateArtifactSequenceInput!) { updateArtifactSequence(input: $i) { __typename } }"
    )
    sent = {"artifactSequenceID": collection(shelf, "one")["id"], "name": "two"}
    assert shelf.caller.refusal(update, i=sent)[0] == 409


def test_tags_are_added_once_and_taken_away(shelf: Shelf) -> None:
    shelf.log("data", {"a": b"x"})
    tagging(shelf, "create", "data", "a", "b")
    tagging(shelf, "create", "data", "b", "c")
    tagging(shelf, "delete", "data", "a")
    tags = collection(shelf, "data")["tags"]["edges"]
    assert [edge["node"]["name"] for edge in tags] == ["b", "c"]


def test_deleting_a_sequence_takes_its_versions_out_of_portfolios_too(shelf: Shelf) -> None:
    made = shelf.log("data", {"a": b"x"})
    link(shelf, made["id"], "pf")
    delete = """mutation D($id: ID!) { deleteArtifactSequence(input: {artifactSequenceID: $id}) {
      artifactCollection { __typename state } } }"""
    answer = shelf.caller.data(delete, id=collection(shelf, "data")["id"])["deleteArtifactSequence"]
    assert answer["artifactCollection"] == {"__typename": "ArtifactSequence", "state": "DELETED"}
    assert (place(shelf, "pf:v0"), collection(shelf, "data")) == (None, None)


def test_deleting_a_portfolio_leaves_the_versions(shelf: Shelf) -> None:
    made = shelf.log("data", {"a": b"x"})
    linked = link(shelf, made["id"], "pf")
    delete = """mutation D($id: ID!) { deleteArtifactPortfolio(input: {artifactPortfolioID: $id}) {
      artifactCollection { state } } }"""
    shelf.caller.data(delete, id=linked["artifactCollectionID"])
    assert (collection(shelf, "pf"), place(shelf, "data")["artifact"]["id"]) == (None, made["id"])


def test_the_name_of_a_deleted_collection_is_free(shelf: Shelf) -> None:
    shelf.log("data", {"a": b"x"})
    delete = """mutation D($id: ID!) {
      deleteArtifactSequence(input: {artifactSequenceID: $id}) { __typename } }"""
    shelf.caller.data(delete, id=collection(shelf, "data")["id"])
    assert shelf.log("data", {"a": b"x"}, artifactTypeName="model")["versionIndex"] == 0


def test_a_version_of_another_project_is_linked_by_who_may_read_it(house: House) -> None:
    bob, mallory = house.call("bob"), house.call("mallory")
    made = Shelf(bob, "lab", "source").log("data", {"a": b"x"})
    own = Shelf(bob, "bob", "target")
    assert link(own, made["id"], "pf")["versionIndex"] == 0
    theirs = Shelf(mallory, "mallory", "target")
    sent = {**theirs.place, "artifactID": made["id"], "artifactPortfolioName": "pf"}
    assert mallory.refusal(LINK, i=sent) == (404, "artifact not found")
