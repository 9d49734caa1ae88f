"""The checkout under test: its schema, its operations, and the contract facts they are compared with."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from graphql import FragmentDefinitionNode, GraphQLSchema, OperationDefinitionNode, build_schema

from codegen.queries import QueryFile, parse_queries
from codegen.schema import Contract, parse_schema

__all__ = ["DATA", "ROOT", "contract", "files", "fragments", "live", "operations", "reference"]

ROOT = Path(__file__).parents[2]
DATA = Path(__file__).parent / "data"


@cache
def contract() -> Contract:
    """Return what schema/ says."""
    return parse_schema(ROOT / "schema")


@cache
def files() -> tuple[QueryFile, ...]:
    """Return what queries/ says."""
    return parse_queries(ROOT / "queries", contract())


@cache
def fragments() -> dict[str, FragmentDefinitionNode]:
    """Return all fragments by name."""
    return {fragment.name.value: fragment for file in files() for fragment in file.fragments}


@cache
def operations() -> dict[str, OperationDefinitionNode]:
    """Return all operations by name."""
    return {node.name.value: node for file in files() for node in file.operations if node.name is not None}


@cache
def reference() -> GraphQLSchema:
    """Return the facts: the live server of 2023 and all that clients sent since."""
    return build_schema((DATA / "reference.graphql").read_text(encoding="utf-8"))


@cache
def live() -> GraphQLSchema:
    """Return the live server of October 2023, the oldest that operations have to fit."""
    return build_schema((DATA / "live-2023-10.graphql").read_text(encoding="utf-8"))
