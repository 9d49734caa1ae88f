"""Every member of a schema under its coordinate: what a diff compares and what an operation uses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from graphql import (
    DocumentNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    Node,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    visit,
)

from codegen.schema import gate_of

__all__ = ["Member", "members_of", "used_members"]

Kind: TypeAlias = Literal["type", "field", "argument", "input field", "enum value", "union member"]


@dataclass(frozen=True)
class Member:
    """One part of a schema.

    Attributes:
        coordinate: `Run`, `Run.files`, `Run.files(names:)`, `State.RUNNING`, `Pet.Cat`.
        type: The type of a field or argument; the kind of a type; else empty.
        required: Whether a call has to give it: a non-null argument or input field without a default.
        gate: The server feature or client version that it needs; None where every server has it.
    """

    coordinate: str
    kind: Kind
    type: str
    required: bool = False
    gate: str | None = None


def members_of(schema: GraphQLSchema) -> dict[str, Member]:
    """Return every member of `schema` by its coordinate."""
    return {
        member.coordinate: member
        for name, kind in schema.type_map.items()
        if not name.startswith("__")
        for member in _members(name, kind)
    }


def _members(name: str, kind: GraphQLNamedType) -> Iterator[Member]:
    yield Member(
        name,
        "type",
        type(kind).__name__.removeprefix("GraphQL").removesuffix("Type"),
        gate=_gate(kind.ast_node),
    )
    if isinstance(kind, (GraphQLObjectType, GraphQLInterfaceType)):
        for key, field in kind.fields.items():
            place = f"{name}.{key}"
            yield Member(place, "field", str(field.type), gate=_gate(field.ast_node))
            for argument, of in field.args.items():
                required = str(of.type).endswith("!") and not _has_default(of.ast_node)
                yield Member(f"{place}({argument}:)", "argument", str(of.type), required, _gate(of.ast_node))
    elif isinstance(kind, GraphQLInputObjectType):
        for key, entry in kind.fields.items():
            required = str(entry.type).endswith("!") and not _has_default(entry.ast_node)
            yield Member(f"{name}.{key}", "input field", str(entry.type), required, _gate(entry.ast_node))
    elif isinstance(kind, GraphQLEnumType):
        for key, value in kind.values.items():
            yield Member(f"{name}.{key}", "enum value", "", gate=_gate(value.ast_node))
    elif isinstance(kind, GraphQLUnionType):
        for member in kind.types:
            yield Member(f"{name}.{member.name}", "union member", "")


def _has_default(node: Node | None) -> bool:
    return getattr(node, "default_value", None) is not None


def _gate(node: Node | None) -> str | None:
    if node is None:
        return None
    found = gate_of(node, "newer")
    if found == "newer":
        arguments = {d.name.value: d.arguments[0].value.value for d in node.directives}  # type: ignore[attr-defined]
        return f"client {arguments['newer']}"
    return found.replace(":", " ") if found else None


def used_members(schema: GraphQLSchema, document: DocumentNode) -> set[str]:
    """Return the coordinates that the operations of `document` depend on.

    A type counts as used with everything that its values may be: enum values and union members.
    """
    types = TypeInfo(schema)
    collect = _Used(types)
    visit(document, TypeInfoVisitor(types, collect))
    for name in [*collect.found]:
        kind = schema.type_map.get(name)
        if isinstance(kind, (GraphQLEnumType, GraphQLUnionType)):
            collect.found |= {member.coordinate for member in _members(name, kind)}
        elif isinstance(kind, GraphQLInputObjectType):
            # A caller that leaves a new field out has to be told where it is required.
            collect.found |= {member.coordinate for member in _members(name, kind) if member.required}
    return collect.found


class _Used(Visitor):
    def __init__(self, types: TypeInfo) -> None:
        super().__init__()
        self.types = types
        self.found: set[str] = set()

    def enter_field(self, *_: object) -> None:
        parent, field = self.types.get_parent_type(), self.types.get_field_def()
        kind = get_named_type(self.types.get_type())
        if parent is None or field is None or kind is None or field.ast_node is None:
            return
        place = f"{parent.name}.{field.ast_node.name.value}"
        required = {f"{place}({name}:)" for name, of in field.args.items() if str(of.type).endswith("!")}
        self.found |= {parent.name, kind.name, place} | required

    def enter_argument(self, node: Node, *_: object) -> None:
        parent, field, argument = (
            self.types.get_parent_type(),
            self.types.get_field_def(),
            self.types.get_argument(),
        )
        if parent is None or field is None or argument is None or field.ast_node is None:
            return
        name: str = node.name.value  # type: ignore[attr-defined]
        self.found |= {
            f"{parent.name}.{field.ast_node.name.value}({name}:)",
            get_named_type(argument.type).name,
        }

    def enter_object_field(self, node: Node, *_: object) -> None:
        parent = get_named_type(self.types.get_parent_input_type())
        kind = get_named_type(self.types.get_input_type())
        name: str = node.name.value  # type: ignore[attr-defined]
        if parent is not None:
            self.found |= {parent.name, f"{parent.name}.{name}"}
        if kind is not None:
            self.found.add(kind.name)

    def enter_variable_definition(self, *_: object) -> None:
        kind = get_named_type(self.types.get_input_type())
        if kind is not None:
            self.found.add(kind.name)

    def enter_inline_fragment(self, *_: object) -> None:
        self._composite()

    def enter_fragment_definition(self, *_: object) -> None:
        self._composite()

    def _composite(self) -> None:
        kind = get_named_type(self.types.get_type())
        if kind is not None:
            self.found.add(kind.name)
