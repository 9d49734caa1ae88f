"""A field that some servers do not know is None where it was not asked for."""

from __future__ import annotations

import ast

from ariadne_codegen.plugins.base import Plugin
from graphql import ExecutableDefinitionNode, FieldNode

__all__ = ["GatedFields"]


class GatedFields(Plugin):
    """Give every gated field the default None; the config's `gated_fields` says where each starts."""

    # before:  total_count: int
    # after:   total_count: Optional[int] = None
    #
    # before:  run_id: str = Field(alias="runID")
    # after:   run_id: Optional[str] = Field(alias="runID", default=None)
    def generate_result_field(
        self,
        field_implementation: ast.AnnAssign,
        operation_definition: ExecutableDefinitionNode,
        field: FieldNode,
    ) -> ast.AnnAssign:
        """Rewrite one field."""
        if (
            field.loc is None
            or (field.loc.source.name, field.loc.start) not in self.config_dict["gated_fields"]
        ):
            return field_implementation
        annotation = field_implementation.annotation
        if not _is_optional(annotation):
            field_implementation.annotation = ast.Subscript(value=ast.Name(id="Optional"), slice=annotation)
        value = field_implementation.value
        if value is None:
            field_implementation.value = ast.Constant(value=None)
        elif isinstance(value, ast.Call) and all(keyword.arg != "default" for keyword in value.keywords):
            value.keywords.append(ast.keyword(arg="default", value=ast.Constant(value=None)))
        return field_implementation


def _is_optional(annotation: ast.expr) -> bool:
    return (
        isinstance(annotation, ast.Subscript)
        and isinstance(annotation.value, ast.Name)
        and annotation.value.id == "Optional"
    )
