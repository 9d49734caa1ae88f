"""How compiled operations are sent: repeated, paced, cut to what the server knows, from any process."""

from __future__ import annotations

import base64
import pickle
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from wandkit_generated.gql.aio import get_viewer
from wandkit_generated.gql.models.get_default_entity import GetDefaultEntity

from wandkit._core.capability import capabilities_of, forget
from wandkit._core.operation import Operation, Piece
from wandkit._transport.aio.graphql import AsyncGraphQL
from wandkit.errors import RateLimitError, UnsupportedError
from wandkit.settings import Settings
from wandkit.testing import Server

TOKEN = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl"


class Clock:
    """A clock that only goes forward while somebody waits on it."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        """Return the time."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Let the time pass at once."""
        self.waits.append(seconds)
        self.now += seconds


def client(server: Server, key: str | None = None, **options: Any) -> AsyncGraphQL:
    """Return a client of ada."""
    settings = Settings.resolve({"base_url": server.url}, api_key=key or server.key("ada"), environ={})
    return AsyncGraphQL(settings, **options)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Give a server with the user ada."""
    with Server(features=["ARTIFACT_TAGS"]) as running:
        running.add_user("ada")
        yield running


@pytest.fixture(autouse=True)
def nothing_known(server: Server) -> Iterator[None]:
    """Let every test meet a server of which nothing is known."""
    server.requests.clear()
    forget(server.url)
    yield
    forget(server.url)


@pytest.fixture
def clock() -> Clock:
    """Give a clock that nobody has to wait for."""
    return Clock()


@pytest.fixture
async def gql(server: Server, clock: Clock) -> AsyncIterator[AsyncGraphQL]:
    """Give a client of ada whose waits pass at once."""
    connected = client(server, sleep=clock.sleep, clock=clock)
    yield connected
    await connected.aclose()


def operation(*pieces: Piece, gates: frozenset[str]) -> Operation[GetDefaultEntity]:
    """Return an operation that asks for the viewer in pieces."""
    return Operation("GetEntity", "query", pieces, {}, gates, lambda: GetDefaultEntity, True)


def gated(name: str, gate: str) -> Operation[GetDefaultEntity]:
    """Return an operation that asks for a field of the viewer behind a gate."""
    return operation(
        Piece("query GetEntity { viewer { id entity "),
        Piece(f"{name} ", (frozenset({gate}),)),
        Piece("} }"),
        gates=frozenset({gate}),
    )


async def test_an_answer_is_a_model(gql: AsyncGraphQL) -> None:
    answer = await get_viewer(gql)
    assert answer.viewer is not None
    assert answer.viewer.username == "ada"


async def test_a_document_of_ones_own_gives_plain_data(gql: AsyncGraphQL) -> None:
    data = await gql.execute_text("query Who { viewer { username } }")
    assert data == {"viewer": {"username": "ada"}}


async def test_variables_are_sent_as_json(gql: AsyncGraphQL) -> None:
    document = 'query P($e: String!) { project(entityName: $e, name: "none") { id } }'
    data = await gql.execute_text(document, {"e": "ada"})
    assert data == {"project": None}


async def test_construction_sends_nothing(server: Server) -> None:
    client(server)
    assert server.requests == []


async def test_a_key_travels_as_basic_credentials(gql: AsyncGraphQL, server: Server) -> None:
    await get_viewer(gql)
    sent = server.requests[-1].headers["authorization"]
    assert sent == "Basic " + base64.b64encode(f"api:{server.key('ada')}".encode()).decode()


async def test_an_access_token_travels_as_bearer(server: Server) -> None:
    gql = client(server, TOKEN)
    with server.fault(status=200, body={"data": {"viewer": None}}):
        await gql.execute_text("{ viewer { id } }")
    await gql.aclose()
    assert server.requests[-1].headers["authorization"] == f"Bearer {TOKEN}"


async def test_requests_say_who_sends_them(gql: AsyncGraphQL, server: Server) -> None:
    await get_viewer(gql)
    headers = server.requests[-1].headers
    assert headers["user-agent"].startswith("wandkit/")
    assert headers["use-admin-privileges"] == "true"


async def test_headers_of_the_settings_are_sent(server: Server) -> None:
    overrides = {"base_url": server.url, "extra_headers": {"X-Team": "blue"}}
    environ = {"WANDB_USERNAME": "ada"}
    gql = AsyncGraphQL(Settings.resolve(overrides, api_key=server.key("ada"), environ=environ))
    await get_viewer(gql)
    await gql.aclose()
    headers = server.requests[-1].headers
    assert (headers["x-team"], headers["x-wandb-username"]) == ("blue", "ada")


async def test_the_operation_is_named_in_the_request(gql: AsyncGraphQL, server: Server) -> None:
    await get_viewer(gql)
    assert server.requests[-1].json["operationName"] == "GetViewer"


@pytest.mark.parametrize(
    "fault",
    [{"status": 500}, {"status": 502}, {"status": 429}, {"status": 408}, {"drop": True}, {"truncate": 5}],
    ids=["500", "502", "429", "408", "drop", "truncate"],
)
async def test_a_query_survives_a_fault_that_passes(
    gql: AsyncGraphQL, server: Server, clock: Clock, fault: dict[str, Any]
) -> None:
    with server.fault(operation="GetViewer", times=2, **fault):
        answer = await get_viewer(gql)
    assert answer.viewer is not None
    assert len(clock.waits) >= 1


async def test_retry_after_is_waited_for(gql: AsyncGraphQL, server: Server, clock: Clock) -> None:
    with server.fault(status=429, headers={"Retry-After": "7"}, times=1):
        await get_viewer(gql)
    assert clock.waits == [pytest.approx(7.0, abs=0.1)]


async def test_a_retry_after_beyond_all_patience_is_an_error(
    gql: AsyncGraphQL, server: Server, clock: Clock
) -> None:
    with server.fault(status=429, headers={"Retry-After": "3600"}), pytest.raises(RateLimitError) as caught:
        await get_viewer(gql)
    assert (caught.value.retry_after_s, clock.waits) == (3600.0, [])


async def test_a_budget_that_is_nearly_used_up_slows_the_next_request(
    gql: AsyncGraphQL, server: Server, clock: Clock
) -> None:
    used_up = {"RateLimit-Remaining": "0", "RateLimit-Reset": "9"}
    with server.fault(status=200, headers=used_up, body={"data": {"viewer": None}}, times=1):
        await get_viewer(gql)
    await get_viewer(gql)
    assert clock.waits == [9.0]


async def test_a_budget_with_room_slows_nothing(gql: AsyncGraphQL, server: Server, clock: Clock) -> None:
    plenty = {"RateLimit-Remaining": "900", "RateLimit-Reset": "9"}
    with server.fault(status=200, headers=plenty, body={"data": {"viewer": None}}, times=1):
        await get_viewer(gql)
    await get_viewer(gql)
    assert clock.waits == []


async def test_features_are_asked_once_and_only_where_they_matter(gql: AsyncGraphQL, server: Server) -> None:
    await get_viewer(gql)
    for _ in range(2):
        await gql.execute(gated("email", "feature:ARTIFACT_TAGS"), {})
    names = [request.operation for request in server.requests]
    assert names == ["GetViewer", "GetServerFeatures", "GetEntity", "GetEntity"]


async def test_a_piece_behind_a_feature_that_is_off_is_not_sent(gql: AsyncGraphQL, server: Server) -> None:
    await gql.execute(gated("nonsense", "feature:NOT_THERE"), {})
    assert "nonsense" not in server.requests[-1].json["query"]


async def test_a_piece_behind_a_feature_that_is_on_is_sent(gql: AsyncGraphQL, server: Server) -> None:
    await gql.execute(gated("email", "feature:ARTIFACT_TAGS"), {})
    assert "email" in server.requests[-1].json["query"]


async def test_clients_of_a_host_share_its_features(gql: AsyncGraphQL, server: Server) -> None:
    other = client(server)
    found = (await gql.supports("ARTIFACT_TAGS"), await other.supports("ARTIFACT_TAGS"))
    await other.aclose()
    assert found == (True, True)
    assert [request.operation for request in server.requests] == ["GetServerFeatures"]


async def test_a_server_that_knows_no_features_has_none(gql: AsyncGraphQL, server: Server) -> None:
    body = {"errors": [{"message": 'Cannot query field "features" on type "ServerInfo".'}]}
    with server.fault(operation="GetServerFeatures", status=400, body=body):
        found = await gql.supports("ARTIFACT_TAGS")
    assert not found
    assert capabilities_of(server.url).features == frozenset()


async def test_a_field_that_the_server_refuses_is_left_out_from_then_on(
    gql: AsyncGraphQL, server: Server
) -> None:
    newer = gated("nonsense", "User.nonsense")
    answers = [await gql.execute(newer, {}), await gql.execute(newer, {})]
    assert all(answer.viewer is not None for answer in answers)
    assert ["nonsense" in request.json["query"] for request in server.requests] == [True, False, False]


async def test_a_refusal_that_names_no_gate_is_raised(gql: AsyncGraphQL, server: Server) -> None:
    plain = operation(
        Piece("query GetEntity { viewer { id entity nonsense } }"), gates=frozenset({"User.other"})
    )
    with pytest.raises(UnsupportedError, match="nonsense"):
        await gql.execute(plain, {})
    assert len(server.requests) == 1


async def test_a_client_crosses_pickle_and_hides_its_key(gql: AsyncGraphQL, server: Server) -> None:
    await get_viewer(gql)
    settings = Settings.resolve({"base_url": server.url}, api_key=server.key("ada"), environ={})
    copy = pickle.loads(pickle.dumps(AsyncGraphQL(settings)))
    answer = await get_viewer(copy)
    await copy.aclose()
    assert answer.viewer is not None
    assert server.key("ada") not in f"{copy!r} {copy.settings!r}"


async def test_any_httpx_transport_can_be_handed_in(server: Server) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"data": {"viewer": {"username": request.url.path}}})

    gql = client(server, transport=httpx.MockTransport(answer))
    data = await gql.execute_text("{ viewer { username } }")
    assert data == {"viewer": {"username": "/graphql"}}
    assert server.requests == []


async def test_a_proxy_is_used_for_everything(server: Server) -> None:
    gql = AsyncGraphQL(
        Settings.resolve({"base_url": "http://far.invalid"}, api_key=server.key("ada"), environ={}),
        proxy=server.url,
    )
    with server.fault(status=200, body={"data": {"viewer": None}}):
        await get_viewer(gql)
    await gql.aclose()
    assert server.requests[-1].headers["host"] == "far.invalid"


async def test_a_closed_client_opens_new_connections(gql: AsyncGraphQL) -> None:
    await get_viewer(gql)
    await gql.aclose()
    answer = await get_viewer(gql)
    assert answer.viewer is not None


async def test_the_repr_shows_the_host(gql: AsyncGraphQL, server: Server) -> None:
    assert repr(gql) == f"<GraphQL {server.url}>"
