"""From the bytes of an answer to data: straight into models, without decoding twice.

What is not data goes to `_core/failure.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import MsgspecError

from wandkit._core.collector import uncollected
from wandkit._core.failure import Asked, Reply, answer_error, as_object, excerpt, failure, graphql_errors
from wandkit._core.jsonvalue import read_json

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

__all__ = ["decode_data", "decode_json", "decode_model", "decode_shape", "unknown_parts"]

Model = TypeVar("Model", bound="BaseModel")
Shaped = TypeVar("Shaped")

_LEADING_DATA = re.compile(rb'\s*\{\s*"data"\s*:')


def decode_shape(reply: Reply, decode: Callable[[memoryview], Shaped]) -> Shaped | None:
    """Return the `data` of a GraphQL answer that is exactly of the shape that was asked for; None for others.

    Whatever is not, down to one odd node of a list, is for `decode_model` to read or to complain about.
    """
    data = _only_data(reply)
    if data is None:
        return None
    try:
        with uncollected():
            return decode(data)
    except (MsgspecError, UnicodeError, RecursionError):
        return None


def decode_model(reply: Reply, asked: Asked, model: type[Model], problems: list[Any]) -> Model:
    """Return the `data` of a GraphQL answer as `model`; list nodes that cannot be read go to `problems`.

    Raises:
        GraphQLError: The answer holds errors.
        AnswerError: It is no GraphQL answer, or of another shape than the operation asks for.
        WandkitError: The status says no.
    """
    from pydantic import ValidationError

    context = {"problems": problems}
    only_data = _only_data(reply)
    if only_data is not None:
        try:
            with uncollected():
                return model.model_validate_json(bytes(only_data), context=context)
        except ValidationError:
            problems.clear()
    data = decode_data(reply, asked)
    try:
        return model.model_validate(data, context=context)
    except ValidationError as error:
        raise answer_error(_misfit(asked, error), asked, reply, "Update wandkit, or report this.") from None


def _only_data(reply: Reply) -> memoryview | None:
    """Return what stands between `{"data":` and the last `}`; if that is JSON, there is no other key."""
    lead = _LEADING_DATA.match(reply.body) if reply.status < 300 else None
    if lead is None:
        return None
    return memoryview(reply.body.rstrip())[lead.end() : -1]


def decode_data(reply: Reply, asked: Asked) -> dict[str, Any]:
    """Return the `data` of a GraphQL answer.

    Raises:
        GraphQLError: The answer holds errors; partial data is on the error.
        AnswerError: It is no GraphQL answer.
        WandkitError: The status says no.
    """
    if reply.status >= 300:
        raise failure(reply, asked).error
    answer = decode_json(reply, asked)
    if graphql_errors(answer):
        raise failure(reply, asked).error
    data = as_object(as_object(answer).get("data"))
    if not data:
        text = f"The answer has neither data nor errors: {excerpt(reply.body, asked, 120)!r}."
        raise answer_error(text, asked, reply)
    return data


def decode_json(reply: Reply, asked: Asked) -> Any:
    """Return the JSON value of an answer's body.

    Raises:
        AnswerError: It is not JSON, or it is cut short.
        WandkitError: The status says no.
    """
    if reply.status >= 300:
        raise failure(reply, asked).error
    try:
        return read_json(reply.body)
    except ValueError as error:
        raise answer_error(_unreadable(reply, asked, str(error)), asked, reply) from None


def unknown_parts(reply: Reply) -> list[dict[str, Any]]:
    """Return the errors of an answer that may be about the document (HTTP 200, 400 or 422), else none."""
    if reply.status not in (200, 400, 422) or b'"errors"' not in reply.body:
        return []
    try:
        return graphql_errors(read_json(reply.body))
    except ValueError:
        return []


def _unreadable(reply: Reply, asked: Asked, error: str) -> str:
    if not reply.body.strip():
        return "The answer is empty."
    if "EOF" in error:
        return f"The answer is cut short after {len(reply.body)} bytes ({error})."
    kind = reply.headers.get("content-type", "").split(";")[0] or "no content type"
    return f"The answer is not JSON ({kind}, {len(reply.body)} bytes): {excerpt(reply.body, asked, 120)!r}."


def _misfit(asked: Asked, error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    more = error.error_count() - 1
    return (
        f"The answer has another shape than {asked.operation} asks for: {place}: {first['msg']}"
        + (f", and {more} more" if more else "")
        + "."
    )
