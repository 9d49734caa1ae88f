"""Versions over HTTP: created, uploaded, committed, found, described, used and deleted."""

from __future__ import annotations

import base64
import json
import re
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from shelf import COMMIT, CREATE, Shelf, b64md5, digest_of

from wandkit.server.artifact_deletion import expire_versions

if TYPE_CHECKING:
    from conftest import Caller, House

FIND = """query F($e: String, $p: String, $n: String!) { project(entityName: $e, name: $p) {
  artifact(name: $n) { id versionIndex state digest } } }"""
ONE = """query O($id: ID!) { artifact(id: $id) { id state versionIndex description metadata size digest
  fileCount
  ttlDurationSeconds ttlIsInherited historyStep createdAt commitHash usedCount
  tags { name } artifactType { name } artifactSequence { __typename name }
  aliases { alias artifactCollectionName } createdBy { __typename }
  usedBy { edges { node { name } } }
  artifactLineageDag(limit: 2, filterGeneratedArtifacts: false) { hitLimit }
  currentManifest { type digest file { directUrl sizeBytes } } } }"""
LISTED = """query L($e: String, $p: String, $n: String!, $names: [String!], $first: Int, $after: String) {
  project(entityName: $e, name: $p) { artifact(name: $n) {
    files(names: $names, first: $first, after: $after) { totalCount pageInfo { hasNextPage endCursor }
    edges { node { name displayName sizeBytes directUrl isReference mimetype } } } } } }"""
UPDATE = "mutation U($i: UpdateArtifactInput!) { updateArtifact(input: $i) { artifact { id } } }"
DELETE = "mutation D($i: DeleteArtifactInput!) { deleteArtifact(input: $i) { artifact { id state } } }"


@pytest.fixture
def shelf(ada: Caller, request: pytest.FixtureRequest) -> Shelf:
    return Shelf(ada, "ada", re.sub(r"\W+", "-", request.node.name)[:100])


def one(shelf: Shelf, version: str) -> Any:
    return shelf.caller.data(ONE, id=version)["artifact"]


def find(shelf: Shelf, name: str) -> Any:
    place = shelf.place
    found = shelf.caller.data(FIND, e=place["entityName"], p=place["projectName"], n=name)
    return found["project"]["artifact"]


def listed(shelf: Shelf, name: str, **arguments: Any) -> Any:
    place = shelf.place
    answer = shelf.caller.data(LISTED, e=place["entityName"], p=place["projectName"], n=name, **arguments)
    return answer["project"]["artifact"]["files"]


def blob_count(house: House) -> int:
    folder = house.server.data_dir / "blobs"
    return sum(1 for path in folder.rglob("*") if path.is_file() and path.parent.name != "tmp")


def test_versions_are_numbered_in_the_order_of_their_commits(shelf: Shelf) -> None:
    numbers = [shelf.log("data", {"a": content})["versionIndex"] for content in (b"0", b"1", b"2")]
    assert numbers == [0, 1, 2]


def test_a_new_version_is_pending_and_has_no_number(shelf: Shelf) -> None:
    made = shelf.create("data", {"a": b64md5(b"x")})
    assert (made["state"], one(shelf, made["id"])["versionIndex"]) == ("PENDING", None)


def test_the_same_contents_are_the_same_version(shelf: Shelf) -> None:
    first = shelf.log("data", {"a": b"x"})
    shelf.log("data", {"a": b"y"})
    again = shelf.create("data", {"a": b64md5(b"x")})
    assert (again["id"], again["state"]) == (first["id"], "COMMITTED")


def test_the_same_contents_are_another_version_where_that_is_asked_for(shelf: Shelf) -> None:
    shelf.log("data", {"a": b"x"})
    again = shelf.log("data", {"a": b"x"}, enableDigestDeduplication=False)
    assert again["versionIndex"] == 1


def test_logging_known_contents_moves_the_aliases_back(shelf: Shelf) -> None:
    latest = [{"artifactCollectionName": "data", "alias": "latest"}]
    shelf.log("data", {"a": b"x"}, aliases=latest)
    shelf.log("data", {"a": b"y"}, aliases=latest)
    shelf.log("data", {"a": b"x"}, aliases=[*latest, {"artifactCollectionName": "data", "alias": "best"}])
    assert shelf.aliases("data") == {"v0": 0, "v1": 1, "latest": 0, "best": 0}


def test_latest_moves_with_every_commit_and_other_aliases_when_asked(shelf: Shelf) -> None:
    best = [{"artifactCollectionName": "data", "alias": "best"}]
    shelf.log("data", {"a": b"x"}, aliases=best)
    shelf.log("data", {"a": b"y"})
    assert shelf.aliases("data") == {"v0": 0, "best": 0, "v1": 1, "latest": 1}


def test_aliases_wait_for_the_commit(shelf: Shelf) -> None:
    best = [{"artifactCollectionName": "data", "alias": "best"}]
    shelf.log("data", {"a": b"x"}, aliases=best)
    shelf.create("data", {"a": b64md5(b"y")}, aliases=best)
    assert shelf.aliases("data")["best"] == 0


@pytest.mark.parametrize(("name", "number"), [("data", 1), ("data:latest", 1), ("data:v0", 0), ("data:b", 0)])
def test_a_version_is_found_by_its_name(shelf: Shelf, name: str, number: int) -> None:
    shelf.log("data", {"a": b"x"}, aliases=[{"artifactCollectionName": "data", "alias": "b"}])
    shelf.log("data", {"a": b"y"})
    assert find(shelf, name)["versionIndex"] == number


@pytest.mark.parametrize("name", ["data:v7", "data:none", "other", "", ":", "data:v07"])
def test_what_is_not_there_is_null(shelf: Shelf, name: str) -> None:
    shelf.log("data", {"a": b"x"})
    assert find(shelf, name) is None


def test_a_commit_measures_counts_and_digests(shelf: Shelf) -> None:
    contents = {"b/ü n.txt": b"12345", "a": b"", "c": b"12345"}
    made = shelf.log("data", contents, {"ref": "s3://bucket/key"})
    digests = {name: b64md5(content) for name, content in contents.items()} | {"ref": "s3://bucket/key"}
    assert made["digest"] == digest_of(digests)
    assert (made["size"], made["fileCount"], made["state"]) == (10, 4, "COMMITTED")


def test_a_committed_version_stays_as_it_is_when_committed_again(shelf: Shelf) -> None:
    made = shelf.log("data", {"a": b"x"})
    assert shelf.commit(made["id"]) == made


def test_a_commit_without_a_manifest_is_refused(shelf: Shelf) -> None:
    made = shelf.create("data", {"a": b64md5(b"x")})
    status, message = shelf.caller.refusal(COMMIT, id=made["id"])
    assert (status, "no manifest" in message) == (400, True)


def test_a_commit_names_the_contents_that_are_missing(shelf: Shelf) -> None:
    digests = {"here": b64md5(b"1"), "there/x": b64md5(b"never uploaded")}
    made = shelf.create("data", digests)
    shelf.upload(made["id"], {"here": b"1"})
    shelf.manifest(made["id"], {name: {"digest": digest, "size": 1} for name, digest in digests.items()})
    status, message = shelf.caller.refusal(COMMIT, id=made["id"])
    assert (status, "there/x" in message, "here," in message) == (400, True, False)


def test_a_manifest_that_lies_about_a_size_is_refused(shelf: Shelf) -> None:
    made = shelf.create("data", {"a": b64md5(b"x")})
    shelf.upload(made["id"], {"a": b"x"})
    shelf.manifest(made["id"], {"a": {"digest": b64md5(b"x"), "size": 5}})
    assert shelf.caller.refusal(COMMIT, id=made["id"])[0] == 400


def test_a_manifest_with_other_entries_than_announced_is_refused(shelf: Shelf) -> None:
    made = shelf.create("data", {"a": b64md5(b"x")})
    shelf.upload(made["id"], {"b": b"x"})
    shelf.manifest(made["id"], {"b": {"digest": b64md5(b"x"), "size": 1}})
    status, message = shelf.caller.refusal(COMMIT, id=made["id"])
    assert (status, "digest" in message) == (400, True)


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "a//b", ""])
def test_entries_that_lead_elsewhere_are_refused(shelf: Shelf, name: str) -> None:
    made = shelf.create("data", {name: "s3://x"})
    shelf.manifest(made["id"], {name: {"digest": "s3://x", "ref": "s3://x"}})
    assert shelf.caller.refusal(COMMIT, id=made["id"])[0] == 400


def test_a_repeated_request_of_one_client_makes_one_version(shelf: Shelf) -> None:
    first = shelf.create("data", {"a": b64md5(b"x")}, clientID="c" * 128)
    again = shelf.create("data", {"a": b64md5(b"x")}, clientID="c" * 128)
    assert again["id"] == first["id"]


def test_client_ids_map_to_ours(shelf: Shelf) -> None:
    made = shelf.create("data", {"a": b64md5(b"x")}, clientID="v" * 128, sequenceClientID="s" * 128)
    ask = "query M($c: ID!) { clientIDMapping(clientID: $c) { clientID serverID } }"
    found = {key: shelf.caller.data(ask, c=key * 128)["clientIDMapping"] for key in "vs"}
    assert found["v"] == {"clientID": "v" * 128, "serverID": made["id"]}
    assert found["s"]["serverID"] == made["artifactSequence"]["id"]


def test_a_sequence_keeps_its_type(shelf: Shelf) -> None:
    shelf.log("data", {"a": b"x"})
    wrong = shelf.input("data", {"a": b64md5(b"y")}, artifactTypeName="model")
    status, message = shelf.caller.refusal(CREATE, i=wrong)
    assert (status, "dataset" in message and "model" in message) == (409, True)


def test_writers_with_one_distributed_id_share_a_version(shelf: Shelf) -> None:
    first, second = ({"a": b"1"}, {"b": b"22"})
    made = shelf.create("data", {}, distributedID="d")
    same = shelf.create("data", {}, distributedID="d")
    for contents in (first, second):
        shelf.upload(made["id"], contents)
        entries = {
            name: {"digest": b64md5(content), "size": len(content)} for name, content in contents.items()
        }
        shelf.manifest(made["id"], entries, type="PATCH")
    done = shelf.commit(made["id"])
    assert same["id"] == made["id"]
    assert (done["fileCount"], done["size"]) == (2, 3)
    assert done["digest"] == digest_of({"a": b64md5(b"1"), "b": b64md5(b"22")})


def test_each_writer_of_a_shared_version_may_bring_aliases(shelf: Shelf) -> None:
    for alias in ("first", "second"):
        named = [{"artifactCollectionName": "data", "alias": alias}]
        made = shelf.create("data", {}, distributedID="d", aliases=named)
    shelf.manifest(made["id"], {}, type="PATCH")
    shelf.commit(made["id"])
    assert shelf.aliases("data") == {"v0": 0, "latest": 0, "first": 0, "second": 0}


def test_an_increment_builds_on_the_latest_version(shelf: Shelf) -> None:
    shelf.log("data", {"a": b"1", "b": b"2"})
    made = shelf.create("data", {"b": b64md5(b"3")})
    shelf.upload(made["id"], {"b": b"3"})
    shelf.manifest(made["id"], {"b": {"digest": b64md5(b"3"), "size": 1}}, type="INCREMENTAL")
    done = shelf.commit(made["id"])
    assert done["digest"] == digest_of({"a": b64md5(b"1"), "b": b64md5(b"3")})


def test_files_are_listed_with_links_that_need_no_credentials(shelf: Shelf, house: House) -> None:
    shelf.log("data", {"b/ü n.json": b"{}", "a": b""}, {"r": "s3://bucket/key"})
    page = listed(shelf, "data")
    nodes = {edge["node"]["name"]: edge["node"] for edge in page["edges"]}
    got = house.call(None).client.get(nodes["b/ü n.json"]["directUrl"])
    assert (got.content, got.headers["content-type"]) == (b"{}", "application/json")
    assert list(nodes) == ["a", "b/ü n.json", "r"]
    assert (nodes["r"]["isReference"], nodes["r"]["directUrl"]) == (True, "s3://bucket/key")
    assert page["totalCount"] == 3


def test_files_come_in_pages_and_by_name(shelf: Shelf) -> None:
    shelf.log("data", {f"{number:02}": b"x" for number in range(7)})
    first = listed(shelf, "data", first=5)
    rest = listed(shelf, "data", first=5, after=first["pageInfo"]["endCursor"])
    named = listed(shelf, "data", names=["03", "none"])
    assert [edge["node"]["name"] for edge in rest["edges"]] == ["05", "06"]
    assert [edge["node"]["name"] for edge in named["edges"]] == ["03"]
    assert (first["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasNextPage"]) == (True, False)


def test_a_page_of_urls_costs_the_same_however_long_it_is(shelf: Shelf, house: House) -> None:
    shelf.log("few", {"a": b"x"})
    shelf.log("many", {f"{number:03}": str(number).encode() for number in range(200)})
    assert statements(house, lambda: listed(shelf, "many", first=500)) == statements(
        house, lambda: listed(shelf, "few", first=500)
    )


def test_a_page_of_versions_costs_the_same_however_long_it_is(shelf: Shelf, house: House) -> None:
    ask = """query V($e: String, $p: String) { project(entityName: $e, name: $p) {
      artifactCollection(name: "data") { artifacts { edges { version node { id metadata tags { name }
        artifactType { name } artifactSequence { name project { name entity { name } } }
        aliases { alias artifactCollection { __typename name project { name } } } } } } } } }"""
    place = {"e": shelf.place["entityName"], "p": shelf.place["projectName"]}
    counts = []
    for number in range(8):
        shelf.log("data", {"a": str(number).encode()}, tags=[{"tagName": "t"}])
        if number in (0, 7):
            counts.append(statements(house, lambda: shelf.caller.data(ask, **place)))
    assert counts[0] == counts[1]


def test_the_manifest_can_be_read_without_credentials(shelf: Shelf, house: House) -> None:
    made = shelf.log("data", {"a": b"x"})
    manifest = one(shelf, made["id"])["currentManifest"]
    text = house.call(None).client.get(manifest["file"]["directUrl"]).content
    assert (b64md5(text), manifest["type"]) == (manifest["digest"], "FULL")
    assert json.loads(text)["contents"]["a"] == {"digest": b64md5(b"x"), "size": 1}


def test_a_version_is_described_and_null_leaves_things_as_they_are(shelf: Shelf) -> None:
    fields = {"description": "d", "metadata": '{"k": NaN}', "historyStep": 3, "tags": [{"tagName": "t"}]}
    made = shelf.log("data", {"a": b"x"}, **fields)
    change = {"artifactID": made["id"], "tagsToAdd": [{"tagName": "u"}], "tagsToDelete": [{"tagName": "t"}]}
    shelf.caller.data(UPDATE, i={**change, "description": None, "metadata": None})
    found = one(shelf, made["id"])
    assert (found["description"], found["metadata"], found["historyStep"]) == ("d", '{"k": NaN}', 3)
    assert found["tags"] == [{"name": "u"}]


def test_metadata_that_is_no_json_object_is_refused(shelf: Shelf) -> None:
    made = shelf.log("data", {"a": b"x"})
    assert shelf.caller.refusal(UPDATE, i={"artifactID": made["id"], "metadata": "[1]"})[0] == 400


@pytest.mark.parametrize(
    ("sent", "seconds", "inherited"), [(None, -2, True), (-1, -2, True), (-2, -2, False), (3600, 3600, False)]
)
def test_a_lifetime_is_given_inherited_or_endless(
    shelf: Shelf, sent: int | None, seconds: int, inherited: bool
) -> None:
    found = one(shelf, shelf.log("data", {"a": b"x"}, ttlDurationSeconds=sent)["id"])
    assert (found["ttlDurationSeconds"], found["ttlIsInherited"]) == (seconds, inherited)


def test_a_version_with_aliases_is_deleted_only_with_them(shelf: Shelf) -> None:
    made = shelf.log("data", {"a": b"x"})
    status, message = shelf.caller.refusal(DELETE, i={"artifactID": made["id"]})
    assert (status, "latest" in message) == (409, True)
    answer = shelf.caller.data(DELETE, i={"artifactID": made["id"], "deleteAliases": True})
    assert answer["deleteArtifact"]["artifact"]["state"] == "DELETED"
    assert find(shelf, "data:v0") is None


def test_numbers_of_deleted_versions_are_not_used_again(shelf: Shelf) -> None:
    first = shelf.log("data", {"a": b"x"})
    shelf.caller.data(DELETE, i={"artifactID": first["id"], "deleteAliases": True})
    assert shelf.log("data", {"a": b"x"})["versionIndex"] == 1


def test_deleting_frees_what_nothing_else_uses(shelf: Shelf, house: House) -> None:
    before = blob_count(house)
    first = shelf.log("data", {"mine": b"only here, " * 9, "shared": b"in both, " * 9})
    second = shelf.log("data", {"shared": b"in both, " * 9})
    shelf.caller.data(DELETE, i={"artifactID": first["id"], "deleteAliases": True})
    assert blob_count(house) == before + 2
    shelf.caller.data(DELETE, i={"artifactID": second["id"], "deleteAliases": True})
    assert blob_count(house) == before


def test_contents_that_two_versions_have_are_stored_once(shelf: Shelf, house: House) -> None:
    shelf.log("one", {"a": b"the same, " * 9})
    before = blob_count(house)
    shelf.log("two", {"b": b"the same, " * 9})
    assert blob_count(house) == before + 1


def test_runs_list_what_they_made_and_used(shelf: Shelf) -> None:
    project = shelf.place["projectName"]
    shelf.caller.upsert(project, "maker")
    shelf.caller.upsert(project, "user")
    made = shelf.log("data", {"a": b"x"}, runName="maker")
    use = "mutation U($i: UseArtifactInput!) { useArtifact(input: $i) { artifact { id } run { name } } }"
    for name in ("first", "second"):
        shelf.caller.data(use, i={**shelf.place, "artifactID": made["id"], "runName": "user", "usedAs": name})
    ask = """query R($p: String, $n: String!) { project(name: $p) { run(name: $n) {
      outputArtifacts { totalCount edges { node { id } } }
      inputArtifacts { totalCount edges { usedAs node { id } } } } } }"""
    maker = shelf.caller.data(ask, p=project, n="maker")["project"]["run"]
    user = shelf.caller.data(ask, p=project, n="user")["project"]["run"]
    assert maker["outputArtifacts"] == {"totalCount": 1, "edges": [{"node": {"id": made["id"]}}]}
    assert user["inputArtifacts"]["edges"] == [{"usedAs": ["first", "second"], "node": {"id": made["id"]}}]
    found = one(shelf, made["id"])
    assert (found["createdBy"]["__typename"], found["usedCount"]) == ("Run", 1)
    assert [edge["node"]["name"] for edge in found["usedBy"]["edges"]] == ["user"]
    assert found["artifactLineageDag"] == {"hitLimit": True}


def test_without_a_run_the_user_made_it(shelf: Shelf) -> None:
    assert one(shelf, shelf.log("data", {"a": b"x"})["id"])["createdBy"] == {"__typename": "User"}


def test_a_run_can_take_its_versions_with_it(shelf: Shelf) -> None:
    run = shelf.caller.upsert(shelf.place["projectName"], "r")
    shelf.log("data", {"a": b"x"}, runName="r")
    shelf.caller.data(
        "mutation D($id: ID!) { deleteRun(input: {id: $id, deleteArtifacts: true}) { clientMutationId } }",
        id=run["id"],
    )
    assert find(shelf, "data:v0") is None


def test_who_may_not_read_a_project_finds_no_versions(house: House) -> None:
    made = Shelf(house.call("bob"), "lab", "closed").log("data", {"a": b"x"})
    assert house.call("mallory").data(ONE, id=made["id"])["artifact"] is None
    assert house.call("eve").data(ONE, id=made["id"])["artifact"]["id"] == made["id"]


def test_who_may_only_look_changes_nothing(house: House) -> None:
    shelf = Shelf(house.call("bob"), "lab", "looked-at")
    made = shelf.log("data", {"a": b"x"})
    eve = house.call("eve")
    assert eve.refusal(CREATE, i=shelf.input("data", {"a": b64md5(b"y")}))[0] == 403
    assert eve.refusal(UPDATE, i={"artifactID": made["id"], "description": "d"})[0] == 403
    assert eve.refusal(DELETE, i={"artifactID": made["id"], "deleteAliases": True})[0] == 403


def statements(house: House, act: Any) -> int:
    """Return how many SQL statements an act takes on the server, without what others ask of it meanwhile."""
    return min(counted(house, act) for _ in range(3))


def counted(house: House, act: Any) -> int:
    """Return how many SQL statements reach the store during an act."""
    from sqlalchemy import event

    seen: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    engine = house.server.app.state.database.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        act()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return len(seen)


def test_a_version_goes_when_its_lifetime_is_over(shelf: Shelf, house: House) -> None:
    lasting = shelf.log("data", {"a": b"x"}, ttlDurationSeconds=-2)
    going = shelf.log("data", {"a": b"y"}, ttlDurationSeconds=3600)
    state = house.server.app.state
    tomorrow = datetime.now(timezone.utc) + timedelta(days=1)
    assert expire_versions(state.database, state.services["blobs"]) == 0
    expire_versions(state.database, state.services["blobs"], tomorrow)
    assert [one(shelf, made["id"])["state"] for made in (lasting, going)] == ["COMMITTED", "DELETED"]


def test_an_upload_that_was_given_up_goes_after_two_weeks(shelf: Shelf, house: House) -> None:
    given_up = shelf.create("data", {"a": b64md5(b"x")})
    state = house.server.app.state
    expire_versions(state.database, state.services["blobs"], datetime.now(timezone.utc) + timedelta(days=15))
    assert one(shelf, given_up["id"])["state"] == "DELETED"


def test_a_reference_to_an_entry_of_another_version_leads_to_its_content(shelf: Shelf, house: House) -> None:
    target = shelf.log("data", {"deep/a": b"the content"})
    there = f"wandb-artifact://{base64.b64decode(target['id']).hex()}/deep/a"
    shelf.log("refs", {}, {"b": there, "c": "wandb-artifact://00/x"})
    urls = {edge["node"]["name"]: edge["node"]["directUrl"] for edge in listed(shelf, "refs")["edges"]}
    assert house.call(None).client.get(urls["b"]).content == b"the content"
    assert urls["c"] == "wandb-artifact://00/x"


def test_the_versions_of_a_deleted_project_are_gone(shelf: Shelf) -> None:
    made = shelf.log("data", {"a": b"x"})
    ask = "query P($e: String, $p: String) { project(entityName: $e, name: $p) { id } }"
    found = shelf.caller.data(ask, e="ada", p=shelf.place["projectName"])["project"]
    shelf.caller.data(
        "mutation D($id: String!) { deleteModel(input: {id: $id}) { success } }", id=found["id"]
    )
    assert one(shelf, made["id"]) is None
