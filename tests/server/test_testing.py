"""`wandkit.testing`: the server that tests start, what it records and how it can be broken."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from wandkit.testing import Server

VIEWER = {"query": "query Viewer { viewer { username } }"}
UPSERT = """mutation Upsert($name: String!) {
  upsertBucket(input: {name: $name, modelName: "p", entityName: "ada"}) { inserted } }"""


def client(server: Server, user: str = "ada") -> httpx.Client:
    """Return a plain HTTP client of the user."""
    return httpx.Client(base_url=server.url, auth=("api", server.key(user)), timeout=60)


def test_the_fixture_is_a_server_with_the_user_ada(wandkit_server: Server) -> None:
    answer = client(wandkit_server).post("/graphql", json=VIEWER)
    assert answer.json() == {"data": {"viewer": {"username": "ada"}}}


def test_a_server_takes_little_work_to_start_once_its_libraries_are_loaded(wandkit_server: Server) -> None:
    started = time.process_time()  # of this process alone, whatever else the machine does
    with Server() as server:
        assert httpx.get(f"{server.url}/healthz", timeout=60).text == "ok"
    assert time.process_time() - started < 5


def test_a_stopped_server_takes_its_store_with_it() -> None:
    with Server() as server:
        folder = server.data_dir
        assert folder.exists()
    assert not folder.exists()


def test_a_store_that_was_given_stays_and_can_be_served_again(tmp_path: Path) -> None:
    with Server(data_dir=tmp_path) as server:
        key = server.add_user("ada")
    with Server(data_dir=tmp_path) as server:
        answer = httpx.post(f"{server.url}/graphql", json=VIEWER, auth=("api", key), timeout=60)
    assert answer.json()["data"]["viewer"]["username"] == "ada"


def test_a_stopped_server_answers_no_more() -> None:
    with Server() as server:
        url = server.url
    with pytest.raises(httpx.ConnectError):
        httpx.get(url, timeout=60)


def test_a_given_key_is_taken_as_it_is(wandkit_server: Server) -> None:
    key = "k" * 40
    assert wandkit_server.add_user("bob", api_key=key) == wandkit_server.key("bob") == key
    assert (
        client(wandkit_server, "bob").post("/graphql", json=VIEWER).json()["data"]["viewer"]["username"]
        == "bob"
    )


def test_an_unknown_user_has_no_key(wandkit_server: Server) -> None:
    with pytest.raises(ValueError, match="no user 'eve'"):
        wandkit_server.key("eve")


def test_requests_are_recorded_with_their_operation_and_size(wandkit_server: Server) -> None:
    caller = client(wandkit_server)
    wandkit_server.requests.clear()
    caller.post("/graphql", json={"query": UPSERT, "variables": {"name": "r"}})
    caller.post("/files/ada/p/r/file_stream", json={})
    graphql, stream = wandkit_server.requests
    assert (graphql.operation, graphql.variables, graphql.status) == ("Upsert", {"name": "r"}, 200)
    assert (stream.operation, stream.path, stream.json) == ("file_stream", "/files/ada/p/r/file_stream", {})
    assert graphql.response_bytes > 0
    assert graphql.request_bytes > len(UPSERT)


def test_features_can_be_replaced_or_changed() -> None:
    document = {"query": "{ serverInfo { features { name isEnabled } } }"}

    def names(server: Server) -> set[str]:
        answer = client(server).post("/graphql", json=document).json()
        return {
            feature["name"] for feature in answer["data"]["serverInfo"]["features"] if feature["isEnabled"]
        }

    with Server(features=["ARTIFACT_TAGS"]) as server:
        server.add_user("ada")
        assert names(server) == {"ARTIFACT_TAGS"}
        server.features = {"ARTIFACT_TAGS": False, "LARGE_FILENAMES": True}
        assert names(server) == {"LARGE_FILENAMES"}


@pytest.mark.parametrize(
    ("fault", "status", "body", "header"),
    [
        ({"status": 500}, 500, "", "text/plain"),
        ({"status": 429, "headers": {"Retry-After": "7"}}, 429, "", "text/plain"),
        ({"status": 502, "body": "<html>bad</html>"}, 502, "<html>bad</html>", "text/html"),
        ({"status": 400, "body": {"errors": []}}, 400, '{"errors": []}', "application/json"),
        ({"body": b"raw"}, 200, "raw", "application/octet-stream"),
    ],
)
def test_a_fault_answers_instead_of_the_server(
    wandkit_server: Server, fault: dict[str, Any], status: int, body: str, header: str
) -> None:
    with wandkit_server.fault(**fault) as broken:
        answer = client(wandkit_server).post("/graphql", json=VIEWER)
    assert (answer.status_code, answer.text, answer.headers["content-type"]) == (status, body, header)
    assert answer.headers.get("retry-after") == ("7" if status == 429 else None)
    assert broken.hits == 1


def test_a_fault_happens_as_often_as_it_says(wandkit_server: Server) -> None:
    caller = client(wandkit_server)
    with wandkit_server.fault(status=500, times=2, skip=1):
        statuses = [caller.post("/graphql", json=VIEWER).status_code for _ in range(5)]
    assert statuses == [200, 500, 500, 200, 200]


def test_a_fault_meets_only_what_it_names(wandkit_server: Server) -> None:
    caller = client(wandkit_server)
    with (
        wandkit_server.fault(status=500, operation="Upsert"),
        wandkit_server.fault(status=503, path="file_stream$"),
    ):
        viewer = caller.post("/graphql", json=VIEWER).status_code
        upsert = caller.post("/graphql", json={"query": UPSERT, "variables": {"name": "r"}}).status_code
        stream = caller.post("/files/ada/p/r/file_stream", json={}).status_code
    assert (viewer, upsert, stream) == (200, 500, 503)


def test_a_fault_ends_with_its_block(wandkit_server: Server) -> None:
    with wandkit_server.fault(status=500):
        pass
    assert client(wandkit_server).post("/graphql", json=VIEWER).status_code == 200


def test_a_dropped_connection_has_no_answer(wandkit_server: Server) -> None:
    with wandkit_server.fault(drop=True), pytest.raises(httpx.RemoteProtocolError):
        client(wandkit_server).post("/graphql", json=VIEWER)
    assert wandkit_server.requests[-1].status == 0


def test_a_lost_answer_leaves_the_work_done(wandkit_server: Server) -> None:
    caller = client(wandkit_server)
    request = {"query": UPSERT, "variables": {"name": "lost"}}
    with wandkit_server.fault(drop=True, after=True), pytest.raises(httpx.RemoteProtocolError):
        caller.post("/graphql", json=request)
    assert caller.post("/graphql", json=request).json()["data"]["upsertBucket"]["inserted"] is False


def test_a_truncated_answer_breaks_off(wandkit_server: Server) -> None:
    with (
        wandkit_server.fault(truncate=5),
        pytest.raises(httpx.RemoteProtocolError, match=r"incomplete|without sending"),
    ):
        client(wandkit_server).post("/graphql", json=VIEWER)


def test_a_delayed_answer_is_still_the_servers(wandkit_server: Server) -> None:
    with wandkit_server.fault(delay_s=0.05):
        started = time.monotonic()
        answer = client(wandkit_server).post("/graphql", json=VIEWER)
    assert answer.status_code == 200
    assert time.monotonic() - started >= 0.05


def test_the_plugin_loads_nothing_of_the_server() -> None:
    program = """if True:
        import sys
        import wandkit.testing
        heavy = {"sqlalchemy", "ariadne", "uvicorn", "starlette", "httpx", "pydantic", "pandas", "pyarrow"}
        print(sorted(heavy & set(sys.modules)))
    """
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
