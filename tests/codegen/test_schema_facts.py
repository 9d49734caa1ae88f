"""schema/ holds the contract facts, type by type, and nothing that no source knows."""

from __future__ import annotations

import pytest
from checkout import contract, live, reference
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLUnionType,
    Node,
)

from codegen.members import members_of
from codegen.schema import gate_of

TYPES = sorted(name for name in reference().type_map if not name.startswith("__"))
# The live server has it, and clients of early 2024 push again without it where a server does not.
LACKING_BEFORE_LIVE = {"PushToRunQueueByNamePayload.runSpec"}
FROM_LIVE_ONLY = {
    "Query": {"customCharts"},
    "Mutation": {
        "revokeAccessTokenEmail", "starView", "unstarView", "updateAccessToken", "updateAccessTokenProjects",
        "viewView",
    },
}  # fmt: skip


def shape(kind: GraphQLNamedType) -> dict[str, object]:
    """Return what a type consists of, in a form that compares."""
    if isinstance(kind, (GraphQLObjectType, GraphQLInterfaceType)):
        members: dict[str, object] = {
            name: (str(field.type), {arg: str(of.type) for arg, of in field.args.items()})
            for name, field in kind.fields.items()
            if name not in FROM_LIVE_ONLY.get(kind.name, ())
        }
        return {**members, "implements": sorted(interface.name for interface in kind.interfaces)}
    if isinstance(kind, GraphQLInputObjectType):
        return {name: (str(field.type), field.default_value) for name, field in kind.fields.items()}
    if isinstance(kind, GraphQLEnumType):
        return {"values": sorted(kind.values)}
    if isinstance(kind, GraphQLUnionType):
        return {"members": sorted(member.name for member in kind.types)}
    return {"kind": type(kind).__name__}


def since(node: Node | None) -> str | None:
    """Return the client version from which on a fact is known; None for the base."""
    for directive in getattr(node, "directives", None) or ():
        if directive.name.value == "since" and directive.arguments[0].value.value != "seed":
            return str(directive.arguments[0].value.value)
    return None


def newer(node: Node | None) -> str | None:
    """Return what `@newer` of a schema node says."""
    for directive in getattr(node, "directives", None) or ():
        if directive.name.value == "newer":
            return str(directive.arguments[0].value.value)
    return None


@pytest.mark.parametrize("name", TYPES)
def test_a_type_is_as_the_facts_say(name: str) -> None:
    """Fields, arguments, nullability, values and members."""
    assert shape(contract().schema.type_map[name]) == shape(reference().type_map[name])


def test_what_came_later_is_marked() -> None:
    """A member younger than the base has a gate: its own, or that of its type if they came together."""
    unmarked = [
        f"{name}.{member} (since {version})"
        for name in TYPES
        for member, fact in members(reference().type_map[name]).items()
        if (version := since(fact)) and not _marked(name, member, version)
    ]
    assert unmarked == []


def test_what_the_base_has_is_not_marked() -> None:
    """Every server knows it; `seed` marks only what the server of 2023 lacked."""
    marked = [
        f"{name}.{member}"
        for name in TYPES
        for member, fact in members(reference().type_map[name]).items()
        if since(fact) is None
        and gate_of(ours := members(contract().schema.type_map[name])[member], "x")
        and not (newer(ours) == "seed" and _came_after_live(name, member))
        and f"{name}.{member}" not in LACKING_BEFORE_LIVE
    ]
    assert marked == []


def test_what_every_server_knows_is_of_a_type_that_every_server_knows() -> None:
    """A field or argument without a gate cannot be of a type with one, except inside such a type."""
    ours = contract()
    known = members_of(ours.schema)
    wrong = []
    for member in known.values():
        owner, kind = member.coordinate.partition(".")[0], member.type.strip("[]!")
        field = member.coordinate.partition("(")[0]
        gates = (member.gate, known[field].gate, ours.type_gate(owner))
        if kind in ours.schema.type_map and ours.type_gate(kind) and not any(gates):
            wrong.append(f"{member.coordinate}: {member.type}")
    assert wrong == []


def members(kind: GraphQLNamedType) -> dict[str, Node]:
    """Return the nodes of a type's fields or values."""
    return {
        name: member.ast_node
        for name, member in {**getattr(kind, "fields", {}), **getattr(kind, "values", {})}.items()
        if member.ast_node is not None
    }


def _came_after_live(name: str, member: str) -> bool:
    kind = live().type_map.get(name)
    return kind is not None and member not in members(kind)


def _marked(name: str, member: str, version: str) -> bool:
    kind = contract().schema.type_map[name]
    own = members(kind)[member]
    if newer(own) == version or (gate_of(own, "x") or "").startswith("feature:"):
        return True
    came_with_its_type = since(reference().type_map[name].ast_node) == version
    return came_with_its_type and kind.ast_node is not None and gate_of(kind.ast_node, "x") is not None


def test_what_the_live_schema_alone_has_is_as_it_says() -> None:
    """No type and no root field is there beside the facts, but for what the live server has, in its form."""
    ours, old = contract().schema, live()
    beside = sorted(set(ours.type_map) - set(reference().type_map))
    assert [name for name in beside if shape(ours.type_map[name]) != shape(old.type_map[name])] == []
    for owner, names in FROM_LIVE_ONLY.items():
        for name in names:
            field, theirs = ours.type_map[owner].fields[name], old.type_map[owner].fields[name]
            assert str(field.type) == str(theirs.type), name
            assert {key: str(of.type) for key, of in field.args.items()} == {
                key: str(of.type) for key, of in theirs.args.items()
            }, name


def test_an_argument_that_the_server_of_2023_lacks_is_gated() -> None:
    """Arguments have no version in the facts; the live schema shows which are young."""
    ours, old = contract().schema, live()
    ungated = {
        f"{name}.{field}({arg}:)"
        for name, kind in ours.type_map.items()
        if isinstance(kind, GraphQLObjectType) and name in old.type_map and not name.startswith("__")
        for field, definition in kind.fields.items()
        if field in old.type_map[name].fields
        for arg, argument in definition.args.items()
        if arg not in old.type_map[name].fields[field].args and gate_of(argument.ast_node, "x") is None
    }
    assert ungated == set()
