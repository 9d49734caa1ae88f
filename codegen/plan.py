"""Decide names, types and imports of the generated modules: plain data for the templates."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from graphql import (
    FragmentDefinitionNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    ListTypeNode,
    NonNullTypeNode,
    OperationDefinitionNode,
    TypeNode,
    VariableDefinitionNode,
)

from codegen.conditions import ordered
from codegen.pieces import CutOperation, cut_operation
from codegen.queries import QueryFile, idempotence, named, spare_variables
from codegen.scalars import ARGUMENT_TYPES
from codegen.schema import Contract

__all__ = ["Argument", "Function", "NounPlan", "PiecePlan", "plan_noun", "snake"]

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@dataclass(frozen=True)
class Argument:
    """One keyword argument of a generated function."""

    name: str
    variable: str
    annotation: str
    required: bool


@dataclass(frozen=True)
class PiecePlan:
    """One stretch of a document, as Python source."""

    literal: str
    when: str


@dataclass(frozen=True)
class Function:
    """One operation, as the templates place it."""

    name: str
    constant: str
    operation: str
    kind: str
    summary: str
    arguments: tuple[Argument, ...]
    pieces: tuple[PiecePlan, ...]
    variables: tuple[tuple[str, str], ...]
    gates: str
    when: str
    spare: str
    idempotent: bool
    model_module: str


@dataclass(frozen=True)
class NounPlan:
    """One noun's modules.

    Attributes:
        models: The models that its functions return, with their modules.
        values: The enums and inputs that its arguments take, with their modules.
    """

    noun: str
    source: str
    functions: tuple[Function, ...]
    models: tuple[tuple[str, str], ...]
    values: tuple[tuple[str, tuple[str, ...]], ...]
    takes_datetime: bool
    takes_sequence: bool
    takes_unset: bool


def plan_noun(
    contract: Contract, file: QueryFile, fragments: Mapping[str, FragmentDefinitionNode]
) -> NounPlan:
    """Plan the modules of one file of queries/."""
    functions = tuple(
        _function(contract, operation, cut_operation(contract, operation, fragments), file.comments)
        for operation in file.operations
    )
    arguments = [argument for function in functions for argument in function.arguments]
    return NounPlan(
        noun=file.noun,
        source=file.source,
        functions=functions,
        models=tuple(sorted((function.operation, function.model_module) for function in functions)),
        values=_values(contract, file.operations),
        takes_datetime=any("datetime" in argument.annotation for argument in arguments),
        takes_sequence=any("Sequence" in argument.annotation for argument in arguments),
        takes_unset=any(not argument.required for argument in arguments),
    )


def snake(name: str) -> str:
    """Return a GraphQL name as a Python one: `liveKeys` is `live_keys`, `projectID` is `project_id`."""
    found = _CAMEL.sub("_", name).lower()
    return f"{found}_" if keyword.iskeyword(found) else found


def _function(
    contract: Contract, operation: OperationDefinitionNode, cut: CutOperation, comments: Mapping[str, str]
) -> Function:
    assert operation.name is not None
    name = operation.name.value
    summary = comments.get(name) or f"Send `{name}`."
    return Function(
        name=snake(name),
        constant=snake(name).upper(),
        operation=name,
        kind=operation.operation.value,
        summary=summary if summary.endswith((".", "?", "!")) else f"{summary}.",
        arguments=_arguments(contract, operation.variable_definitions),
        pieces=tuple(PiecePlan(_literal(item.text), _when(ordered(item.when))) for item in cut.cuts),
        variables=tuple((variable, _when(ordered(when))) for variable, when in cut.variables.items()),
        gates=_gates(tuple(sorted(cut.gates))),
        when=_when(ordered(cut.when)),
        spare=_gates(spare) if (spare := spare_variables(operation)) else "",
        idempotent=operation.operation.value == "query" or idempotence(operation) is not None,
        model_module=snake(name),
    )


def _arguments(contract: Contract, definitions: Iterable[VariableDefinitionNode]) -> tuple[Argument, ...]:
    found = [
        Argument(
            name=snake(node.variable.name.value),
            variable=node.variable.name.value,
            annotation=_annotation(contract, node.type),
            required=isinstance(node.type, NonNullTypeNode) and node.default_value is None,
        )
        for node in definitions
    ]
    return tuple(sorted(found, key=lambda argument: not argument.required))


def _annotation(contract: Contract, kind: TypeNode) -> str:
    if isinstance(kind, NonNullTypeNode):
        return _bare_annotation(contract, kind.type)
    return f"{_bare_annotation(contract, kind)} | None"


def _bare_annotation(contract: Contract, kind: TypeNode) -> str:
    if isinstance(kind, ListTypeNode):
        return f"Sequence[{_annotation(contract, kind.type)}]"
    name = named(kind)
    of = contract.schema.type_map[name]
    if isinstance(of, GraphQLEnumType):
        return f"{name} | str"
    return name if isinstance(of, GraphQLInputObjectType) else ARGUMENT_TYPES[name]


def _values(
    contract: Contract, operations: Iterable[OperationDefinitionNode]
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    modules: dict[str, set[str]] = {}
    for operation in operations:
        for node in operation.variable_definitions:
            name = named(node.type)
            kind = contract.schema.type_map[name]
            if isinstance(kind, GraphQLEnumType):
                modules.setdefault("enums", set()).add(name)
            elif isinstance(kind, GraphQLInputObjectType):
                modules.setdefault("inputs", set()).add(name)
    return tuple((module, tuple(sorted(names))) for module, names in sorted(modules.items()))


def _when(sets: tuple[tuple[str, ...], ...]) -> str:
    if not sets:
        return ""
    return "(" + " ".join(f"{_gates(gates)}," for gates in sets) + ")"


def _gates(gates: tuple[str, ...]) -> str:
    if not gates:
        return "frozenset()"
    inside = ", ".join(f'"{gate}"' for gate in gates)
    return f"frozenset({{{inside}}})"


def _literal(text: str) -> str:
    r"""Return `text` as a Python literal, over several lines where it has them."""
    escaped = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    if escaped.endswith('"'):
        escaped = f'{escaped[:-1]}\\"'
    if "\n" not in text.rstrip("\n") and '"' not in text:
        return '"' + escaped.replace("\n", "\\n") + '"'
    return f'"""\\\n{escaped}"""'
