"""All that can go wrong with a request gives one documented error, which says what, where and what next."""

from __future__ import annotations

import socket
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from traceback import TracebackException
from typing import Any

import pytest
from wandkit_generated.gql.aio import create_project, get_project, get_viewer

from wandkit import AsyncRun, errors
from wandkit._core.retry import RetryPolicy
from wandkit._transport.aio.graphql import AsyncGraphQL
from wandkit.paths import RunPath
from wandkit.settings import Settings
from wandkit.testing import Server

WRONG_KEY = "w" * 40


class Waits:
    """Waits for nothing, and remembers for how long it should have."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        """Remember the wait."""
        self.seconds.append(seconds)


def client(url: str, key: str | None, **options: Any) -> AsyncGraphQL:
    """Return a client that does not wait between attempts."""
    settings = Settings.resolve({"base_url": url}, api_key=key, environ={})
    return AsyncGraphQL(settings, **{"sleep": Waits(), **options})


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Give a server with the user ada."""
    with Server() as running:
        running.add_user("ada")
        yield running


@pytest.fixture
async def gql(server: Server) -> AsyncIterator[AsyncGraphQL]:
    """Give a client of ada."""
    connected = client(server.url, server.key("ada"))
    yield connected
    await connected.aclose()


def closed_port() -> int:
    """Return a port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


HTML = "<html><title>502 Server Error</title><body><h2>Try again in 30 seconds.</h2></body></html>"
ELSEWHERE = {"Location": "http://elsewhere.invalid/graphql"}


def told(message: str, **extensions: str) -> dict[str, Any]:
    """Return the body of an answer that holds one error and no data."""
    return {"errors": [{"message": message, "extensions": extensions}], "data": None}


DENIED = told("permission denied", code="PERMISSION_ERROR")


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        ({"status": 400, "body": told("bad filter")}, errors.InvalidRequestError, "bad filter"),
        ({"status": 401, "body": DENIED}, errors.AuthenticationError, "API key from an argument"),
        ({"status": 403, "body": DENIED}, errors.PermissionDeniedError, "permission denied"),
        ({"status": 404, "body": told("project not found")}, errors.NotFoundError, "project"),
        ({"status": 409, "body": told("try a new run id")}, errors.ConflictError, "new run id"),
        ({"status": 429, "headers": {"Retry-After": "2"}}, errors.RateLimitError, "Wait 2 s"),
        ({"status": 429}, errors.RateLimitError, "Wait a little"),
        ({"status": 500, "body": told("Error 1213: Deadlock")}, errors.ServerError, "Deadlock"),
        ({"status": 502, "body": HTML}, errors.ServerError, "Try again in 30 seconds."),
        ({"status": 504, "body": HTML}, errors.ServerError, "gateway timed out"),
        ({"status": 302, "headers": ELSEWHERE}, errors.AnswerError, "elsewhere"),
        ({"status": 200, "body": "<html>Sign in</html>"}, errors.AnswerError, "not JSON"),
        ({"status": 200, "body": ""}, errors.AnswerError, "empty"),
        ({"status": 200, "body": '{"data": {"viewer": {"id": "V'}, errors.AnswerError, "cut short"),
        ({"status": 200, "body": {"data": {"viewer": 3}}}, errors.AnswerError, "another shape"),
        ({"status": 200, "body": told("no data")}, errors.GraphQLError, "no data"),
        ({"truncate": 20}, errors.ConnectionFailedError, "broke before the answer was complete"),
        ({"drop": True}, errors.ConnectionFailedError, "broke before the answer was complete"),
    ],
)
async def test_a_bad_answer_names_operation_host_and_next_step(
    gql: AsyncGraphQL, server: Server, fault: dict[str, Any], kind: type[errors.WandkitError], words: str
) -> None:
    with server.fault(operation="GetViewer", **fault), pytest.raises(errors.WandkitError) as caught:
        await get_viewer(gql)
    error = caught.value
    assert type(error) is kind
    assert (error.operation, error.host) == ("GetViewer", server.url)
    assert error.next_step
    assert words in str(error)
    assert server.key("ada") not in f"{error} {error!r} {error.__dict__}"


async def test_errors_beside_data_keep_the_data(gql: AsyncGraphQL, server: Server) -> None:
    body = {"data": {"viewer": {"id": "1"}}, "errors": [{"message": "half", "path": ["viewer", "teams"]}]}
    with (
        server.fault(operation="GetViewer", status=200, body=body),
        pytest.raises(errors.GraphQLError) as caught,
    ):
        await get_viewer(gql)
    assert caught.value.data == {"viewer": {"id": "1"}}


async def test_the_request_id_is_handed_on(gql: AsyncGraphQL, server: Server) -> None:
    with (
        server.fault(status=403, headers={"X-Request-Id": "r-77"}),
        pytest.raises(errors.WandkitError) as caught,
    ):
        await get_viewer(gql)
    assert caught.value.request_id == "r-77"


async def test_a_wrong_key_names_its_source_and_not_itself(server: Server) -> None:
    gql = client(server.url, WRONG_KEY)
    with pytest.raises(errors.AuthenticationError) as caught:
        await get_project(gql, entity="ada", name="p")
    await gql.aclose()
    assert "from an argument" in str(caught.value)
    assert WRONG_KEY not in f"{caught.value} {gql!r} {gql.settings!r}"


@pytest.mark.parametrize("fault", [{"truncate": 20}, {"drop": True}], ids=["truncated", "dropped"])
async def test_a_traceback_with_its_local_names_does_not_hold_the_key(
    server: Server, fault: dict[str, Any]
) -> None:
    gql = client(server.url, server.key("ada"))
    with server.fault(**fault), pytest.raises(errors.WandkitError) as caught:
        await get_viewer(gql)
    await gql.aclose()
    shown = "".join(TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert "'Authorization': <hidden>" in shown
    assert server.key("ada") not in shown
    assert b64encode(f"api:{server.key('ada')}".encode()).decode() not in shown


async def test_without_a_key_nothing_is_sent_and_the_places_are_named(server: Server) -> None:
    gql = client(server.url, None)
    server.requests.clear()
    with pytest.raises(errors.MissingKeyError, match="WANDB_API_KEY") as caught:
        await get_viewer(gql)
    assert (server.requests, caught.value.operation) == ([], "GetViewer")


async def test_a_server_that_is_down_is_a_refused_connection() -> None:
    url = f"http://127.0.0.1:{closed_port()}"
    waits = Waits()
    gql = client(url, WRONG_KEY, sleep=waits)
    with pytest.raises(errors.ConnectionFailedError, match="refused the connection") as caught:
        await get_viewer(gql)
    assert caught.value.host == url
    assert len(waits.seconds) == RetryPolicy().attempts - 1


async def test_a_host_without_an_address_is_not_tried_again() -> None:
    waits = Waits()
    gql = client("http://nowhere.invalid", WRONG_KEY, sleep=waits)
    with pytest.raises(errors.ConnectionFailedError, match=r"nowhere\.invalid") as caught:
        await get_viewer(gql)
    assert caught.value.operation == "GetViewer"


async def test_https_where_none_is_spoken_is_a_failed_connection(server: Server) -> None:
    gql = client(server.url.replace("http://", "https://"), WRONG_KEY)
    with pytest.raises(errors.ConnectionFailedError, match="No secure connection"):
        await get_viewer(gql)


async def test_an_answer_that_takes_too_long_is_a_timeout(server: Server) -> None:
    gql = client(server.url, server.key("ada"), timeout=0.05)
    with (
        server.fault(operation="GetViewer", delay_s=0.4),
        pytest.raises(errors.RequestTimeoutError, match=r"within 0\.05 s"),
    ):
        await get_viewer(gql)
    await gql.aclose()


async def test_the_time_limit_of_one_call_beats_that_of_the_client(gql: AsyncGraphQL, server: Server) -> None:
    with server.fault(operation="GetViewer", delay_s=0.4), pytest.raises(errors.RequestTimeoutError):
        await get_viewer(gql, timeout=0.05)


async def test_the_deadline_bounds_attempts_and_waits(server: Server) -> None:
    waits = Waits()
    gql = client(server.url, server.key("ada"), deadline=5.0, sleep=waits)
    with (
        server.fault(operation="GetViewer", status=503, headers={"Retry-After": "60"}),
        pytest.raises(errors.DeadlineExceededError, match="deadline of 5 s"),
    ):
        await get_viewer(gql)
    await gql.aclose()
    assert waits.seconds == []


async def test_an_unknown_part_of_the_schema_is_an_old_server(gql: AsyncGraphQL, server: Server) -> None:
    body = {"errors": [{"message": 'Cannot query field "flags" on type "User".'}]}
    with (
        server.fault(operation="GetViewer", status=400, body=body),
        pytest.raises(errors.UnsupportedError, match="too old"),
    ):
        await get_viewer(gql)


async def test_a_users_own_document_with_an_unknown_field_is_refused(gql: AsyncGraphQL) -> None:
    with pytest.raises((errors.InvalidRequestError, errors.GraphQLError), match="nonsense"):
        await gql.execute_text("{ viewer { nonsense } }")


async def test_a_change_whose_answer_is_lost_is_not_sent_twice(gql: AsyncGraphQL, server: Server) -> None:
    document = 'mutation { upsertModel(input: {entityName: "ada", name: "once"}) { inserted } }'
    with server.fault(drop=True, after=True) as fault, pytest.raises(errors.ConnectionFailedError):
        await gql.execute_text(document)
    assert fault.hits == 1


@pytest.mark.parametrize(
    "fault", [{"status": 429}, {"status": 503, "headers": {"Retry-After": "1"}}], ids=["429", "503"]
)
async def test_a_change_that_was_not_taken_is_sent_again(
    gql: AsyncGraphQL, server: Server, fault: dict[str, Any]
) -> None:
    document = 'mutation { upsertModel(input: {entityName: "ada", name: "again"}) { model { name } } }'
    with server.fault(times=1, **fault):
        data = await gql.execute_text(document)
    assert data == {"upsertModel": {"model": {"name": "again"}}}


async def test_a_refused_argument_of_a_mutation_is_told(gql: AsyncGraphQL, server: Server) -> None:
    body = {"errors": [{"message": "invalid project name", "path": ["upsertModel"]}], "data": None}
    with (
        server.fault(operation="CreateProject", status=400, body=body),
        pytest.raises(errors.InvalidRequestError, match="invalid project name"),
    ):
        await create_project(gql, entity="ada", name="p")


async def test_what_may_have_been_meant_is_asked_for_once(server: Server) -> None:
    waits = Waits()
    gql = client(server.url, server.key("ada"), sleep=waits)
    with (
        server.fault(operation="FindNearRuns", status=502) as fault,
        pytest.raises(errors.NotFoundError, match="No run 'ada/p/abd'") as caught,
    ):
        await AsyncRun.fetch(gql, RunPath("ada", "p", "abd"))
    await gql.aclose()
    assert (fault.hits, waits.seconds) == (1, [])
    assert "FindNearRuns" not in str(caught.value)


READS: dict[str, Callable[[AsyncRun], Awaitable[object]]] = {
    "ListRunFiles": lambda run: run.files().load_all(),
    "ListLogLines": lambda run: run.console_logs().load_all(),
    "GetSampledHistory": lambda run: run.history(keys=["loss"], pandas=False),
    "GetFullHistory": lambda run: run.history(pandas=False),
    "GetEvents": lambda run: run.history(stream="system", pandas=False),
    "GetHistoryExtent": lambda run: run.scan_history().load(),
    "GetRunTail": lambda run: run.log([{"loss": 1.0}]),
}


@pytest.mark.parametrize("operation", [*READS])
async def test_a_run_that_was_deleted_meanwhile_is_told_by_all_that_reads_it(
    server: Server, operation: str
) -> None:
    async with server.async_api("ada") as api:
        run = await api.create_run(project="gone")
        same = await api.run(f"ada/gone/{run.id}")
        await same.delete()
        with pytest.raises(errors.NotFoundError, match=f"No run 'ada/gone/{run.id}'") as caught:
            await READS[operation](run)
    assert (caught.value.operation, caught.value.host) == (operation, server.url)
    assert caught.value.next_step
