"""The GraphQL engine: one schema, a cache of checked documents, answers with the server's own statuses.

Queries run on a snapshot. Mutations run in one write transaction that is committed before the answer leaves.
"""

from __future__ import annotations

import logging
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from ariadne import ObjectType
from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLResolveInfo,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationType,
    execute_sync,  # pyright: ignore[reportUnknownVariableType]
    get_operation_ast,
    parse,
    validate,
)
from sqlalchemy.orm import Session

from wandkit.server.config import ServerConfig
from wandkit.server.database import Database
from wandkit.server.permissions import Access, Refusal, not_logged_in
from wandkit.server.schema import load_schema
from wandkit.server.shapes import is_object

__all__ = ["Answer", "Context", "GraphQLEngine", "context_of"]

_log = logging.getLogger("wandkit.server")
_MAX_DOCUMENTS = 512
_MAX_TOKENS = 20_000
_QUOTED = re.compile(r"'([^']*)'")
_INTERNAL = "An internal error occurred. Please contact support."


@dataclass
class Context:
    """What a resolver finds in `info.context`.

    Attributes:
        session: The open session; in a mutation it is the one that writes.
        access: Who asks and what they may reach.
        config: The server's settings.
        api_key: The key that the request showed, if any.
        base_url: The URL under which this caller reaches the server, without a trailing slash.
        services: What the application shares with resolvers (signer, blob store), by name.
        cache: For resolvers that want to remember something for the rest of the request.
    """

    session: Session
    access: Access
    config: ServerConfig
    base_url: str
    api_key: str | None = None
    services: Mapping[str, Any] = field(default_factory=dict[str, Any])
    cache: dict[Any, Any] = field(default_factory=dict[Any, Any])


def context_of(info: GraphQLResolveInfo) -> Context:
    """Return the context of a resolver's call, typed."""
    return cast(Context, info.context)


@dataclass(frozen=True)
class Answer:
    """An answer, ready to be written: HTTP status and JSON body."""

    status: int
    body: dict[str, Any]


@dataclass(frozen=True)
class _Checked:
    document: DocumentNode
    errors: Sequence[GraphQLError]


class GraphQLEngine:
    """Executes documents against the schema."""

    def __init__(self, config: ServerConfig, database: Database, bindables: Sequence[ObjectType]) -> None:
        self.schema: GraphQLSchema = load_schema(config, bindables)
        self._database = database
        self._documents: OrderedDict[str, _Checked] = OrderedDict()
        self._lock = threading.Lock()

    def execute(self, request: object, make_context: Callable[[Session], Context]) -> Answer:
        """Execute one request body, decoded from JSON, and return the answer.

        Args:
            request: `{"query", "variables", "operationName"}`; the last two may be null or absent.
            make_context: Makes the context within the session that the engine opened.
        """
        if not is_object(request) or not isinstance(request.get("query"), str):
            return _refused(400, "the request body must be a JSON object with a text `query`")
        variables, name = request.get("variables"), request.get("operationName")
        if not (variables is None or is_object(variables)) or not isinstance(name, (str, type(None))):
            return _refused(400, "`variables` must be an object or null, `operationName` a text or null")
        checked = self._checked(request["query"])
        if checked.errors:
            return Answer(400, {"errors": [_validation_error(error) for error in checked.errors]})
        operation = get_operation_ast(checked.document, name or None)
        if operation is None:
            return _refused(400, "Must provide operation name if query contains multiple operations.")
        writing = operation.operation is OperationType.MUTATION
        with self._database.write() if writing else self._database.read() as session:
            context = make_context(session)
            if context.access.user is None and (writing or context.api_key is not None):
                return _refused_operation(operation.selection_set.selections, not_logged_in())
            result = execute_sync(
                self.schema,
                checked.document,
                context_value=context,
                variable_values=variables,
                operation_name=name or None,
            )
            answer = _answer(result)
        return answer

    def _checked(self, text: str) -> _Checked:
        with self._lock:
            known = self._documents.get(text)
            if known is not None:
                self._documents.move_to_end(text)
                return known
        checked = self._check(text)
        with self._lock:
            self._documents[text] = checked
            while len(self._documents) > _MAX_DOCUMENTS:
                self._documents.popitem(last=False)
        return checked

    def _check(self, text: str) -> _Checked:
        try:
            document = parse(text, max_tokens=_MAX_TOKENS)
        except GraphQLSyntaxError as error:
            return _Checked(DocumentNode(definitions=()), [error])
        return _Checked(document, validate(self.schema, document))


def _answer(result: ExecutionResult) -> Answer:
    if not result.errors:
        return Answer(200, {"data": result.data})
    errors: list[dict[str, Any]] = []
    statuses: list[int] = []
    for error in result.errors:
        status, body = _error(error)
        errors.append(body)
        statuses.append(status)
    worst = max(statuses)
    return Answer(500 if worst >= 500 else statuses[0], {"errors": errors, "data": result.data})


def _error(error: GraphQLError) -> tuple[int, dict[str, Any]]:
    cause = error.original_error
    if isinstance(cause, Refusal):
        body: dict[str, Any] = {"message": cause.message, "path": error.path}
        if cause.code is not None:
            body["extensions"] = {"code": cause.code}
        return cause.status, body
    if cause is not None and not isinstance(cause, GraphQLError):
        _log.error("a resolver failed at %s", error.path, exc_info=cause)
        return 500, {"message": _INTERNAL, "path": error.path}
    if error.path:
        _log.error("the answer does not fit the schema at %s: %s", error.path, error.message)
        return 500, {"message": error.message, "path": error.path}
    return 400, _validation_error(error)


def _validation_error(error: GraphQLError) -> dict[str, Any]:
    text = _QUOTED.sub(r'"\1"', error.message).partition(" Did you mean")[0]
    body: dict[str, Any] = {"message": text}
    if error.locations:
        body["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    return body


def _refused(status: int, message: str) -> Answer:
    return Answer(status, {"errors": [{"message": message}]})


def _refused_operation(selections: Sequence[Any], refusal: Refusal) -> Answer:
    names = [
        node.alias.value if node.alias else node.name.value for node in selections if hasattr(node, "alias")
    ]
    errors = [
        {"message": refusal.message, "path": [name], "extensions": {"code": refusal.code}} for name in names
    ]
    return Answer(refusal.status, {"errors": errors, "data": dict.fromkeys(names)})
