"""Uploads and downloads by signed links."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from wandkit.testing import Server

if TYPE_CHECKING:
    from conftest import Caller, House

FILES = """query Files($project: String, $run: String!, $names: [String], $pattern: String, $first: Int,
                       $after: String, $upload: Boolean, $entity: String) {
  project(name: $project, entityName: $entity) { run(name: $run) {
    fileCount storageBytes
    files(names: $names, pattern: $pattern, first: $first, after: $after) {
      totalCount
      edges { cursor node { id name displayName url(upload: $upload) directUrl sizeBytes md5 mimetype
                            updatedAt exists } }
      pageInfo { hasNextPage endCursor }
    } } } }"""
CREATE = """mutation Create($project: String!, $run: String!, $files: [String!]!, $entity: String!) {
  createRunFiles(input: {entityName: $entity, projectName: $project, runName: $run, files: $files}) {
    runID uploadHeaders files { name uploadUrl } } }"""
DELETE = "mutation Delete($files: [ID!]!) { deleteFiles(input: {files: $files}) { success } }"


def files(caller: Caller, run: str, **variables: Any) -> list[dict[str, Any]]:
    """Return the nodes of a listing of the run's files."""
    page = caller.data(FILES, project="storage", run=run, **variables)["project"]["run"]["files"]
    return [edge["node"] for edge in page["edges"]]


def link(caller: Caller, run: str, name: str) -> str:
    """Return an upload link."""
    answer = caller.data(CREATE, project="storage", run=run, files=[name], entity="ada")
    url: str = answer["createRunFiles"]["files"][0]["uploadUrl"]
    return url


def put(caller: Caller, run: str, name: str, content: bytes) -> str:
    """Upload a file and return its download link."""
    assert httpx.put(link(caller, run, name), content=content, timeout=60).status_code == 200
    url: str = files(caller, run, names=[name])[0]["directUrl"]
    return url


@pytest.fixture
def run(ada: Caller, request: pytest.FixtureRequest) -> str:
    """Give a run of this test's own."""
    name = f"r{abs(hash(request.node.name)) % 10**9}"
    ada.upsert("storage", name)
    return name


def test_an_uploaded_file_comes_back_with_its_digest(ada: Caller, run: str) -> None:
    content = os.urandom(2_500_000)
    answer = httpx.get(put(ada, run, "model.bin", content), timeout=60)
    digest = hashlib.md5(content).digest()
    assert answer.content == content
    assert answer.headers["etag"] == f'"{digest.hex()}"'
    assert answer.headers["content-md5"] == base64.b64encode(digest).decode()
    node = files(ada, run)[0]
    assert (node["sizeBytes"], node["md5"]) == (len(content), answer.headers["content-md5"])


def test_an_upload_answers_with_an_etag(ada: Caller, run: str) -> None:
    answer = httpx.put(link(ada, run, "a.txt"), content=b"hello", timeout=60)
    assert answer.headers["etag"] == '"5d41402abc4b2a76b9719d911017c592"'


def test_a_chunked_upload_is_taken(ada: Caller, run: str) -> None:
    def pieces() -> Iterator[bytes]:
        yield from (b"one", b"two")

    assert httpx.put(link(ada, run, "a.txt"), content=pieces(), timeout=60).status_code == 200
    assert httpx.get(files(ada, run)[0]["url"], timeout=60).content == b"onetwo"


@pytest.mark.parametrize(
    "name", ["a b.txt", "dir/sub/é.txt", "100%.txt", "a#b?c=d&e.txt", "日本.json", "plus+.txt"]
)
def test_odd_names_are_kept(ada: Caller, run: str, name: str) -> None:
    assert httpx.get(put(ada, run, name, b"x"), timeout=60).content == b"x"
    assert [node["name"] for node in files(ada, run)] == [name]


@pytest.mark.parametrize(
    "name", ["", "/etc/passwd", "../x", "a/../../x", "a//b", "./a", "a\x00b", "x" * 5000]
)
def test_names_that_lead_elsewhere_are_refused(ada: Caller, run: str, name: str) -> None:
    status, message = ada.refusal(CREATE, project="storage", run=run, files=[name], entity="ada")
    assert status == 400
    assert "invalid file name" in message


@pytest.mark.parametrize(
    ("asked", "status", "content", "content_range"),
    [
        ("bytes=2-4", 206, b"234", "bytes 2-4/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=-3", 206, b"789", "bytes 7-9/10"),
        ("bytes=5-100", 206, b"56789", "bytes 5-9/10"),
        ("bytes=-100", 206, b"0123456789", "bytes 0-9/10"),
        ("bytes=10-", 416, None, "bytes */10"),
        ("bytes=-0", 416, None, "bytes */10"),
        ("bytes=4-2", 200, b"0123456789", None),
        ("bytes=0-1,3-4", 200, b"0123456789", None),
        ("lines=1-2", 200, b"0123456789", None),
    ],
)
def test_ranges(
    ada: Caller, run: str, asked: str, status: int, content: bytes | None, content_range: str | None
) -> None:
    answer = httpx.get(put(ada, run, "ten.txt", b"0123456789"), headers={"Range": asked}, timeout=60)
    assert answer.status_code == status
    assert answer.headers.get("content-range") == content_range
    assert content is None or answer.content == content


def test_a_range_of_an_older_content_gets_the_whole_new_one(ada: Caller, run: str) -> None:
    url = put(ada, run, "ten.txt", b"0123456789")
    answer = httpx.get(url, headers={"Range": "bytes=2-4", "If-Range": '"another"'}, timeout=60)
    assert (answer.status_code, answer.content) == (200, b"0123456789")


def test_a_new_upload_replaces_the_content_and_frees_the_old(house: House, ada: Caller, run: str) -> None:
    blobs = house.server.app.state.services["blobs"]
    put(ada, run, "a.txt", b"old")
    before = len(list(blobs.folder.rglob("*")))
    url = put(ada, run, "a.txt", b"newer")
    assert httpx.get(url, timeout=60).content == b"newer"
    assert len([path for path in blobs.folder.rglob("*") if path.is_file()]) <= before
    assert [node["sizeBytes"] for node in files(ada, run)] == [5]


@pytest.mark.parametrize("change", ["method", "name", "expiry", "unsigned"])
def test_a_changed_link_is_refused(ada: Caller, run: str, change: str) -> None:
    url = put(ada, run, "a.txt", b"x")
    if change == "method":
        answer = httpx.put(url, content=b"y", timeout=60)
    else:
        changed = {
            "name": url.replace("a.txt", "b.txt"),
            "expiry": url.replace("expires=", "expires=9"),
            "unsigned": url.partition("?")[0],
        }[change]
        answer = httpx.get(changed, timeout=60)
    assert answer.status_code == 403
    assert httpx.get(url, timeout=60).content == b"x"


def test_links_need_no_credentials_and_ignore_wrong_ones(ada: Caller, run: str) -> None:
    url = put(ada, run, "a.txt", b"x")
    assert httpx.get(url, auth=("api", "wrong"), timeout=60).content == b"x"


def test_a_wrong_content_md5_is_refused_and_nothing_is_stored(ada: Caller, run: str) -> None:
    answer = httpx.put(link(ada, run, "a.txt"), content=b"x", headers={"Content-MD5": "AAAA"}, timeout=60)
    assert answer.status_code == 400
    assert files(ada, run) == []


def test_a_file_that_is_too_large_is_refused() -> None:
    with Server(max_file_bytes=10) as server:
        server.add_user("ada")
        client = httpx.Client(base_url=server.url, auth=("api", server.key("ada")), timeout=60)
        upsert = (
            'mutation { upsertBucket(input: {name: "r", modelName: "p", entityName: "ada"}) { inserted } }'
        )
        client.post("/graphql", json={"query": upsert})
        answer = client.post("/graphql", json={"query": CREATE, "variables": {
            "project": "p", "run": "r", "files": ["a"], "entity": "ada"}})  # fmt: skip
        url = answer.json()["data"]["createRunFiles"]["files"][0]["uploadUrl"]
        assert httpx.put(url, content=b"x" * 11, timeout=60).status_code == 413
        assert httpx.put(url, content=iter([b"x" * 6, b"x" * 6]), timeout=60).status_code == 413
        assert httpx.put(url, content=b"x" * 10, timeout=60).status_code == 200


def test_files_are_listed_by_name_in_pages(ada: Caller, run: str) -> None:
    for name in ("b.txt", "a.txt", "c.txt"):
        put(ada, run, name, b"x")
    page = ada.data(FILES, project="storage", run=run, first=2)["project"]["run"]["files"]
    assert (page["totalCount"], page["pageInfo"]["hasNextPage"]) == (3, True)
    rest = files(ada, run, first=2, after=page["edges"][-1]["cursor"])
    assert [edge["node"]["name"] for edge in page["edges"]] + [node["name"] for node in rest] == [
        "a.txt", "b.txt", "c.txt",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("%.txt", ["a.txt", "b_1.txt"]),
        ("a%", ["a.log", "a.txt"]),
        ("b_1.txt", ["b_1.txt"]),
        ("_.log", ["a.log"]),
        (r"b\_%", ["b_1.txt"]),
    ],
)
def test_a_pattern_is_that_of_like(ada: Caller, run: str, pattern: str, names: list[str]) -> None:
    for name in ("a.txt", "a.log", "b_1.txt"):
        put(ada, run, name, b"x")
    assert [node["name"] for node in files(ada, run, pattern=pattern)] == names


def test_names_that_are_asked_for_come_in_that_order_missing_ones_with_size_0(ada: Caller, run: str) -> None:
    put(ada, run, "b.txt", b"xy")
    nodes = files(ada, run, names=["c.txt", "b.txt"])
    assert [(node["name"], node["sizeBytes"], node["exists"]) for node in nodes] == [
        ("c.txt", 0, False),
        ("b.txt", 2, True),
    ]
    assert httpx.get(nodes[0]["url"], timeout=60).status_code == 404


def test_a_listing_can_hand_out_upload_links(ada: Caller, run: str) -> None:
    url = files(ada, run, names=["new.txt"], upload=True)[0]["url"]
    assert httpx.put(url, content=b"x", timeout=60).status_code == 200


def test_a_viewer_gets_download_links_but_no_upload_links(house: House) -> None:
    bob, eve = house.call("bob"), house.call("eve")
    bob.upsert("shared", "r", entityName="lab")
    seen = {"project": "shared", "run": "r", "entity": "lab", "names": ["x"]}
    assert eve.data(FILES, **seen)["project"]["run"]["files"]["edges"][0]["node"]["directUrl"]
    assert eve.refusal(FILES, upload=True, **seen) == (403, "permission denied")
    assert eve.refusal(CREATE, project="shared", run="r", files=["x"], entity="lab")[0] == 403


def test_a_deleted_file_is_gone(ada: Caller, run: str) -> None:
    url = put(ada, run, "a.txt", b"x")
    assert ada.data(DELETE, files=[files(ada, run)[0]["id"]])["deleteFiles"]["success"] is True
    assert files(ada, run) == []
    assert httpx.get(url, timeout=60).status_code == 404


def test_a_stranger_can_delete_nothing(house: House, ada: Caller, run: str) -> None:
    put(ada, run, "a.txt", b"x")
    file_id = files(ada, run)[0]["id"]
    assert house.call("mallory").refusal(DELETE, files=[file_id]) == (404, "file not found")
    assert len(files(ada, run)) == 1


def test_deleting_several_is_all_or_nothing(ada: Caller, run: str) -> None:
    url = put(ada, run, "a.txt", b"x")
    known = files(ada, run)[0]["id"]
    missing = files(ada, run, names=["nope"])[0]["id"]
    assert ada.refusal(DELETE, files=[known, missing])[0] == 404
    assert httpx.get(url, timeout=60).content == b"x"


def test_uploaded_files_are_counted(ada: Caller, run: str) -> None:
    put(ada, run, "a.txt", b"12345")
    found = ada.data(FILES, project="storage", run=run)["project"]["run"]
    assert (found["fileCount"], found["storageBytes"]) == (1, 5)


@pytest.mark.parametrize(
    ("name", "mimetype"),
    [("a.json", "application/json"), ("a.yaml", "application/yaml"), ("output.log", "text/plain"),
     ("a.png", "image/png"), ("noext", "application/octet-stream")],
)  # fmt: skip
def test_media_types_follow_the_name(ada: Caller, run: str, name: str, mimetype: str) -> None:
    put(ada, run, name, b"x")
    assert files(ada, run)[0]["mimetype"] == mimetype


def test_marking_uploads_says_whether_they_are_there(ada: Caller, run: str) -> None:
    mark = """mutation Mark($files: [String!]!, $run: String!) { markRunFilesUploaded(input: {
        entityName: "ada", projectName: "storage", runName: $run, files: $files}) { success } }"""
    put(ada, run, "a.txt", b"x")
    assert ada.data(mark, files=["a.txt"], run=run)["markRunFilesUploaded"]["success"] is True
    assert ada.data(mark, files=["a.txt", "b.txt"], run=run)["markRunFilesUploaded"]["success"] is False
