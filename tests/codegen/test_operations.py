"""Every operation fits its schema whole, and older servers with what they do not know cut out."""

from __future__ import annotations

import pickle
import re
from collections.abc import Iterable
from functools import cache

import pytest
from checkout import contract, fragments, live, operations
from graphql import DocumentNode, GraphQLSchema, OperationDefinitionNode, parse, specified_rules, validate
from graphql.language import ast
from graphql.utilities import build_ast_schema
from wandkit_generated.gql import operations as compiled

from codegen.pieces import CutOperation, cut_operation
from codegen.plan import snake
from codegen.schema import gate_of

NAMES = sorted(operations())


def cut(name: str) -> CutOperation:
    """Return one operation in pieces."""
    return cut_operation(contract(), operations()[name], fragments())


def document(pieces: CutOperation, missing: Iterable[str]) -> str | None:
    """Return what is sent to a server without the gates `missing`; None where nothing is left."""
    lacks = frozenset(missing)
    if not any(lacks.isdisjoint(gates) for gates in pieces.when):
        return None
    return "".join(item.text for item in pieces.cuts if any(lacks.isdisjoint(gates) for gates in item.when))


def faults(schema: GraphQLSchema, text: str) -> list[str]:
    """Return what is wrong with a document, every rule of GraphQL applied."""
    return [error.message for error in validate(schema, parse(text), specified_rules)]


@cache
def base_schema() -> GraphQLSchema:
    """Return schema/ without anything that a gate stands before."""
    return build_ast_schema(DocumentNode(definitions=tuple(_without_gated(contract().document.definitions))))


def _without_gated(definitions: Iterable[ast.DefinitionNode]) -> Iterable[ast.DefinitionNode]:
    for definition in definitions:
        name = definition.name.value  # type: ignore[attr-defined]
        if gate_of(definition, name) and not isinstance(definition, ast.TypeExtensionNode):
            # The type stays, since gated fields elsewhere may name it; nothing of it can be asked for.
            yield definition
            continue
        for key in ("fields", "values"):
            members = getattr(definition, key, None)
            if members and isinstance(definition, (ast.TypeDefinitionNode, ast.TypeExtensionNode)):
                definition = _copy(definition, **{key: tuple(_kept(members))})
        if not gate_of(definition, name):
            yield definition


def _kept(members: Iterable[ast.Node]) -> Iterable[ast.Node]:
    for member in members:
        if gate_of(member, "x"):
            continue
        arguments = getattr(member, "arguments", None)
        if arguments:
            member = _copy(member, arguments=tuple(item for item in arguments if not gate_of(item, "x")))
        yield member


def _copy(node: ast.Node, **changes: object) -> ast.Node:
    return type(node)(**{**{key: getattr(node, key, None) for key in node.keys}, **changes})


@pytest.mark.parametrize("name", NAMES)
def test_an_operation_is_valid_whole(name: str) -> None:
    """Nothing cut: the newest server."""
    text = document(cut(name), ())
    assert text is not None
    assert faults(contract().schema, text) == []


@pytest.mark.parametrize("name", NAMES)
def test_an_operation_is_valid_on_the_base_with_all_gates_cut(name: str) -> None:
    """A server that knows nothing of what came later; unused variables and fragments are gone too."""
    pieces = cut(name)
    text = document(pieces, pieces.gates)
    assert text is None or faults(base_schema(), text) == []


@pytest.mark.parametrize("name", NAMES)
def test_an_operation_is_valid_with_each_gate_cut_alone(name: str) -> None:
    """One cut at a time leaves no unused variable, no empty selection, no stray comma."""
    pieces = cut(name)
    texts = {gate: document(pieces, {gate}) for gate in pieces.gates}
    assert {gate: faults(contract().schema, text) for gate, text in texts.items() if text} == {
        gate: [] for gate, text in texts.items() if text
    }


def roots(operation: OperationDefinitionNode) -> set[str]:
    """Return the root fields that an operation asks for."""
    return {item.name.value for item in operation.selection_set.selections if isinstance(item, ast.FieldNode)}


@pytest.mark.parametrize("name", NAMES)
def test_an_operation_with_all_gates_cut_fits_the_server_of_october_2023(name: str) -> None:
    """Wherever that server has the root field at all."""
    node, pieces = operations()[name], cut(name)
    root = live().mutation_type if node.operation.value == "mutation" else live().query_type
    text = document(pieces, pieces.gates)
    known = text is not None and roots(node) <= set(root.fields)
    assert (faults(live(), text) if known and text is not None else []) == []


def test_only_operations_on_younger_root_fields_escape_the_server_of_october_2023() -> None:
    """The list is short and known: these root fields came after it."""
    younger = {
        field
        for node in operations().values()
        for field in roots(node)
        if field
        not in (live().mutation_type if node.operation.value == "mutation" else live().query_type).fields
    }
    assert younger <= {
        "completeMultipartUploadArtifact",
        "createArtifactCollectionTagAssignments",
        "createProjectMembers",
        "createRunFiles",
        "deleteArtifactCollectionTagAssignments",
        "deleteProjectMembers",
        "enqueueSweepRun",
        "markRunFilesUploaded",
        "unlinkArtifact",
        "updateFilterTrigger",
        "updateProjectMember",
        "updateProjectTeamMember",
        "updateRunState",
        "upsertRunQueue",
    }


@pytest.mark.parametrize("name", NAMES)
def test_every_declared_variable_is_known_with_its_condition(name: str) -> None:
    """What the runtime sends is what the document declares, for the whole and for the fully cut one."""
    pieces = cut(name)
    for missing in (frozenset(), pieces.gates):
        text = document(pieces, missing)
        if text is not None:
            declared = {item.variable.name.value for item in parse(text).definitions[0].variable_definitions}
            sent = {
                variable
                for variable, when in pieces.variables.items()
                if any(missing.isdisjoint(gates) for gates in when)
            }
            assert declared == sent


@pytest.mark.parametrize("name", NAMES)
def test_gates_are_spelt_as_the_runtime_reads_them(name: str) -> None:
    """A feature, or a schema coordinate."""
    spelt = re.compile(r"feature:[A-Z0-9_]+|[A-Za-z0-9]+(\.[A-Za-z0-9]+(\([A-Za-z0-9]+:\))?)?")
    assert [gate for gate in cut(name).gates if not spelt.fullmatch(gate)] == []


def test_the_compiled_operations_are_the_cut_ones() -> None:
    """generated/ joins to the same documents as the compiler's own pieces."""
    found = {name: getattr(compiled, snake(name).upper()) for name in NAMES}
    assert {name: found[name].text for name in NAMES} == {name: document(cut(name), ()) for name in NAMES}
    assert {name: found[name].gates for name in NAMES} == {name: cut(name).gates for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_a_compiled_operation_is_the_same_after_pickling(name: str) -> None:
    """A handle that holds one crosses to another process."""
    operation = getattr(compiled, snake(name).upper())
    assert pickle.loads(pickle.dumps(operation)) is operation


def test_a_mutation_uses_a_variable_once() -> None:
    """So that a server that lacks one use loses the variable, which is an error and never half a change."""
    counts = {
        f"{name}.{variable}": len(re.findall(rf"\${variable}\b", document(cut(name), ()) or "")) - 1
        for name in NAMES
        if operations()[name].operation.value == "mutation"
        for variable in cut(name).variables
    }
    assert {place: count for place, count in counts.items() if count != 1} == {}


def test_a_spare_variable_is_one_that_some_server_lacks() -> None:
    """The mark has a meaning only there."""
    found = {name: getattr(compiled, snake(name).upper()) for name in NAMES}
    spare = {(name, variable) for name, operation in found.items() for variable in operation.spare}
    assert {(name, variable) for name, variable in spare if not found[name].variables[variable]} == set()
    assert ("DeleteFiles", "projectId") in spare
