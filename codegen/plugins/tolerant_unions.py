"""A member of a union that the schema does not know is kept raw."""

from __future__ import annotations

import ast

from ariadne_codegen.plugins.base import Plugin
from graphql import ExecutableDefinitionNode, FieldNode, FragmentDefinitionNode

__all__ = ["TolerantUnions"]


class TolerantUnions(Plugin):
    """Try the known members in turn, each by its `__typename`, and keep anything else as `UnknownMember`."""

    # before:  scope: Union["TriggerScopeProject", "TriggerScopeEntity"] = Field(discriminator="typename__")
    # after:   scope: Annotated[
    #              Union["TriggerScopeProject", "TriggerScopeEntity", UnknownMember],
    #              Field(union_mode="left_to_right"),
    #          ]
    #
    # before:  List[Annotated[Union["A", "B"], Field(discriminator="typename__")]]
    # after:   List[Annotated[Union["A", "B", UnknownMember], Field(union_mode="left_to_right")]]
    def generate_result_field(
        self,
        field_implementation: ast.AnnAssign,
        operation_definition: ExecutableDefinitionNode,
        field: FieldNode,
    ) -> ast.AnnAssign:
        """Rewrite one field."""
        field_implementation.annotation = _Unions().visit(field_implementation.annotation)
        value = field_implementation.value
        if isinstance(value, ast.Call):
            value.keywords = [keyword for keyword in value.keywords if keyword.arg != "discriminator"]
            if not value.keywords:
                field_implementation.value = None
        return field_implementation

    def generate_result_types_module(
        self, module: ast.Module, operation_definition: ExecutableDefinitionNode
    ) -> ast.Module:
        """Import the raw member."""
        return _with_import(module)

    def generate_fragments_module(
        self, module: ast.Module, fragments_definitions: dict[str, FragmentDefinitionNode]
    ) -> ast.Module:
        """Import the raw member."""
        return _with_import(module)


def _with_import(module: ast.Module) -> ast.Module:
    module.body.insert(0, ast.ImportFrom("wandkit._core.model", [ast.alias("UnknownMember")], 0))
    return module


class _Unions(ast.NodeTransformer):
    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        if not isinstance(node.value, ast.Name):
            return node
        if (
            node.value.id == "Annotated"
            and isinstance(node.slice, ast.Tuple)
            and _is_union(node.slice.elts[0])
        ):
            return self.visit_Subscript(node.slice.elts[0])  # type: ignore[arg-type]
        if not _is_union(node):
            self.generic_visit(node)
            return node
        members = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        node.slice = ast.Tuple(elts=[*members, ast.Name(id="UnknownMember")])
        mode = ast.Call(
            func=ast.Name(id="Field"),
            args=[],
            keywords=[ast.keyword(arg="union_mode", value=ast.Constant(value="left_to_right"))],
        )
        return ast.Subscript(value=ast.Name(id="Annotated"), slice=ast.Tuple(elts=[node, mode]))


def _is_union(node: ast.expr) -> bool:
    return isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == "Union"
