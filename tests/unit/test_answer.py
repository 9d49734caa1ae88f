"""From answers to data and to errors. The bodies are of the shapes that real servers sent."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import BaseModel

from wandkit import errors
from wandkit._core.answer import decode_data, decode_json, decode_model, unknown_parts
from wandkit._core.failure import Asked, Reply, WireError, broken, excerpt, failure, is_final

KEY = "k" * 40
DENIED = {"code": "PERMISSION_ERROR"}
ASKED = Asked(
    "GetRun",
    "https://api.example.org",
    key_source="the environment variable WANDB_API_KEY",
    key_page="https://example.org/authorize",
    timeout_s=19.0,
    secrets=(KEY,),
)
STORE = Asked("GET /bucket/a.bin", "https://store.example.org", home=False)


class Answer(BaseModel):
    """What the operation asks for."""

    name: str
    count: int = 0


def reply(status: int, body: object, **headers: str) -> Reply:
    """Return an answer; texts are bodies as they are, everything else is JSON."""
    text = body if isinstance(body, str) else json.dumps(body)
    return Reply(status, {name.replace("_", "-"): value for name, value in headers.items()}, text.encode())


def errors_of(message: str, field: str = "upsertBucket", **extensions: str) -> dict[str, Any]:
    """Return a GraphQL answer that holds one error and no data."""
    error: dict[str, Any] = {"message": message, "path": [field]}
    if extensions:
        error["extensions"] = extensions
    return {"errors": [error], "data": {field: None}}


def test_data_becomes_a_model() -> None:
    assert decode_model(reply(200, {"data": {"name": "a"}}), ASKED, Answer, []) == Answer(name="a")


@pytest.mark.parametrize(
    "body",
    [
        '{"data":{"name":"a","count":2}}',
        ' {"data" : {"name":"a","count":2} } \n',
        '{"data":{"name":"a","count":2},"extensions":{"took":1}}',
        '{"extensions":{"took":1},"data":{"name":"a","count":2}}',
        '{"data":{"name":"a","count":2},"errors":[]}',
    ],
)
def test_whatever_stands_beside_the_data_it_is_found(body: str) -> None:
    assert decode_model(reply(200, body), ASKED, Answer, []) == Answer(name="a", count=2)


def test_an_answer_of_another_shape_says_where() -> None:
    with pytest.raises(errors.AnswerError, match="another shape than GetRun asks for: name"):
        decode_model(reply(200, {"data": {"name": ["a"]}}), ASKED, Answer, [])


@pytest.mark.parametrize("order", ["errors first", "data first"])
def test_graphql_errors_with_data_keep_the_data(order: str) -> None:
    parts = {"errors": [{"message": "timed out", "path": ["b"]}], "data": {"a": 1, "b": None}}
    body = parts if order == "errors first" else dict(reversed(parts.items()))
    with pytest.raises(errors.GraphQLError, match="timed out") as caught:
        decode_data(reply(200, body), ASKED)
    assert (caught.value.data, len(caught.value.errors)) == ({"a": 1, "b": None}, 1)


def test_graphql_errors_without_data_say_so() -> None:
    with pytest.raises(errors.GraphQLError, match="context deadline exceeded") as caught:
        decode_data(reply(200, {"errors": [{"message": "context deadline exceeded"}]}), ASKED)
    assert caught.value.data is None


def test_all_messages_are_told() -> None:
    with pytest.raises(errors.GraphQLError, match="one; two"):
        decode_data(reply(200, {"errors": [{"message": "one"}, "two"], "data": None}), ASKED)


def test_a_denial_under_status_200_is_a_denial() -> None:
    with pytest.raises(errors.PermissionDeniedError):
        decode_data(reply(200, errors_of("permission denied", code="PERMISSION_ERROR")), ASKED)


def test_a_login_error_under_status_200_is_about_the_key() -> None:
    with pytest.raises(errors.AuthenticationError):
        decode_data(reply(200, errors_of("user is not logged in", code="PERMISSION_ERROR")), ASKED)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("", "is empty"),
        ('{"data": {"name": "a', "cut short after"),
        ("<html><title>Portal</title><body>Sign in</body></html>", "is not JSON"),
        ('{"data": null}', "neither data nor errors"),
        ("[1]", "neither data nor errors"),
    ],
)
def test_what_is_no_graphql_answer_is_said(body: str, words: str) -> None:
    with pytest.raises(errors.AnswerError, match=words):
        decode_data(reply(200, body), ASKED)


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (400, errors_of("run config cannot exceed 15 MB"), errors.InvalidRequestError, "15 MB"),
        (401, errors_of("user is not logged in", **DENIED), errors.AuthenticationError, "logged"),
        (401, errors_of("permission denied", **DENIED), errors.AuthenticationError, "WANDB_API_KEY"),
        (403, errors_of("permission denied", **DENIED), errors.PermissionDeniedError, "denied"),
        (404, errors_of("project not found"), errors.NotFoundError, "project not found"),
        (404, "404 page not found", errors.NotFoundError, "page not found"),
        (408, "", errors.RequestTimeoutError, "gave up"),
        (409, errors_of("run x was deleted; try a new run id"), errors.ConflictError, "deleted"),
        (413, "Payload too large", errors.InvalidRequestError, "too large"),
        (429, {"error": "rate limit exceeded: per_run limit"}, errors.RateLimitError, "per_run limit"),
        (429, "Filestream rate limit exceeded, retry in 2.2 seconds.", errors.RateLimitError, "2.2 seconds"),
        (500, {"errors": [{"message": "context deadline exceeded"}]}, errors.ServerError, "deadline"),
        (500, {"error": "context deadline exceeded"}, errors.ServerError, "deadline"),
        (502, "\n<html><head><title>502 Server Error</title>\n</head><body><h1>Error</h1></body></html>",
         errors.ServerError, "502 Server Error Error"),
        (503, "upstream connect error", errors.ServerError, "upstream"),
        (504, "<html><body>504 Gateway Time-out</body></html>", errors.ServerError, "gateway timed out"),
    ],
)  # fmt: skip
def test_every_status_has_its_error(
    status: int, body: object, kind: type[errors.WandkitError], words: str
) -> None:
    error = failure(reply(status, body), ASKED).error
    assert type(error) is kind
    assert words in str(error)


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 409, 413, 429, 500, 502, 503, 504])
def test_every_error_names_operation_host_request_and_next_step(status: int) -> None:
    error = failure(reply(status, f"no {KEY}", x_request_id="r-1", location="https://x.org"), ASKED).error
    assert (error.operation, error.host, error.status, error.request_id) == (
        "GetRun",
        "https://api.example.org",
        status,
        "r-1",
    )
    assert error.next_step
    assert "{" not in error.next_step


@pytest.mark.parametrize("status", [200, 302, 401, 500])
def test_no_error_repeats_a_key_that_the_server_echoes(status: int) -> None:
    body = {"errors": [{"message": f"bad key {KEY}"}]}
    error = failure(reply(status, body, location=f"https://x.org/{KEY}"), ASKED).error
    assert KEY not in f"{error!s} {error!r} {error.__dict__}"


def test_a_rejected_key_is_told_by_its_source() -> None:
    error = failure(reply(401, ""), ASKED).error
    assert "from the environment variable WANDB_API_KEY" in str(error)
    assert "https://example.org/authorize" in str(error)


def test_a_rate_limit_carries_the_wait_that_was_asked() -> None:
    failed = failure(reply(429, "", retry_after="30"), ASKED)
    assert isinstance(failed.error, errors.RateLimitError)
    assert (failed.error.retry_after_s, failed.asked_wait_s) == (30.0, 30.0)


def test_a_complaint_about_the_schema_is_an_old_server() -> None:
    body = {"errors": [{"message": 'Cannot query field "x" on type "Run".'}]}
    kinds = [type(failure(reply(status, body), ASKED).error) for status in (200, 400)]
    assert kinds == [errors.UnsupportedError, errors.UnsupportedError]


def test_a_complaint_about_a_users_own_document_is_about_the_document() -> None:
    body = {"errors": [{"message": 'Cannot query field "x" on type "Run".'}]}
    own = Asked("the document", "https://api.example.org", known=False)
    kinds = [type(failure(reply(status, body), own).error) for status in (200, 400)]
    assert kinds == [errors.GraphQLError, errors.InvalidRequestError]


@pytest.mark.parametrize(
    ("operation", "body"),
    [("file_stream", {"error": "run a/b/c not found"}), ("Download model.pt", "no such file")],
)
def test_what_the_api_does_not_find_is_no_fault_of_the_base_url(operation: str, body: object) -> None:
    error = failure(reply(404, body), Asked(operation, "https://api.example.org")).error
    assert isinstance(error, errors.NotFoundError)
    assert "base URL" not in error.next_step


def test_a_missing_api_advises_to_check_the_address() -> None:
    assert "base URL" in failure(reply(404, "404 page not found"), ASKED).error.next_step


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.TransferError),
        (403, errors.TransferError),
        (404, errors.NotFoundError),
        (500, errors.ServerError),
    ],
)
def test_a_file_store_that_refuses_is_not_about_the_key(status: int, kind: type[errors.WandkitError]) -> None:
    body = (
        '<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>'
    )
    error = failure(reply(status, body), STORE).error
    assert type(error) is kind
    assert "Request has expired" in str(error)


@pytest.mark.parametrize(
    ("status", "headers", "repeat"),
    [
        (429, {}, "safe"),
        (503, {"retry-after": "1"}, "safe"),
        (503, {}, "idempotent"),
        (408, {}, "idempotent"),
        (500, {}, "idempotent"),
        (501, {}, "never"),
        (400, {}, "never"),
        (404, {}, "never"),
    ],
)
def test_every_status_says_when_to_repeat(status: int, headers: dict[str, str], repeat: str) -> None:
    answer = Reply(status, headers, b"")
    assert failure(answer, ASKED).repeat == repeat
    assert is_final(answer) is (repeat == "never")


@pytest.mark.parametrize(
    ("kind", "error", "repeat"),
    [
        ("refused", errors.ConnectionFailedError, "safe"),
        ("unreachable", errors.ConnectionFailedError, "safe"),
        ("tls", errors.ConnectionFailedError, "never"),
        ("name", errors.ConnectionFailedError, "never"),
        ("timeout", errors.RequestTimeoutError, "safe"),
    ],
)
def test_a_connection_that_was_not_made_sent_nothing(
    kind: Any, error: type[errors.WandkitError], repeat: str
) -> None:
    failed = broken(WireError(kind, "why", sent=False), ASKED)
    assert (type(failed.error), failed.repeat) == (error, repeat)


@pytest.mark.parametrize("kind", ["broken", "timeout", "protocol"])
def test_a_connection_that_broke_may_have_been_heard(kind: Any) -> None:
    assert broken(WireError(kind, "why", sent=True), ASKED).repeat == "idempotent"


def test_a_name_that_may_resolve_later_is_tried_again() -> None:
    assert broken(WireError("name", "temporary failure", sent=False), ASKED).repeat == "safe"


def test_a_timeout_says_how_long_it_was() -> None:
    error = broken(WireError("timeout", "", sent=True), ASKED).error
    assert "did not answer within 19 s" in str(error)
    assert isinstance(error, TimeoutError)


def test_only_an_answer_about_the_document_is_looked_through() -> None:
    body = {"errors": [{"message": "x"}]}
    assert [len(unknown_parts(reply(status, body))) for status in (200, 400, 422, 500)] == [1, 1, 1, 0]


def test_plain_json_is_decoded() -> None:
    assert decode_json(reply(200, {"exitcode": None, "limits": {}}), ASKED) == {
        "exitcode": None,
        "limits": {},
    }


def test_an_excerpt_is_one_short_line_without_markup() -> None:
    text = excerpt(b"<style>p{}</style><p>Bad\n  <b>gateway</b></p>" + b" x" * 500, ASKED)
    assert text.startswith("Bad gateway x")
    assert len(text) <= 301


def test_an_excerpt_holds_no_beginning_of_a_key() -> None:
    assert "kk" not in excerpt(b"you sent " + KEY.encode() + b" and more", ASKED, 30)


def test_a_request_id_that_echoes_the_key_does_not() -> None:
    found = failure(reply(500, "", x_request_id=f"id-{KEY}"), ASKED)
    assert found.error.request_id == "id-***"
