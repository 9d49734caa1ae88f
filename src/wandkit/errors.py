"""Every error that wandkit raises, in one tree.

    WandkitError (also importable as CommError and Error)
    ├── ArgumentError (ValueError)
    │   ├── ArgumentTypeError (TypeError)
    │   ├── PathError
    │   ├── FilterError
    │   │   └── OperatorError (KeyError)
    │   └── ConfigTypeError (TypeError)
    ├── ArtifactFinalizedError (AttributeError)
    ├── ArtifactMismatchError (ValueError)
    ├── ArtifactNotLoggedError (AttributeError)
    │   └── EntryNotLoggedError (NotImplementedError)
    ├── SettingsError (ValueError)
    ├── AuthenticationError
    │   └── MissingKeyError (UsageError)
    ├── PermissionDeniedError
    ├── NotFoundError (ValueError, also importable as RunNotFoundError)
    ├── ConflictError
    ├── InvalidRequestError
    ├── RateLimitError
    ├── ServerError
    ├── ConnectionFailedError (ConnectionError)
    ├── RequestTimeoutError (TimeoutError)
    │   └── DeadlineExceededError
    ├── AnswerError (ValueError)
    ├── GraphQLError
    ├── UsageError
    │   └── UnsupportedError (RuntimeError)
    │       └── MissingExtraError (ImportError)
    ├── TransferError
    │   └── ChecksumError (ValueError)
    ├── IncompleteHistoryError (also importable as IncompleteRunHistoryError)
    ├── RunStoppedError
    ├── LaunchError
    └── WaitTimeoutError (TimeoutError)

Each says what failed, which object or argument it was, and what to do next. The attributes of
`WandkitError` carry the same facts for programs. No error holds an API key. A second name is the official
client's, so that what catches its errors catches ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__ = [
    "AnswerError",
    "ArgumentError",
    "ArgumentTypeError",
    "ArtifactFinalizedError",
    "ArtifactMismatchError",
    "ArtifactNotLoggedError",
    "AuthenticationError",
    "ChecksumError",
    "CommError",
    "ConfigTypeError",
    "ConflictError",
    "ConnectionFailedError",
    "DeadlineExceededError",
    "EntryNotLoggedError",
    "Error",
    "FilterError",
    "GraphQLError",
    "IncompleteHistoryError",
    "IncompleteRunHistoryError",
    "InvalidRequestError",
    "LaunchError",
    "MissingExtraError",
    "MissingKeyError",
    "NotFoundError",
    "OperatorError",
    "PathError",
    "PermissionDeniedError",
    "RateLimitError",
    "RequestTimeoutError",
    "RunNotFoundError",
    "RunStoppedError",
    "ServerError",
    "SettingsError",
    "TransferError",
    "UnsupportedError",
    "UsageError",
    "WaitTimeoutError",
    "WandkitError",
]


class WandkitError(Exception):
    """The root of the tree.

    Attributes:
        message: What failed, without the context below.
        operation: The GraphQL operation or HTTP action, e.g. `GetRun`; None outside a request.
        host: The host that was asked, e.g. `https://api.wandb.ai`; None outside a request.
        status: The HTTP status code of the answer, where there was one.
        request_id: The server's id of the request, where it sent one; quote it to the server's owner.
        next_step: What to try, in one sentence; may be empty.
    """

    def __init__(
        self,
        message: str,
        *,
        operation: str | None = None,
        host: str | None = None,
        status: int | None = None,
        request_id: str | None = None,
        next_step: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.operation = operation
        self.host = host
        self.status = status
        self.request_id = request_id
        self.next_step = next_step

    def __str__(self) -> str:
        """Return the message, where it happened, and what to do next."""
        where = " ".join(
            part
            for part in (
                f"operation {self.operation}" if self.operation else "",
                f"at {self.host}" if self.host else "",
                f"HTTP {self.status}" if self.status else "",
                f"request {self.request_id}" if self.request_id else "",
            )
            if part
        )
        text = f"{self.message} ({where})" if where else self.message
        if not self.next_step:
            return text
        stop = "" if where or text.endswith((".", "!", "?", "…", ":")) else "."
        return f"{text}{stop} {self.next_step}"

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by state, so that keyword-only arguments survive the trip between processes."""
        return _rebuild, (type(self), self.args, self.__dict__)


def _rebuild(kind: type[WandkitError], args: tuple[Any, ...], state: dict[str, Any]) -> WandkitError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(state)
    return error


CommError = WandkitError
Error = WandkitError


class ArgumentError(WandkitError, ValueError):
    """An argument cannot be used; nothing was sent."""


class ArgumentTypeError(ArgumentError, TypeError):
    """An argument is of a type that cannot be used here."""


class PathError(ArgumentError):
    """A path or URL names no object, or a piece of it is missing and has no default."""


class FilterError(ArgumentError):
    """A filter or order is malformed; nothing was sent."""


class OperatorError(FilterError, KeyError):
    """A filter holds an operator that there is not, or that cannot be said in a report."""


class ArtifactFinalizedError(WandkitError, AttributeError):
    """A version of an artifact that the server has cannot get or lose entries."""


class ArtifactMismatchError(WandkitError, ValueError):
    """The files of a folder are not those of the artifact."""


class ArtifactNotLoggedError(WandkitError, AttributeError):
    """The artifact is a draft; the server has to know it for this."""


class EntryNotLoggedError(ArtifactNotLoggedError, NotImplementedError):
    """The entry is one of a draft; the server has to know its artifact for this."""


class ConfigTypeError(ArgumentError, TypeError):
    """The config of a job has a value of another type than the job takes, or a key too many or too few."""


class SettingsError(WandkitError, ValueError):
    """A setting in an argument, the environment or a settings file cannot be used."""


class AuthenticationError(WandkitError):
    """The server rejected the API key (HTTP 401)."""


class UsageError(WandkitError):
    """What was asked for cannot work as things are set up."""


class MissingKeyError(AuthenticationError, UsageError):
    """No API key was found; the message lists where it was looked up."""


class PermissionDeniedError(WandkitError):
    """The API key is good, but it may not do this (HTTP 403)."""


class NotFoundError(WandkitError, ValueError):
    """The object does not exist, or the API key may not see it."""


RunNotFoundError = NotFoundError


class ConflictError(WandkitError):
    """The change collides with what the server holds (HTTP 409)."""


class InvalidRequestError(WandkitError):
    """The server refused the request as malformed (HTTP 400, 413, 422 and other 4xx)."""


class RateLimitError(WandkitError):
    """The server asks to slow down (HTTP 429) and the retries are used up.

    Attributes:
        retry_after_s: Seconds that the server asked to wait, where it said.
    """

    retry_after_s: float | None = None


class ServerError(WandkitError):
    """The server failed (HTTP 5xx) and the retries are used up."""


class ConnectionFailedError(WandkitError, ConnectionError):
    """No connection, or it broke before the answer was complete."""


class RequestTimeoutError(WandkitError, TimeoutError):
    """One attempt took longer than `timeout`, and so did its retries."""


class DeadlineExceededError(RequestTimeoutError):
    """The whole call, retries and waits included, took longer than `deadline`."""


class AnswerError(WandkitError, ValueError):
    """The answer is not what the protocol says: truncated, not JSON, or of another shape."""


class GraphQLError(WandkitError):
    """The server answered with GraphQL errors.

    Attributes:
        errors: The server's error objects, as sent.
        data: The partial data of the answer; None where there was none.
    """

    errors: Sequence[dict[str, Any]] = ()
    data: dict[str, Any] | None = None


class UnsupportedError(UsageError, RuntimeError):
    """This server is too old, or set up without what the call needs."""


class MissingExtraError(UnsupportedError, ImportError):
    """An optional library is missing; the message names the extra to install."""


class TransferError(WandkitError):
    """A file could not be sent or received whole."""


class ChecksumError(TransferError, ValueError):
    """The bytes of a file do not match the digest that the server gives for it."""


class IncompleteHistoryError(WandkitError):
    """The history that was asked for as complete is not there in full."""


IncompleteRunHistoryError = IncompleteHistoryError


class RunStoppedError(WandkitError):
    """Somebody asked the server to stop the run that is being written."""


class LaunchError(WandkitError):
    """Queued work failed before it became a run, or cannot be started.

    Attributes:
        stage: What the launch agent was doing; None where it did not say.
        file_paths: Files that the agent saved about it.
    """

    stage: str | None = None
    file_paths: Sequence[str] = ()


class WaitTimeoutError(WandkitError, TimeoutError):
    """What was waited for did not happen in time."""
