"""Contents of versions: where they go in, in parts too, and who gets them out again."""

from __future__ import annotations

import base64
import hashlib
import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import pytest
from shelf import COMMIT, FILES, Shelf, b64md5, b64xxh128

if TYPE_CHECKING:
    from conftest import Caller, House

COMPLETE = """mutation C($i: CompleteMultipartUploadArtifactInput!) {
  completeMultipartUploadArtifact(input: $i) { digest } }"""
REFRESH = """mutation R($i: RefreshMultipartUploadUrlsInput!) {
  refreshMultipartUploadUrls(input: $i) { uploadUrlParts { partNumber uploadUrl } } }"""


@pytest.fixture
def shelf(ada: Caller, request: pytest.FixtureRequest) -> Shelf:
    return Shelf(ada, "ada", request.node.name[:100])


def fresh() -> bytes:
    return secrets.token_bytes(40)


def in_parts(shelf: Shelf, version: str, name: str, parts: list[bytes]) -> dict[str, Any]:
    """Ask for an upload in parts."""
    spec = {
        "artifactID": version,
        "name": name,
        "md5": b64md5(b"".join(parts)),
        "uploadPartsInput": [
            {"partNumber": place, "hexMD5": hashlib.md5(part, usedforsecurity=False).hexdigest()}
            for place, part in enumerate(parts, 1)
        ],
    }
    answer = shelf.caller.data(FILES, i={"artifactFiles": [spec], "storageLayout": "V2"})
    (edge,) = answer["createArtifactFiles"]["files"]["edges"]
    node: dict[str, Any] = edge["node"]
    return node


def complete(version: str, node: dict[str, Any], etags: list[str]) -> dict[str, Any]:
    return {
        "artifactID": version,
        "completeMultipartAction": "Complete",
        "completedParts": [{"partNumber": place, "hexMD5": etag} for place, etag in enumerate(etags, 1)],
        "storagePath": node["storagePath"],
        "uploadID": node["uploadMultipartUrls"]["uploadID"],
    }


def test_uploads_are_answered_in_the_order_of_the_request(shelf: Shelf) -> None:
    made = shelf.create("data", {"x": "y"})
    contents = {name: fresh() for name in ("z", "a", "m/ü n", "b")}
    nodes = shelf.files(made["id"], contents)
    assert [node["name"] for node in nodes] == list(contents)
    assert {node["artifact"]["id"] for node in nodes} == {made["id"]}


def test_what_is_there_already_needs_no_upload_and_keeps_its_origin(shelf: Shelf) -> None:
    known, new = fresh(), fresh()
    first = shelf.log("data", {"a": known})
    made = shelf.create("data", {"x": "y"})
    there, missing = shelf.files(made["id"], {"b": known, "c": new})
    assert (there["uploadUrl"], there["artifact"]["id"]) == (None, first["id"])
    assert missing["uploadUrl"] is not None


def test_an_upload_of_other_bytes_than_announced_is_refused(shelf: Shelf) -> None:
    made = shelf.create("data", {"x": "y"})
    (node,) = shelf.files(made["id"], {"a": fresh()})
    assert shelf.put(node["uploadUrl"], b"something else").status_code == 400


def test_an_upload_link_needs_its_signature(shelf: Shelf) -> None:
    made = shelf.create("data", {"x": "y"})
    content = fresh()
    (node,) = shelf.files(made["id"], {"a": content})
    assert shelf.put(node["uploadUrl"].partition("?")[0], content).status_code == 403


def test_a_committed_version_takes_no_more_uploads(shelf: Shelf) -> None:
    content = fresh()
    made = shelf.create("data", {"a": b64md5(content)})
    (node,) = shelf.files(made["id"], {"a": content})
    assert shelf.put(node["uploadUrl"], content).status_code == 200
    shelf.manifest(made["id"], {"a": {"digest": b64md5(content), "size": len(content)}})
    shelf.commit(made["id"])
    assert shelf.put(node["uploadUrl"], content).status_code == 409
    assert (
        shelf.caller.refusal(
            FILES,
            i={
                "storageLayout": "V2",
                "artifactFiles": [{"artifactID": made["id"], "name": "b", "md5": b64md5(b"")}],
            },
        )[0]
        == 409
    )


def test_a_manifest_of_other_bytes_than_announced_is_refused(shelf: Shelf) -> None:
    made = shelf.create("data", {"x": "y"})
    document = """mutation M($i: CreateArtifactManifestInput!) { createArtifactManifest(input: $i) {
      artifactManifest { file { uploadUrl } } } }"""
    sent = {**shelf.place, "artifactID": made["id"], "name": "m.json", "digest": b64md5(b"{}"), "runName": ""}
    manifest = shelf.caller.data(document, i=sent)["createArtifactManifest"]["artifactManifest"]
    assert shelf.put(manifest["file"]["uploadUrl"], b"{ }").status_code == 400


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 0, 1]])
def test_a_file_goes_up_in_parts(shelf: Shelf, order: list[int]) -> None:
    parts = [fresh() * 100, fresh() * 50, b"end"]
    made = shelf.create("data", {"big": b64md5(b"".join(parts))})
    node = in_parts(shelf, made["id"], "big", parts)
    urls = {part["partNumber"]: part["uploadUrl"] for part in node["uploadMultipartUrls"]["uploadUrlParts"]}
    etags = {place: shelf.put(urls[place + 1], parts[place]).headers["etag"] for place in order}
    sent = complete(made["id"], node, [etags[place] for place in range(3)])
    digest = shelf.caller.data(COMPLETE, i=sent)["completeMultipartUploadArtifact"]["digest"]
    shelf.manifest(made["id"], {"big": {"digest": digest, "size": sum(map(len, parts))}})
    assert (digest, shelf.commit(made["id"])["size"]) == (b64md5(b"".join(parts)), sum(map(len, parts)))


def test_parts_that_arrived_stay_when_the_upload_is_started_again(shelf: Shelf) -> None:
    parts = [fresh(), fresh()]
    made = shelf.create("data", {"x": "y"})
    node = in_parts(shelf, made["id"], "big", parts)
    shelf.put(node["uploadMultipartUrls"]["uploadUrlParts"][0]["uploadUrl"], parts[0])
    again = in_parts(shelf, made["id"], "big", parts)
    shelf.put(again["uploadMultipartUrls"]["uploadUrlParts"][1]["uploadUrl"], parts[1])
    sent = complete(
        made["id"], again, [hashlib.md5(part, usedforsecurity=False).hexdigest() for part in parts]
    )
    assert shelf.caller.data(COMPLETE, i=sent)["completeMultipartUploadArtifact"]["digest"]


def test_completing_without_every_part_is_refused(shelf: Shelf) -> None:
    parts = [fresh(), fresh()]
    made = shelf.create("data", {"x": "y"})
    node = in_parts(shelf, made["id"], "big", parts)
    sent = complete(
        made["id"], node, [hashlib.md5(part, usedforsecurity=False).hexdigest() for part in parts]
    )
    assert shelf.caller.refusal(COMPLETE, i=sent)[0] == 400


def test_a_part_of_other_bytes_than_announced_is_refused(shelf: Shelf) -> None:
    made = shelf.create("data", {"x": "y"})
    node = in_parts(shelf, made["id"], "big", [fresh(), fresh()])
    assert shelf.put(node["uploadMultipartUrls"]["uploadUrlParts"][0]["uploadUrl"], b"?").status_code == 400


def test_links_of_parts_can_be_renewed(shelf: Shelf) -> None:
    parts = [fresh(), fresh()]
    made = shelf.create("data", {"x": "y"})
    node = in_parts(shelf, made["id"], "big", parts)
    sent = {
        "artifactID": made["id"],
        "storagePath": node["storagePath"],
        "uploadID": node["uploadMultipartUrls"]["uploadID"],
        "uploadPartsInput": [
            {"partNumber": 2, "hexMD5": hashlib.md5(parts[1], usedforsecurity=False).hexdigest()}
        ],
    }
    (renewed,) = shelf.caller.data(REFRESH, i=sent)["refreshMultipartUploadUrls"]["uploadUrlParts"]
    assert renewed["partNumber"] == 2
    assert shelf.put(renewed["uploadUrl"], parts[1]).status_code == 200


def paths(entity: str, project: str, version: str, content: bytes) -> list[str]:
    digest, birth = hashlib.md5(content, usedforsecurity=False).hexdigest(), quote(version, safe="")
    return [
        f"/artifacts/{entity}/{digest}",
        f"/artifactsV2/default/{entity}/{birth}/{digest}",
        f"/artifactsV2/default/{entity}/{project}/data/{birth}/{digest}/{quote('b/ü n', safe='')}",
        f"/artifactsV2/default/{entity}/{project}/data/{birth}/{birth}/{digest}/{quote('b/ü n', safe='')}",
    ]


def test_every_layout_gives_a_content_to_who_may_read_it(house: House) -> None:
    content = fresh()
    made = Shelf(house.call("bob"), "lab", "layouts").log("data", {"b/ü n": content})
    links = paths("lab", "layouts", made["id"], content)
    assert [house.call("eve").client.get(link).content for link in links] == [content] * 4
    assert [house.call("mallory").client.get(link).status_code for link in links] == [404] * 4
    assert [house.call(None).client.get(link).status_code for link in links] == [401] * 4


@pytest.mark.parametrize(
    "path", ["/artifacts/lab", "/artifacts/lab/zz", "/artifactsV2/a/b/c/d/e/f", "/artifacts/none/" + "0" * 32]
)
def test_other_paths_have_nothing(house: House, path: str) -> None:
    assert house.call("ada").client.get(path).status_code == 404


def test_a_content_comes_in_ranges(shelf: Shelf, house: House) -> None:
    content = bytes(range(256))
    made = shelf.log("data", {"a": content})
    link = paths("ada", "p", made["id"], content)[0]
    part = house.call("ada").client.get(link, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, content[10:20])


def test_a_link_to_one_content_opens_no_other(shelf: Shelf, house: House) -> None:
    one, other = fresh(), fresh()
    made = shelf.log("data", {"a": one, "b": other})
    ask = "query F($id: ID!) { artifact(id: $id) { files { edges { node { directUrl } } } } }"
    edges = shelf.caller.data(ask, id=made["id"])["artifact"]["files"]["edges"]
    first, second = (urlsplit(edge["node"]["directUrl"]) for edge in edges)
    swapped = f"{second.path}?{first.query}"
    assert house.call(None).client.get(f"{first.path}?{first.query}").content == one
    assert house.call(None).client.get(swapped).status_code == 403


def test_a_completed_upload_can_be_completed_again(shelf: Shelf) -> None:
    parts = [fresh(), fresh()]
    made = shelf.create("data", {"x": "y"})
    sent = complete(made["id"], uploaded(shelf, made["id"], parts), digests(parts))
    answers = [shelf.caller.data(COMPLETE, i=sent) for _ in range(2)]
    assert answers[0] == answers[1]


def test_giving_up_a_version_spares_what_another_took_from_its_upload(shelf: Shelf, house: House) -> None:
    parts = [fresh(), fresh()]
    given_up = shelf.create("one", {"x": "y"})
    node = uploaded(shelf, given_up["id"], parts)
    shelf.caller.data(COMPLETE, i=complete(given_up["id"], node, digests(parts)))
    made = shelf.log("two", {"a": b"".join(parts)})
    delete = "mutation D($id: ID!) { deleteArtifact(input: {artifactID: $id}) { artifact { state } } }"
    shelf.caller.data(delete, id=given_up["id"])
    link = paths("ada", "p", made["id"], b"".join(parts))[0]
    assert house.call("ada").client.get(link).content == b"".join(parts)


def test_parts_of_an_unfinished_upload_go_with_their_version(shelf: Shelf, house: House) -> None:
    stored = sorted((house.server.data_dir / "blobs").rglob("*"))
    made = shelf.create("data", {"x": "y"})
    node = in_parts(shelf, made["id"], "big", [fresh(), fresh()])
    urls = node["uploadMultipartUrls"]["uploadUrlParts"]
    assert len(urls) == 2
    uploaded(shelf, made["id"], [fresh(), fresh()])
    delete = "mutation D($id: ID!) { deleteArtifact(input: {artifactID: $id}) { artifact { state } } }"
    shelf.caller.data(delete, id=made["id"])
    left = [path for path in (house.server.data_dir / "blobs").rglob("*") if path.is_file()]
    assert [path for path in left if path not in stored] == []


def uploaded(shelf: Shelf, version: str, parts: list[bytes]) -> dict[str, Any]:
    """Upload all parts of a file."""
    node = in_parts(shelf, version, "uploaded", parts)
    for link, part in zip(node["uploadMultipartUrls"]["uploadUrlParts"], parts, strict=True):
        assert shelf.put(link["uploadUrl"], part).status_code == 200
    return node


def digests(parts: list[bytes]) -> list[str]:
    return [hashlib.md5(part, usedforsecurity=False).hexdigest() for part in parts]


XXH128 = "MANIFEST_XXH128"


def xxh128_entry(content: bytes, **fields: Any) -> dict[str, Any]:
    return {"digest": b64xxh128(content), "size": len(content), "extra": {"alg": "XXH128"}, **fields}


def log_xxh128(shelf: Shelf, contents: dict[str, bytes], entries: dict[str, Any]) -> dict[str, Any]:
    """Log a version whose digests are XXH128, as the newest official client does."""
    digests = {name: entry["digest"] for name, entry in entries.items()}
    made = shelf.create("data", digests, digestAlgorithm=XXH128)
    shelf.upload(made["id"], contents)
    shelf.manifest(made["id"], entries)
    return shelf.commit(made["id"])


def listed_files(shelf: Shelf, version: str) -> dict[str, dict[str, str]]:
    answer = shelf.caller.data(
        """query L($id: ID!) { artifact(id: $id) { files { edges { node {
          name digest md5 directUrl } } } } }""",
        id=version,
    )
    return {edge["node"]["name"]: edge["node"] for edge in answer["artifact"]["files"]["edges"]}


def test_a_version_with_xxh128_digests_is_kept_with_them(shelf: Shelf) -> None:
    content = fresh()
    made = log_xxh128(shelf, {"a": content}, {"a": xxh128_entry(content)})
    (file,) = listed_files(shelf, made["id"]).values()
    assert (file["digest"], file["md5"]) == (b64xxh128(content), b64md5(content))
    assert shelf.caller.client.get(file["directUrl"], auth=("", "")).content == content


def test_a_content_is_found_by_its_xxh128_digest_without_another_upload(shelf: Shelf) -> None:
    content = fresh()
    first = shelf.log("data", {"a": content})
    made = log_xxh128(shelf, {}, {"b": xxh128_entry(content)})
    assert made["id"] != first["id"]
    assert made["size"] == len(content)
    url = f"/artifacts/ada/{base64.b64decode(b64xxh128(content)).hex()}"
    assert shelf.caller.client.get(url).content == content


def test_an_xxh128_digest_that_no_content_has_is_refused(shelf: Shelf) -> None:
    content = fresh()
    wrong = xxh128_entry(b"other")
    made = shelf.create("data", {"a": wrong["digest"]}, digestAlgorithm=XXH128)
    shelf.upload(made["id"], {"a": content})
    shelf.manifest(made["id"], {"a": wrong})
    status, message = shelf.caller.refusal(COMMIT, id=made["id"])
    assert (status, "the contents of a were not uploaded" in message) == (400, True)


def test_joined_parts_have_an_xxh128_digest_too(shelf: Shelf) -> None:
    parts = [fresh(), fresh()]
    whole = b"".join(parts)
    made = shelf.create("data", {"a": b64xxh128(whole)}, digestAlgorithm=XXH128)
    node = in_parts(shelf, made["id"], "a", parts)
    for part, content in zip(node["uploadMultipartUrls"]["uploadUrlParts"], parts, strict=True):
        assert shelf.put(part["uploadUrl"], content).status_code == 200
    etags = [hashlib.md5(part, usedforsecurity=False).hexdigest() for part in parts]
    shelf.caller.data(COMPLETE, i=complete(made["id"], node, etags))
    shelf.manifest(made["id"], {"a": xxh128_entry(whole)})
    assert shelf.commit(made["id"])["state"] == "COMMITTED"
