"""From whatever went wrong with a request to the one error of the tree that says so.

Three kinds of trouble come in: a connection that failed (`WireError`), a status that says no, and GraphQL
errors under a status that says yes. Each becomes a `Failure`: the error to raise, and whether sending the
request again may help. Messages never hold a secret, even where a server echoes one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol, cast

from wandkit import errors
from wandkit._core.capability import is_schema_complaint
from wandkit._core.jsonvalue import read_json
from wandkit._core.retry import Failure, Repeat, asked_wait_s

__all__ = [
    "Asked",
    "Reply",
    "WireError",
    "answer_error",
    "as_object",
    "broken",
    "excerpt",
    "failure",
    "graphql_errors",
    "is_final",
]

Break = Literal["refused", "unreachable", "name", "tls", "timeout", "broken", "protocol", "length"]
"""How a connection failed."""


class WireError(Exception):
    """A connection could not be made, or broke before the answer was complete.

    Attributes:
        kind: How it failed.
        text: What the system says about it.
        sent: Whether any byte of the request may have reached the server.
    """

    def __init__(self, kind: Break, text: str, *, sent: bool) -> None:
        super().__init__(kind, text)
        self.kind: Break = kind
        self.text = text
        self.sent = sent


class Reply(NamedTuple):
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
        key_page: Where a user gets a key.
        timeout_s: The time limit of one attempt.
        known: False for a document of the user's own, whose fields wandkit cannot vouch for.
        home: False for another host than the API's, such as that of a signed URL.
        secrets: What no message may hold.
    """

    operation: str
    host: str
    key_source: str = ""
    key_page: str = ""
    timeout_s: float | None = None
    known: bool = True
    home: bool = True
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def scrub(self, text: str) -> str:
        """Return `text` without the secrets."""
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return text


class _Answered(Protocol):
    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Mapping[str, str]: ...


def is_final(reply: _Answered) -> bool:
    """Tell whether sending the request again would not change the answer."""
    return _repeat(reply.status, asked_wait_s(reply.headers, 0.0)) == "never"


def failure(reply: Reply, asked: Asked, *, now_epoch_s: float = 0.0) -> Failure:
    """Return what an answer means that is not the data that was asked for."""
    answer = _tolerant_json(reply.body)
    found = graphql_errors(answer)
    if 300 <= reply.status < 400:
        return Failure(_redirected(reply, asked))
    if reply.status < 300:
        return Failure(_of_errors(answer, found, reply, asked))
    wait = asked_wait_s(reply.headers, now_epoch_s) if reply.status in (429, 503) else None
    is_no_api = (
        reply.status == 404 and asked.home and not as_object(answer) and asked.operation.isidentifier()
    )
    meaning = _NO_API if is_no_api else _meaning(reply.status, asked, found, wait)
    text = _server_text(answer, found, reply.body, asked)
    error = meaning.error(
        f"{meaning.what}: {text}" if text else f"{meaning.what}.",
        next_step=meaning.step,
        **_facts(reply, asked),
    )
    if isinstance(error, errors.RateLimitError):
        error.retry_after_s = wait
    return Failure(error, _repeat(reply.status, wait), wait)


def broken(error: WireError, asked: Asked) -> Failure:
    """Return what a connection that failed means."""
    host = asked.host.split("://", 1)[-1]
    repeat: Repeat = "idempotent" if error.sent else "safe"
    if error.kind == "timeout":
        limit = f" within {asked.timeout_s:g} s" if asked.timeout_s is not None else " in time"
        timed_out = errors.RequestTimeoutError(
            f"{host} did not answer{limit}.",
            operation=asked.operation,
            host=asked.host,
            next_step="Give a longer `timeout` (or set WANDB_HTTP_TIMEOUT), or ask for less at once.",
        )
        return Failure(timed_out, repeat, slow=True)
    if error.kind == "length":
        return Failure(_cut_body(error, asked))
    what, step = _BREAKS[error.kind]
    failed = errors.ConnectionFailedError(
        asked.scrub(f"{what.format(host=host)}: {error.text}."),
        operation=asked.operation,
        host=asked.host,
        next_step=step,
    )
    hopeless = error.kind == "tls" or (error.kind == "name" and "temporary" not in error.text)
    return Failure(failed, "never" if hopeless else repeat)


def _cut_body(error: WireError, asked: Asked) -> errors.TransferError:
    """Return the error for a body that was not what was announced: the file changed while it was read."""
    return errors.TransferError(
        f"The body to send is not as long as announced: {error.text}.",
        operation=asked.operation,
        host=asked.host,
        next_step="Send the file when nothing writes to it any more.",
    )


def answer_error(what: str, asked: Asked, reply: Reply, step: str = "") -> errors.AnswerError:
    """Return the error for an answer that is not what the protocol says."""
    return errors.AnswerError(asked.scrub(what), next_step=step or _NOT_OUR_API, **_facts(reply, asked))


def graphql_errors(answer: object) -> list[dict[str, Any]]:
    """Return the errors of a decoded answer, each as an object with at least a `message`."""
    found: list[Any] | dict[str, Any] | str | None = as_object(answer).get("errors")
    if not found:
        return []
    items: list[Any] = found if isinstance(found, list) else [found]
    return [as_object(item) or {"message": str(item)} for item in items]


def as_object(value: object) -> dict[str, Any]:
    """Return a decoded JSON value if it is an object, else an empty one."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def excerpt(body: bytes, asked: Asked, chars: int = 300) -> str:
    """Return the start of `body` as one line of plain text; markup and secrets are left out."""
    text = asked.scrub(body[:8192].decode("utf-8", "replace"))
    if "<" in text:
        text = _TAG.sub(" ", text)
    text = " ".join(text.split())
    return text if len(text) <= chars else text[:chars].rstrip() + "…"


_TAG = re.compile(r"<(?:script|style)\b.*?</(?:script|style)>|<[^>]*>", re.DOTALL | re.IGNORECASE)
_REQUEST_ID_HEADERS = (
    "x-request-id",
    "request-id",
    "x-amz-request-id",
    "x-guploader-uploadid",
    "x-ms-request-id",
    "x-cloud-trace-context",
    "cf-ray",
)
_NOT_OUR_API = "Check that the base URL is a W&B server's API and that no proxy changes answers."
_BASE_URL = "Check the base URL (WANDB_BASE_URL, or base_url in the overrides) and that the server runs."
_OLD_SERVER = "Update the server, or leave this call out."
_MESSAGE = "Check the arguments against the message."
_BREAKS: dict[Break, tuple[str, str]] = {
    "refused": ("{host} refused the connection", _BASE_URL),
    "unreachable": ("{host} cannot be reached", _BASE_URL),
    "name": ("The name of {host} cannot be resolved", _BASE_URL),
    "tls": (
        "No secure connection to {host}",
        "If the server has a certificate of its own, pass `verify=` with its CA file (or set SSL_CERT_FILE).",
    ),
    "broken": (
        "The connection to {host} broke before the answer was complete",
        "Try again; if it stays, look for a proxy or gateway that cuts answers short.",
    ),
    "protocol": ("{host} does not answer in HTTP/1.1", _NOT_OUR_API),
}


class _Meaning(NamedTuple):
    """What a status means: the class of the error, its first words, and the advice."""

    error: type[errors.WandkitError]
    what: str
    step: str


_MEANINGS = {
    403: _Meaning(
        errors.PermissionDeniedError,
        "Permission denied",
        "Ask the owner of the entity or project for access, or use another key than the one from {source}.",
    ),
    404: _Meaning(
        errors.NotFoundError,
        "Not found",
        "Check the entity, the project and the name; a private object looks missing without access.",
    ),
    408: _Meaning(errors.RequestTimeoutError, "The server gave up waiting for the request", "Try again."),
    409: _Meaning(
        errors.ConflictError,
        "The change collides with what the server holds",
        "Fetch the object again, or choose another id.",
    ),
    413: _Meaning(
        errors.InvalidRequestError, "The request is too large for the server", "Send less at once."
    ),
    429: _Meaning(
        errors.RateLimitError,
        "The server asks to slow down",
        "Wait {wait} and try again, or send fewer requests at once.",
    ),
    504: _Meaning(
        errors.ServerError, "The server's gateway timed out", "Try again later, or ask for less at once."
    ),
}
_REJECTED = _Meaning(
    errors.AuthenticationError,
    "The server rejected the API key from {source}",
    "Get a key at {page} and give it as api_key=, WANDB_API_KEY or in netrc.",
)
_FAILED = _Meaning(
    errors.ServerError,
    "The server failed",
    "Try again later; if it stays, give the request id to the server's owner.",
)
_REFUSED = _Meaning(errors.InvalidRequestError, "The server refused the request", _MESSAGE)
_TOO_OLD = _Meaning(errors.UnsupportedError, "This server is too old for the call", _OLD_SERVER)
_NO_API = _Meaning(errors.NotFoundError, "Not found", _BASE_URL)
_STORE_REFUSED = _Meaning(
    errors.TransferError,
    "The file store refused the request",
    "A signed URL expires: fetch the file's entry again.",
)


def _meaning(status: int, asked: Asked, found: Sequence[Mapping[str, Any]], wait: float | None) -> _Meaning:
    if status >= 500:
        meaning = _MEANINGS.get(status, _FAILED)
    elif not asked.home and status not in (404, 408, 429):
        meaning = _STORE_REFUSED
    elif asked.known and _too_old(found):
        meaning = _TOO_OLD
    else:
        meaning = _REJECTED if status == 401 else _MEANINGS.get(status, _REFUSED)
    words = {
        "source": asked.key_source or "the settings",
        "page": asked.key_page or asked.host,
        "wait": f"{wait:g} s" if wait else "a little",
    }
    return _Meaning(meaning.error, meaning.what.format(**words), meaning.step.format(**words))


def _repeat(status: int, wait: float | None) -> Repeat:
    """Tell when a request may be repeated after `status`; `wait` is what `Retry-After` says."""
    if status == 429 or (status == 503 and wait is not None):
        return "safe"
    if status == 408 or (status >= 500 and status not in (501, 505)):
        return "idempotent"
    return "never"


def _of_errors(
    answer: object, found: list[dict[str, Any]], reply: Reply, asked: Asked
) -> errors.WandkitError:
    """Return the error for GraphQL errors that came with a status that says yes."""
    text = asked.scrub(_messages(found))
    facts = _facts(reply, asked)
    data = as_object(as_object(answer).get("data"))
    kind: type[errors.WandkitError] | None = None
    if asked.known and _too_old(found):
        return errors.UnsupportedError(f"{_TOO_OLD.what}: {text}", next_step=_OLD_SERVER, **facts)
    if not any(data.values()):
        kind = _denial(found)
    if kind is not None:
        meaning = _meaning(401 if kind is errors.AuthenticationError else 403, asked, found, None)
        return kind(f"{meaning.what}: {text}", next_step=meaning.step, **facts)
    error = errors.GraphQLError(text or "The answer holds errors.", next_step=_MESSAGE, **facts)
    error.errors = [{**item, "message": asked.scrub(str(item.get("message", "")))} for item in found]
    error.data = data or None
    return error


def _denial(found: Sequence[Mapping[str, Any]]) -> type[errors.WandkitError] | None:
    """Return the class of an error that is about who asks, None for any other."""
    first: Mapping[str, Any] = found[0] if found else {}
    if "not logged in" in str(first.get("message", "")):
        return errors.AuthenticationError
    denied = as_object(first.get("extensions")).get("code") == "PERMISSION_ERROR"
    return errors.PermissionDeniedError if denied else None


def _too_old(found: Sequence[Mapping[str, Any]]) -> bool:
    return any(is_schema_complaint(str(item.get("message", ""))) for item in found)


def _messages(found: Sequence[Mapping[str, Any]]) -> str:
    return "; ".join(str(item.get("message", item)) for item in found)


def _server_text(answer: object, found: Sequence[Mapping[str, Any]], body: bytes, asked: Asked) -> str:
    """Return the server's own words: GraphQL messages, a REST `error`, or the start of a plain body."""
    if found:
        return asked.scrub(_messages(found))
    words = (as_object(answer).get(key) for key in ("error", "message", "detail"))
    return asked.scrub(next((str(text) for text in words if text), "")) or excerpt(body, asked)


def _redirected(reply: Reply, asked: Asked) -> errors.WandkitError:
    target = reply.headers.get("location", "").split("?", 1)[0] or "nowhere"
    return errors.AnswerError(
        asked.scrub(f"{asked.host} redirects to {target}; credentials do not follow redirects."),
        next_step="If that is your server, set it as the base URL.",
        **_facts(reply, asked),
    )


def _facts(reply: Reply, asked: Asked) -> dict[str, Any]:
    headers = reply.headers
    request_id = next((headers[name] for name in _REQUEST_ID_HEADERS if headers.get(name)), None)
    return {
        "operation": asked.operation,
        "host": asked.host,
        "status": reply.status,
        "request_id": asked.scrub(request_id) if request_id else None,
    }


def _tolerant_json(body: bytes) -> object:
    try:
        return read_json(body)
    except ValueError:
        return None
