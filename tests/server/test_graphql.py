"""What `POST /graphql` takes, and how it says no."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from wandkit.testing import Server

if TYPE_CHECKING:
    from conftest import Caller, House


def test_operation_name_and_variables_may_be_absent(house: House) -> None:
    answer = house.call("ada").client.post("/graphql", json={"query": "{ viewer { username } }"})
    assert answer.json() == {"data": {"viewer": {"username": "ada"}}}


def test_operation_name_and_variables_may_be_null(house: House) -> None:
    body = {"query": "{ viewer { username } }", "variables": None, "operationName": None}
    assert house.call("ada").client.post("/graphql", json=body).json()["data"]["viewer"]["username"] == "ada"


def test_an_operation_name_chooses_among_several(house: House) -> None:
    body = {"query": "query A { viewer { id } } query B { viewer { name } }", "operationName": "B"}
    assert house.call("ada").client.post("/graphql", json=body).json() == {
        "data": {"viewer": {"name": "ada"}}
    }


def test_fragments_aliases_and_include_are_understood(ada: Caller) -> None:
    document = """query Me($more: Boolean = false) { me: viewer { ...Who email @include(if: $more) } }
                  fragment Who on User { __typename username }"""
    assert ada.data(document) == {"me": {"__typename": "User", "username": "ada"}}


def test_an_unknown_field_is_refused_in_the_servers_words(ada: Caller) -> None:
    answer = ada.post("{ viewer { nonsense } }")
    assert answer.status_code == 400
    assert answer.json()["errors"] == [
        {
            "message": 'Cannot query field "nonsense" on type "User".',
            "locations": [{"line": 1, "column": 12}],
        }
    ]


@pytest.mark.parametrize(
    "body",
    [b"not json", b"[]", b"{}", b'{"query": 3}', b'{"query": "{ viewer { id"}', b'{"query": "\\ud800"}'],
)
def test_a_malformed_body_is_a_bad_request(house: House, body: bytes) -> None:
    answer = house.call("ada").client.post("/graphql", content=body)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["message"]


def test_a_missing_variable_is_a_bad_request(ada: Caller) -> None:
    status, message = ada.refusal("query Q($name: String!) { project(name: $name) { id } }")
    assert status == 400
    assert "$name" in message


def test_a_body_beyond_the_limit_is_refused() -> None:
    with Server(max_request_bytes=1000) as server:
        answer = httpx.post(
            f"{server.url}/graphql", json={"query": "{ viewer { id } }" + " " * 1000}, timeout=60
        )
    assert answer.status_code == 413


def test_a_mutation_that_the_server_lacks_says_so(ada: Caller) -> None:
    status, message = ada.refusal('mutation { deleteEntity(input: {name: "x"}) { success } }')
    assert (status, message) == (400, "deleteEntity is not available on this server")


def test_introspection_answers_the_probes_of_old_clients(ada: Caller) -> None:
    document = (
        '{ QueryType: __type(name: "Query") { fields { name } } none: __type(name: "Nothing") { name } }'
    )
    answer = ada.data(document)
    assert {"name": "serverInfo"} in answer["QueryType"]["fields"]
    assert answer["none"] is None


def test_a_refused_mutation_leaves_nothing_and_its_neighbour_stays(ada: Caller) -> None:
    document = """mutation {
      good: upsertModel(input: {name: "neighbour", entityName: "ada"}) { inserted }
      bad: upsertModel(input: {name: "half", entityName: "ada", access: "NO_SUCH"}) { inserted }
    }"""
    assert ada.post(document).json()["data"] == {"good": {"inserted": True}, "bad": None}
    found = ada.data('{ a: project(name: "neighbour") { name } b: project(name: "half") { name } }')
    assert found == {"a": {"name": "neighbour"}, "b": None}


def test_the_client_mutation_id_comes_back(ada: Caller) -> None:
    document = (
        'mutation { upsertBucket(input: {modelName: "echo", clientMutationId: "m7"}) { clientMutationId } }'
    )
    assert ada.data(document)["upsertBucket"]["clientMutationId"] == "m7"


def test_server_info_has_what_old_clients_compare(ada: Caller) -> None:
    document = """{ serverInfo { cliVersionInfo frontendHost
      latestLocalVersionInfo { outOfDate latestVersionString versionOnThisInstanceString } } }"""
    info = ada.data(document)["serverInfo"]
    assert set(info["cliVersionInfo"]) == {"max_cli_version", "min_cli_version"}
    assert info["latestLocalVersionInfo"]["outOfDate"] is False
    assert info["frontendHost"] == str(ada.client.base_url).rstrip("/")


def test_features_are_as_configured() -> None:
    with Server(features={"ARTIFACT_TAGS"}) as server:
        document = {"query": "{ serverInfo { features { name isEnabled } } }"}
        answer = httpx.post(f"{server.url}/graphql", json=document, timeout=60).json()
    assert answer["data"]["serverInfo"]["features"] == [{"name": "ARTIFACT_TAGS", "isEnabled": True}]


@pytest.mark.parametrize(
    ("hidden", "document", "message"),
    [
        ("ServerInfo.features", "{ serverInfo { features { name } } }", 'Cannot query field "features"'),
        (
            "Project.runs(names:)",
            '{ project(name: "p") { runs(names: ["a"]) { totalCount } } }',
            "Unknown argument",
        ),
        (
            "UpsertModelInput.icon",
            'mutation { upsertModel(input: {name: "p", icon: {}}) { inserted } }',
            '"icon" is not defined by type',
        ),
    ],
)
def test_a_hidden_member_is_unknown_as_on_an_older_server(hidden: str, document: str, message: str) -> None:
    with Server(hidden=frozenset({hidden})) as server:
        key = server.add_user("ada")
        answer = httpx.post(f"{server.url}/graphql", json={"query": document}, auth=("api", key), timeout=60)
    assert answer.status_code == 400
    assert message in answer.json()["errors"][0]["message"]


def test_writers_at_once_all_get_through(house: House) -> None:
    caller = house.call("ada")

    def write(number: int) -> Any:
        return caller.upsert("crowd", f"run-{number}")["inserted"]

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(write, range(40)))
    assert caller.runs("crowd")["count"] == 40


def test_an_unknown_page_is_plain_text(house: House) -> None:
    answer = house.call(None).client.get("/api/none")
    assert (answer.status_code, answer.text) == (404, "404 page not found")
