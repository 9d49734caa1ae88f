"""The schema that the server answers from: the packaged contract, bound to resolvers, with truthful gaps.

A field without a resolver reads (or calls) the value of the same name; where there is none it is null, or
empty where the contract forbids null and where it is a listing. A mutation without one says that this server
does not have it. Each mutation runs in a savepoint of its own: one that is refused leaves nothing behind.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any, cast

from ariadne import ObjectType, ScalarType, make_executable_schema
from graphql import (
    DocumentNode,
    GraphQLEnumType,
    GraphQLError,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    GraphQLUnionType,
    Node,
    parse,
    print_ast,
)
from graphql.language import REMOVE, Visitor, visit

from wandkit.server.config import ServerConfig
from wandkit.server.permissions import Refusal
from wandkit.server.shapes import is_object

__all__ = ["load_schema"]

_EMPTY_SCALARS: dict[str, Any] = {
    "Boolean": False,
    "DateTime": "1970-01-01T00:00:00Z",
    "Duration": 0,
    "Float": 0.0,
    "ID": "",
    "Int": 0,
    "Int64": 0,
    "JSON": {},
    "JSONString": "{}",
    "String": "",
}
_EMPTY_PAGE: dict[str, Any] = {"edges": [], "pageInfo": {"hasNextPage": False}, "totalCount": 0}
_HUMP = re.compile(r"(?<=[a-z0-9])([A-Z])|(?<=[A-Z])([A-Z])(?=[a-z])")


def load_schema(config: ServerConfig, bindables: Iterable[ObjectType]) -> GraphQLSchema:
    """Return the executable schema for this configuration; servers of one process share it."""
    source = config.schema_file or files("wandkit_generated").joinpath("schema.graphql")
    return _load(source.read_text(encoding="utf-8"), frozenset(config.hidden), tuple(bindables))


@lru_cache(maxsize=8)
def _load(sdl: str, hidden: frozenset[str], bindables: tuple[ObjectType, ...]) -> GraphQLSchema:
    if hidden:
        sdl = print_ast(visit(parse(sdl), _Hide(hidden)))
    known = set(re.findall(r"^(?:type|interface|scalar|union|enum) (\w+)", sdl, re.MULTILINE))
    schema = make_executable_schema(sdl, *_scalars(known))
    for bindable in bindables:
        _bind(schema, bindable)
    _fill_gaps(schema)
    _isolate_mutations(schema)
    return schema


class _Hide(Visitor):
    """Takes the members with the given coordinates out of a schema document."""

    def __init__(self, coordinates: frozenset[str]) -> None:
        super().__init__()
        self._coordinates = coordinates

    def enter(self, node: Node, _key: object, _parent: object, _path: object, ancestors: list[Any]) -> Any:
        if node.kind not in ("field_definition", "input_value_definition"):
            return None
        owners = [
            owner for owner in ancestors if isinstance(owner, Node) and not isinstance(owner, DocumentNode)
        ]
        coordinate = _coordinate(node, owners)
        return REMOVE if coordinate in self._coordinates else None


def _coordinate(node: Any, owners: Sequence[Any]) -> str:
    names = [owner.name.value for owner in owners]
    if len(names) == 2:
        return f"{names[0]}.{names[1]}({node.name.value}:)"
    return f"{names[0]}.{node.name.value}" if names else str(node.name.value)


def _bind(schema: GraphQLSchema, bindable: ObjectType) -> None:
    """Bind a noun's resolvers to the fields that this schema has; an older one lacks some."""
    kind = schema.type_map.get(bindable.name)
    if isinstance(kind, GraphQLObjectType):
        resolvers: dict[str, Any] = bindable._resolvers  # pyright: ignore[reportPrivateUsage]
        for name, resolver in resolvers.items():
            if name in kind.fields:
                kind.fields[name].resolve = resolver


def _scalars(known: set[str]) -> list[ScalarType]:
    scalars = [
        ScalarType(name, serializer=_same, value_parser=_same)
        for name in ("DateTime", "Duration", "Int64", "JSON")
        if name in known
    ]
    if "JSONString" in known:
        scalars.append(ScalarType("JSONString", serializer=_same, value_parser=_text))
    return scalars


def _same(value: Any) -> Any:
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise GraphQLError(f"JSONString must be a text that holds JSON, not {type(value).__name__}")
    return value


def _fill_gaps(schema: GraphQLSchema) -> None:
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLEnumType):
            # Values are their names here; ariadne's stand-in does not take what newer graphql-core passes.
            kind.__dict__.pop("parse_value", None)
        if isinstance(kind, (GraphQLInterfaceType, GraphQLUnionType)) and kind.resolve_type is None:
            kind.resolve_type = _typename
        if not isinstance(kind, GraphQLObjectType) or kind.name.startswith("__"):
            continue
        for name, definition in kind.fields.items():
            if definition.resolve is None:
                is_mutation = kind is schema.mutation_type
                definition.resolve = _unavailable(name) if is_mutation else _plain(name, definition)


def _isolate_mutations(schema: GraphQLSchema) -> None:
    if schema.mutation_type is not None:
        for definition in schema.mutation_type.fields.values():
            definition.resolve = _in_savepoint(cast("Callable[..., Any]", definition.resolve))


def _in_savepoint(resolve: Callable[..., Any]) -> Callable[..., Any]:
    def isolated(parent: Any, info: GraphQLResolveInfo, **arguments: Any) -> Any:
        with info.context.session.begin_nested():
            payload = resolve(parent, info, **arguments)
        if is_object(payload) and "input" in arguments:
            payload.setdefault("clientMutationId", arguments["input"].get("clientMutationId"))
        return payload

    return isolated


def _typename(value: Any, _info: GraphQLResolveInfo, _abstract: object) -> str:
    return str(value["__typename"] if is_object(value) else type(value).__name__)


def _unavailable(name: str) -> Callable[..., Any]:
    def refuse(_parent: Any, _info: GraphQLResolveInfo, **_arguments: Any) -> Any:
        raise Refusal(f"{name} is not available on this server")

    return refuse


def _plain(name: str, definition: Any) -> Callable[..., Any]:
    attribute = _HUMP.sub(lambda match: f"_{match.group(0)}", name).lower()
    empty = _empty(str(definition.type))

    def resolve(parent: Any, _info: GraphQLResolveInfo, **_arguments: Any) -> Any:
        value = parent.get(name) if is_object(parent) else getattr(parent, attribute, None)
        if callable(value):
            value = value()
        return empty if value is None else value

    return resolve


def _empty(kind: str) -> Any:
    name = kind.strip("[]!")
    if name.endswith("Connection"):
        return _EMPTY_PAGE
    if not kind.endswith("!"):
        return None
    return [] if kind.startswith("[") else _EMPTY_SCALARS.get(name)
