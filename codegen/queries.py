"""The operations and fragments of the checkout, checked against the schema and our rules for them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    InlineFragmentNode,
    NoUnusedFragmentsRule,
    OperationDefinitionNode,
    OperationType,
    Source,
    StringValueNode,
    TypeInfo,
    TypeInfoVisitor,
    TypeNode,
    VariableDefinitionNode,
    Visitor,
    get_named_type,
    is_abstract_type,
    parse,
    print_ast,
    specified_rules,
    validate,
    visit,
)
from graphql.language import ListTypeNode, NamedTypeNode, NonNullTypeNode

from codegen.names import UNATTESTED
from codegen.schema import Contract

__all__ = ["QueryError", "QueryFile", "idempotence", "named", "parse_queries", "spare_variables"]


class QueryError(Exception):
    """A file of queries/ breaks the schema or a rule of queries/README.md."""


@dataclass(frozen=True)
class QueryFile:
    """One noun's operations and fragments, in the order of the file.

    Attributes:
        noun: The stem of the file: `run`.
        source: Its path in the checkout: `queries/run.graphql`.
        comments: The comment above each definition, by its name.
    """

    noun: str
    source: str
    operations: tuple[OperationDefinitionNode, ...]
    fragments: tuple[FragmentDefinitionNode, ...]
    comments: dict[str, str]


def parse_queries(folder: Path, contract: Contract) -> tuple[QueryFile, ...]:
    """Read every `.graphql` file of `folder` and check all of them together.

    Raises:
        QueryError: Naming every fault with its file and line.
    """
    paths = sorted(folder.glob("*.graphql"))
    try:
        parsed = {
            path: parse(Source(path.read_text(encoding="utf-8"), f"{folder.name}/{path.name}"))
            for path in paths
        }
    except GraphQLError as error:
        raise QueryError(str(error)) from None
    whole = DocumentNode(
        definitions=tuple(item for document in parsed.values() for item in document.definitions)
    )
    rules = [rule for rule in specified_rules if rule is not NoUnusedFragmentsRule]
    faults = validate(contract.schema, whole, rules)
    if not faults:
        check = _Rules(contract)
        visit(whole, TypeInfoVisitor(check.types, check))
        faults = check.faults
    if faults:
        raise QueryError("\n\n".join(str(fault) for fault in faults))
    return tuple(_query_file(path, document, folder) for path, document in parsed.items())


def named(kind: TypeNode) -> str:
    """Return the name inside a type reference: `[String!]!` names String."""
    while isinstance(kind, (ListTypeNode, NonNullTypeNode)):
        kind = kind.type
    assert isinstance(kind, NamedTypeNode)
    return kind.name.value


def idempotence(operation: OperationDefinitionNode) -> str | None:
    """Return why repeating a mutation changes nothing more, where its author says so."""
    for directive in operation.directives:
        if directive.name.value == "idempotent":
            value = directive.arguments[0].value
            assert isinstance(value, StringValueNode)
            return value.value
    return None


def spare_variables(operation: OperationDefinitionNode) -> tuple[str, ...]:
    """Return the variables of a mutation that older servers do well without, as its author says."""
    return tuple(
        sorted(
            node.variable.name.value
            for node in operation.variable_definitions
            if any(directive.name.value == "spare" for directive in node.directives)
        )
    )


def _query_file(path: Path, document: DocumentNode, folder: Path) -> QueryFile:
    operations = tuple(item for item in document.definitions if isinstance(item, OperationDefinitionNode))
    fragments = tuple(item for item in document.definitions if isinstance(item, FragmentDefinitionNode))
    lines = path.read_text(encoding="utf-8").splitlines()
    comments = {
        item.name.value: _comment_above(lines, item.loc.start_token.line)
        for item in (*operations, *fragments)
        if item.name is not None and item.loc is not None
    }
    return QueryFile(path.stem, f"{folder.name}/{path.name}", operations, fragments, comments)


def _comment_above(lines: list[str], line: int) -> str:
    """Return the comment that ends on the line above `line` (counted from 1), as one text."""
    found: list[str] = []
    for text in reversed(lines[: line - 1]):
        if not text.startswith("#"):
            break
        found.insert(0, text.lstrip("# ").rstrip())
    return " ".join(found)


class _Rules(Visitor):
    """What GraphQL allows and we do not."""

    def __init__(self, contract: Contract) -> None:
        super().__init__()
        self.types = TypeInfo(contract.schema)
        self.faults: list[GraphQLError] = []

    def enter_operation_definition(self, node: OperationDefinitionNode, *_: object) -> None:
        """Every operation has a name; subscriptions are not sent."""
        if node.name is None:
            self.faults.append(GraphQLError("An operation needs a name.", node))
        if node.operation is OperationType.SUBSCRIPTION:
            self.faults.append(GraphQLError("Subscriptions are not supported.", node))

    def enter_fragment_definition(self, node: FragmentDefinitionNode, *_: object) -> None:
        """A fragment is on an attested type."""
        self._attested(node.type_condition.name.value, node)

    def enter_inline_fragment(self, node: InlineFragmentNode, *_: object) -> None:
        """An inline fragment is on an attested type."""
        if node.type_condition is not None:
            self._attested(node.type_condition.name.value, node)

    def enter_variable_definition(self, node: VariableDefinitionNode, *_: object) -> None:
        """A variable is of an attested type, and its name is free in the generated function."""
        self._attested(named(node.type), node)
        if node.variable.name.value in {"gql", "timeout"}:
            self.faults.append(GraphQLError("The generated function has an argument of this name.", node))

    def enter_field(self, node: FieldNode, *_: object) -> None:
        """An abstract selection asks for `__typename`, so that its members can be told apart."""
        kind = get_named_type(self.types.get_type())
        if node.selection_set is None or kind is None or not is_abstract_type(kind):
            return
        own = {item.name.value for item in node.selection_set.selections if isinstance(item, FieldNode)}
        if "__typename" not in own:
            self.faults.append(
                GraphQLError(f"Select __typename here: {kind.name} is an interface or union.", node)
            )

    def _attested(
        self, name: str, node: FragmentDefinitionNode | InlineFragmentNode | VariableDefinitionNode
    ) -> None:
        if name in UNATTESTED:
            self.faults.append(
                GraphQLError(
                    f"{name!r} is a name that nobody has seen spelt: do not write it in {print_ast(node)!r}.",
                    node,
                )
            )
