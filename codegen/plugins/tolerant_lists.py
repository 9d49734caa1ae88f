"""A node of a connection that does not fit its model is left out and reported, not its whole page."""

from __future__ import annotations

import ast
from typing import Any

from ariadne_codegen.plugins.base import Plugin
from graphql import ExecutableDefinitionNode, FieldNode, FragmentDefinitionNode

__all__ = ["TolerantLists"]

# Lists whose nodes newer servers may shape anew; `triggers` of old servers has no edges.
LISTS = frozenset({"edges", "triggers"})


class TolerantLists(Plugin):
    """Mark the items of `edges` and `triggers` as `Tolerant`, with the class and field to report."""

    # before:  edges: List["ListRunsRunEdge"]
    # after:   edges: List[Annotated["ListRunsRunEdge", Tolerant("ListRunsRunConnection.edges")]]
    #
    # `ListRunsRunConnection` is filled in by ShortNames: here the class is not known yet.
    def generate_result_field(
        self,
        field_implementation: ast.AnnAssign,
        operation_definition: ExecutableDefinitionNode,
        field: FieldNode,
    ) -> ast.AnnAssign:
        """Rewrite one field."""
        if field.name.value in LISTS:
            items = _list_in(field_implementation.annotation)
            if items is not None:
                items.slice = _annotated(items.slice, _tolerant(field.name.value))
        return field_implementation

    def generate_result_types_module(
        self, module: ast.Module, operation_definition: ExecutableDefinitionNode
    ) -> ast.Module:
        """Import the mark."""
        return _with_import(module)

    def generate_fragments_module(
        self, module: ast.Module, fragments_definitions: dict[str, FragmentDefinitionNode]
    ) -> ast.Module:
        """Import the mark."""
        return _with_import(module)


def _with_import(module: ast.Module) -> ast.Module:
    module.body.insert(0, ast.ImportFrom("wandkit._core.model", [ast.alias("Tolerant")], 0))
    module.body.insert(0, ast.ImportFrom("typing", [ast.alias("Annotated")], 0))
    return module


def _tolerant(name: str) -> ast.expr:
    return ast.Call(func=ast.Name(id="Tolerant"), args=[ast.Constant(value=name)], keywords=[])


def _annotated(kind: ast.expr, mark: ast.expr) -> ast.expr:
    return ast.Subscript(value=ast.Name(id="Annotated"), slice=ast.Tuple(elts=[kind, mark]))


def _list_in(annotation: ast.expr) -> Any:
    while isinstance(annotation, ast.Subscript) and isinstance(annotation.value, ast.Name):
        if annotation.value.id in {"list", "List"}:
            return annotation
        if annotation.value.id != "Optional":
            return None
        annotation = annotation.slice
    return None
