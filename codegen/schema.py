"""The schema of the checkout: its text, its types, and the gate of each of its members."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from graphql import (
    DefinitionNode,
    DocumentNode,
    FieldDefinitionNode,
    GraphQLError,
    GraphQLNamedType,
    GraphQLSchema,
    NameNode,
    Node,
    Source,
    StringValueNode,
    build_ast_schema,
    parse,
    print_ast,
    validate_schema,
)
from graphql.language import (
    ObjectTypeDefinitionNode,
    ObjectTypeExtensionNode,
    UnionTypeDefinitionNode,
    UnionTypeExtensionNode,
)
from graphql.validation.validate import validate_sdl

__all__ = ["Contract", "SchemaError", "gate_of", "parse_schema", "print_server_schema"]


class SchemaError(Exception):
    """The files of schema/ are no valid schema together."""


@dataclass(frozen=True)
class Contract:
    """What schema/ says.

    Attributes:
        document: All files as one document, in the order of their names.
        schema: The types.
        homes: The file that defines each type, e.g. `schema/run.graphql`.
    """

    document: DocumentNode
    schema: GraphQLSchema
    homes: dict[str, str]

    def type_gate(self, name: str) -> str | None:
        """Return the gate of the type `name` itself."""
        kind: GraphQLNamedType = self.schema.type_map[name]
        return None if kind.ast_node is None else gate_of(kind.ast_node, name)

    def member_gate(self, union: str, member: str) -> str | None:
        """Return the gate under which `member` belongs to `union`: that of the extension that adds it."""
        kind = self.schema.type_map[union]
        for extension in kind.extension_ast_nodes:
            if isinstance(extension, UnionTypeExtensionNode) and any(
                named.name.value == member for named in extension.types
            ):
                return gate_of(extension, f"{union}.{member}")
        return None


def parse_schema(folder: Path) -> Contract:
    """Read every `.graphql` file of `folder`.

    Raises:
        SchemaError: Naming every fault with its file and line.
    """
    homes: dict[str, str] = {}
    definitions: list[DefinitionNode] = []
    for path in sorted(folder.glob("*.graphql")):
        try:
            document = parse(Source(path.read_text(encoding="utf-8"), f"{folder.name}/{path.name}"))
        except GraphQLError as error:
            raise SchemaError(str(error)) from None
        definitions.extend(document.definitions)
        for definition in document.definitions:
            name = getattr(definition, "name", None)
            if name is not None and "extension" not in definition.kind:
                homes[name.value] = f"{folder.name}/{path.name}"
    document = DocumentNode(definitions=tuple(definitions))
    _raise_on(validate_sdl(document))
    schema = build_ast_schema(document, assume_valid_sdl=True)
    _raise_on(validate_schema(schema))
    return Contract(document, schema, homes)


def _raise_on(faults: list[GraphQLError]) -> None:
    if faults:
        raise SchemaError("\n\n".join(str(fault) for fault in faults))


def gate_of(node: Node, coordinate: str) -> str | None:
    """Return the gate that the directives of a schema node put on it; None where every server has it."""
    for directive in getattr(node, "directives", None) or ():
        if directive.name.value == "feature":
            value = directive.arguments[0].value
            assert isinstance(value, StringValueNode)
            return f"feature:{value.value}"
        if directive.name.value == "newer":
            return coordinate
    return None


def print_server_schema(contract: Contract) -> str:
    """Return the schema as one SDL text for the server: extensions merged in, directives kept."""
    fields: dict[str, list[FieldDefinitionNode]] = {}
    for definition in contract.document.definitions:
        if isinstance(definition, ObjectTypeExtensionNode):
            fields.setdefault(definition.name.value, []).extend(definition.fields)
    whole: list[DefinitionNode] = []
    for definition in contract.document.definitions:
        if isinstance(definition, ObjectTypeExtensionNode | UnionTypeExtensionNode):
            continue
        name = _name(definition)
        if name in {"idempotent", "spare"}:
            continue
        if isinstance(definition, ObjectTypeDefinitionNode) and name in fields:
            merged = sorted([*definition.fields, *fields[name]], key=lambda field: field.name.value)
            definition = ObjectTypeDefinitionNode(
                name=definition.name,
                description=definition.description,
                interfaces=definition.interfaces,
                directives=definition.directives,
                fields=tuple(merged),
            )
        if isinstance(definition, UnionTypeDefinitionNode):
            definition = _with_extensions(contract, definition)
        whole.append(definition)
    whole.sort(
        key=lambda definition: (
            _KINDS.index(definition.kind),
            _ROOTS.get(_name(definition), 2),
            _name(definition),
        )
    )
    return "\n\n".join(print_ast(definition) for definition in whole) + "\n"


def _with_extensions(contract: Contract, union: UnionTypeDefinitionNode) -> UnionTypeDefinitionNode:
    kind = contract.schema.type_map[union.name.value]
    added = tuple(named for extension in kind.extension_ast_nodes for named in extension.types)  # type: ignore[attr-defined]
    return UnionTypeDefinitionNode(
        name=union.name,
        description=union.description,
        directives=union.directives,
        types=(*union.types, *added),
    )


def _name(definition: DefinitionNode) -> str:
    named: NameNode = definition.name  # type: ignore[attr-defined]
    return named.value


_KINDS = (
    "directive_definition",
    "scalar_type_definition",
    "enum_type_definition",
    "union_type_definition",
    "interface_type_definition",
    "object_type_definition",
    "input_object_type_definition",
)
_ROOTS = {"Query": 0, "Mutation": 1}
