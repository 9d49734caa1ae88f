"""From the bytes of an answer to data, or to the one error of the tree that says what went wrong.

Nothing here sends: the transport hands in what came over the wire (`Reply`) or how the wire broke
(`WireError`), with the facts of the request (`Asked`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

from pydantic_core import ValidationError, from_json

from wandkit import errors
from wandkit._core.capability import is_schema_complaint
from wandkit._core.retry import Failure, asked_wait_s

if TYPE_CHECKING:
    from pydantic import BaseModel

    Model = TypeVar("Model", bound=BaseModel)

__all__ = [
    "Asked",
    "Break",
    "Reply",
    "WireError",
    "broken",
    "decode_data",
    "decode_json",
    "decode_model",
    "excerpt",
    "failure",
    "graphql_errors",
    "is_final",
    "request_id",
    "unknown_parts",
]

Break = Literal["refused", "unreachable", "name", "tls", "timeout", "broken", "protocol"]
"""How a connection failed: the first four before any byte of the request was sent."""

_REQUEST_ID_HEADERS = (
    "x-request-id",
    "request-id",
    "x-amz-request-id",
    "x-guploader-uploadid",
    "x-ms-request-id",
    "x-cloud-trace-context",
    "cf-ray",
)
_LEADING_DATA = re.compile(rb'\s*\{\s*"data"\s*:')
_TAG = re.compile(r"<(?:script|style)\b.*?</(?:script|style)>|<[^>]*>", re.DOTALL | re.IGNORECASE)
_EXCERPT_CHARS = 300


class WireError(Exception):
    """A connection could not be made, or broke before the answer was complete.

    Attributes:
        kind: How it failed.
        sent: Whether any byte of the request may have reached the server.
    """

    def __init__(self, kind: Break, text: str, *, sent: bool) -> None:
        super().__init__(kind, text)
        self.kind = kind
        self.text = text
        self.sent = sent


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: status, headers (lower-case names) and the whole body, gzip undone."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Asked:
    """The facts of a request that its errors name.

    Attributes:
        operation: The GraphQL operation or HTTP action, e.g. `GetRun`.
        host: The host that was asked, e.g. `https://api.wandb.ai`.
        key_source: Where the API key came from, in words; never the key.
        timeout_s: The time limit of one attempt.
        known: False for a document of the user's own, whose fields wandkit cannot vouch for.
        home: False for another host than the API's, such as that of a signed URL.
        secrets: What no message may hold.
    """

    operation: str
    host: str
    key_source: str = ""
    timeout_s: float | None = None
    known: bool = True
    home: bool = True
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def scrub(self, text: str) -> str:
        """Return `text` without the secrets, which a server or proxy might echo."""
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return text


def decode_json(body: bytes, asked: Asked, headers: Mapping[str, str] | None = None) -> Any:
    """Return the JSON value in `body`.

    Raises:
        AnswerError: It is not JSON, or it is cut short.
    """
    try:
        return from_json(body)
    except ValueError as error:
        raise _unreadable(body, asked, headers or {}, str(error)) from None


def decode_data(reply: Reply, asked: Asked) -> dict[str, Any]:
    """Return the `data` of a GraphQL answer of status 200.

    Raises:
        GraphQLError: The answer holds errors; partial data is kept on the error.
        AnswerError: It is no GraphQL answer.
    """
    answer = decode_json(reply.body, asked, reply.headers)
    found = graphql_errors(answer)
    if found:
        raise failure(reply, asked, answer).error
    if not isinstance(answer, dict) or not isinstance(answer.get("data"), dict):
        raise _shapeless(reply, asked)
    data: dict[str, Any] = answer["data"]
    return data


def decode_model(reply: Reply, asked: Asked, model: type[Model], problems: list[Any]) -> Model:
    """Return the `data` of a GraphQL answer as `model`, straight from the bytes where they hold nothing else.

    Raises:
        GraphQLError: The answer holds errors.
        AnswerError: It is no GraphQL answer, or of another shape than the operation asks for.
    """
    context = {"problems": problems}
    lead = _LEADING_DATA.match(reply.body)
    if lead is not None:
        # If what stands between `{"data":` and the last `}` is JSON, then `data` is the only key.
        inner = reply.body.rstrip()[lead.end() : -1]
        try:
            return model.model_validate_json(inner, context=context)
        except ValidationError:
            problems.clear()
    data = decode_data(reply, asked)
    try:
        return model.model_validate(data, context=context)
    except ValidationError as error:
        raise _misshapen(reply, asked, error) from None


def graphql_errors(answer: object) -> list[dict[str, Any]]:
    """Return the errors of a decoded answer, each as an object with at least a `message`."""
    found = answer.get("errors") if isinstance(answer, dict) else None
    if not found:
        return []
    items = found if isinstance(found, list) else [found]
    return [item if isinstance(item, dict) else {"message": str(item)} for item in items]


def request_id(headers: Mapping[str, str]) -> str | None:
    """Return the server's id of the request, where a header gives one."""
    return next((headers[name] for name in _REQUEST_ID_HEADERS if headers.get(name)), None)


def excerpt(body: bytes) -> str:
    """Return the start of `body` as one line of plain text; markup is left out."""
    text = body[:8192].decode("utf-8", "replace")
    if "<" in text:
        text = _TAG.sub(" ", text)
    text = " ".join(text.split())
    return text if len(text) <= _EXCERPT_CHARS else text[:_EXCERPT_CHARS].rstrip() + "…"


def unknown_parts(reply: Reply) -> list[dict[str, Any]]:
    """Return the errors of an answer that complains about the document (HTTP 200, 400 or 422), else none."""
    if reply.status not in (200, 400, 422) or b'"errors"' not in reply.body:
        return []
    try:
        return graphql_errors(from_json(reply.body))
    except ValueError:
        return []


def failure(reply: Reply, asked: Asked, answer: object = None, *, now_epoch_s: float = 0.0) -> Failure:
    """Return what a failed answer means: the error to raise, and whether the request may be repeated."""
    answer = answer if answer is not None else _tolerant_json(reply.body)
    found = graphql_errors(answer)
    text = _server_text(answer, found, reply.body)
    wait = asked_wait_s(reply.headers, now_epoch_s) if reply.status in (429, 503) else None
    facts = _facts(asked, reply)
    if 300 <= reply.status < 400:
        return Failure(_redirected(reply, asked))
    if reply.status < 300:
        return Failure(_of_errors(answer, found, asked, facts))
    kind, what, step = _of_status(reply.status, asked, wait)
    if kind is errors.InvalidRequestError and asked.known and _complains_of_schema(found):
        kind, what, step = errors.UnsupportedError, "This server is too old for the call", _OLD_SERVER
    error = kind(f"{what}: {text}" if text else f"{what}.", next_step=step, **facts)
    if isinstance(error, errors.RateLimitError):
        error.retry_after_s = wait
    return Failure(error, _repeat_of(reply.status, wait), wait)


class _Answered(Protocol):
    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Mapping[str, str]: ...


def is_final(reply: _Answered) -> bool:
    """Tell whether sending the request again would not change the answer."""
    return _repeat_of(reply.status, asked_wait_s(reply.headers, 0.0)) == "never"


def broken(error: WireError, asked: Asked) -> Failure:
    """Return what a connection that failed means: the error to raise, and whether to try again."""
    facts: dict[str, Any] = {"operation": asked.operation, "host": asked.host}
    where = asked.host.split("://", 1)[-1]
    if error.kind == "timeout":
        limit = f" within {asked.timeout_s:g} s" if asked.timeout_s is not None else " in time"
        timed_out = errors.RequestTimeoutError(
            f"{where} did not answer{limit}.",
            next_step="Give a longer `timeout` (or set WANDB_HTTP_TIMEOUT), or ask for less at once.",
            **facts,
        )
        return Failure(timed_out, "idempotent" if error.sent else "safe")
    what, step = _BREAKS[error.kind]
    failed = errors.ConnectionFailedError(f"{what.format(host=where)}: {error.text}", next_step=step, **facts)
    if error.kind == "tls" or (error.kind == "name" and "temporary" not in error.text.lower()):
        return Failure(failed)
    return Failure(failed, "idempotent" if error.sent else "safe")


_BASE_URL = "Check the base URL (WANDB_BASE_URL or overrides={'base_url': …}) and that the server runs."
_BREAKS = {
    "refused": ("{host} refused the connection", _BASE_URL),
    "unreachable": ("{host} cannot be reached", _BASE_URL),
    "name": ("The name of {host} cannot be resolved", _BASE_URL),
    "tls": (
        "No secure connection to {host}",
        "If the server has a certificate of its own, pass `verify=` with its CA file (or set SSL_CERT_FILE).",
    ),
    "broken": (
        "The connection to {host} broke before the answer was complete",
        "Try again; if it stays, check proxies.",
    ),
    "protocol": (
        "{host} does not answer in HTTP/1.1",
        "Check the base URL: another kind of server may listen there.",
    ),
}
_OLD_SERVER = "Update the server, or use a call that it knows."


def _facts(asked: Asked, reply: Reply) -> dict[str, Any]:
    return {
        "operation": asked.operation,
        "host": asked.host,
        "status": reply.status,
        "request_id": request_id(reply.headers),
    }


def _of_status(status: int, asked: Asked, wait: float | None) -> tuple[type[errors.WandkitError], str, str]:
    """Return the class, the first words and the advice for a failed HTTP status."""
    source = asked.key_source or "the settings"
    if status == 401:
        return (
            errors.AuthenticationError,
            f"The server rejected the API key from {source}",
            f"Get a key at {asked.host}/authorize and give it as api_key=, WANDB_API_KEY or in netrc.",
        )
    if status == 403:
        step = f"Ask the owner of the entity or project for access, or use another key than the one from {source}."
        return errors.PermissionDeniedError, "Permission denied", step
    if status == 404:
        step = "Check the entity, the project and the name; a private object looks missing without access."
        return errors.NotFoundError, "Not found", step
    if status == 409:
        return (
            errors.ConflictError,
            "The change collides with what the server holds",
            "Fetch the object again, or choose another id.",
        )
    if status == 429:
        after = (
            f"Wait {wait:g} s and try again." if wait else "Wait a little, or send fewer requests at once."
        )
        return errors.RateLimitError, "The server asks to slow down", after
    if status == 408 or status == 504:
        if status == 408:
            return errors.RequestTimeoutError, "The server gave up waiting for the request", "Try again."
        return (
            errors.ServerError,
            "The server's gateway timed out",
            "Try again later, or ask for less at once.",
        )
    if status >= 500:
        return (
            errors.ServerError,
            "The server failed",
            "Try again later; if it stays, give the request id to the server's owner.",
        )
    return (
        errors.InvalidRequestError,
        "The server refused the request",
        "Check the arguments against the message.",
    )


def _repeat_of(status: int, wait: float | None) -> Literal["safe", "idempotent", "never"]:
    if status == 429 or (status == 503 and wait is not None):
        return "safe"
    if status == 408 or (status >= 500 and status != 501 and status != 505):
        return "idempotent"
    return "never"


def _of_errors(
    answer: object, found: list[dict[str, Any]], asked: Asked, facts: dict[str, Any]
) -> errors.WandkitError:
    """Return the error for GraphQL errors that came with status 200."""
    text = "; ".join(str(item.get("message", item)) for item in found)
    if asked.known and _complains_of_schema(found):
        return errors.UnsupportedError(
            f"This server is too old for the call: {text}", next_step=_OLD_SERVER, **facts
        )
    error = errors.GraphQLError(text, next_step="Check the arguments against the message.", **facts)
    error.errors = found
    data = answer.get("data") if isinstance(answer, dict) else None
    error.data = data if isinstance(data, dict) else None
    return error


def _complains_of_schema(found: list[dict[str, Any]]) -> bool:
    return any(is_schema_complaint(str(item.get("message", ""))) for item in found)


def _server_text(answer: object, found: list[dict[str, Any]], body: bytes) -> str:
    """Return the server's own words: GraphQL messages, a REST `error`, or the start of a plain body."""
    if found:
        return "; ".join(str(item.get("message", item)) for item in found)
    if isinstance(answer, dict):
        for key in ("error", "message", "detail"):
            if answer.get(key):
                return str(answer[key])
    return excerpt(body)


def _tolerant_json(body: bytes) -> object:
    try:
        return from_json(body)
    except ValueError:
        return None


def _redirected(reply: Reply, asked: Asked) -> errors.WandkitError:
    """Return the error for a redirect that is not followed: the credentials belong to one host."""
    target = reply.headers.get("location", "").split("?", 1)[0] or "nowhere"
    return errors.AnswerError(
        f"{asked.host} redirects to {target}, and the API key is not sent there.",
        next_step="If that is your server, set it as the base URL.",
        **_facts(asked, reply),
    )


def _unreadable(body: bytes, asked: Asked, headers: Mapping[str, str], text: str) -> errors.AnswerError:
    kind = headers.get("content-type", "").split(";")[0] or "no content type"
    what = (
        "is empty"
        if not body.strip()
        else f"is not JSON ({kind}, {len(body)} bytes: {excerpt(body)[:120]!r}; {text})"
    )
    if "EOF" in text and body.strip():
        what = f"is cut short after {len(body)} bytes ({text})"
    return errors.AnswerError(
        f"The answer {what}.",
        operation=asked.operation,
        host=asked.host,
        request_id=request_id(headers),
        next_step="Check that the base URL is a W&B server's API and that no proxy changes answers.",
    )


def _shapeless(reply: Reply, asked: Asked) -> errors.AnswerError:
    return errors.AnswerError(
        f"The answer has neither data nor errors: {excerpt(reply.body)[:120]!r}.",
        next_step="Check that the base URL is a W&B server's API.",
        **_facts(asked, reply),
    )


def _misshapen(reply: Reply, asked: Asked, error: ValidationError) -> errors.AnswerError:
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return errors.AnswerError(
        f"The answer has another shape than {asked.operation} asks for: {place}: {first['msg']} "
        f"({error.error_count()} problem{'s' if error.error_count() != 1 else ''}).",
        next_step="Update wandkit, or report this with the request id.",
        **_facts(asked, reply),
    )
