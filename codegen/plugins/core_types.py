"""The base class of the models is wandkit's own, and type names of a fragment stay open."""

from __future__ import annotations

import ast

from ariadne_codegen.plugins.base import Plugin
from graphql import ExecutableDefinitionNode, FragmentDefinitionNode

__all__ = ["CoreTypes"]


class CoreTypes(Plugin):
    """Import the base class from `wandkit._core.model`; the copied file is not kept.

    A model that is built on a fragment of an interface keeps the fragment's `__typename`, which is any text:
    a list of the types of today would refuse one that a newer server adds.
    """

    # before:  from .base_model import BaseModel
    # after:   from wandkit._core.model import BaseModel
    def _rewrite(self, module: ast.Module) -> ast.Module:
        for statement in module.body:
            if isinstance(statement, ast.ImportFrom) and statement.module == "base_model":
                statement.module, statement.level = "wandkit._core.model", 0
            if isinstance(statement, ast.ClassDef) and _names(statement.bases) != ["BaseModel"]:
                kept = [line for line in statement.body if not _closes_type_name(line)]
                statement.body = kept or [ast.Pass()]
        return module

    def generate_result_types_module(
        self, module: ast.Module, operation_definition: ExecutableDefinitionNode
    ) -> ast.Module:
        """Rewrite an operation's module."""
        return self._rewrite(module)

    def generate_fragments_module(
        self, module: ast.Module, fragments_definitions: dict[str, FragmentDefinitionNode]
    ) -> ast.Module:
        """Rewrite the fragments' module."""
        return self._rewrite(module)

    def generate_inputs_module(self, module: ast.Module) -> ast.Module:
        """Rewrite the inputs' module."""
        return self._rewrite(module)


# before:  class RunOwner(EntityFields):
#              typename__: Literal["Team", "User"] = Field(alias="__typename")
# after:   class RunOwner(EntityFields):
#              pass
def _closes_type_name(statement: ast.stmt) -> bool:
    """Return whether `statement` lists several types; a single one tells the members of a union apart."""
    if not isinstance(statement, ast.AnnAssign) or _names([statement.target]) != ["typename__"]:
        return False
    kinds = statement.annotation
    return isinstance(kinds, ast.Subscript) and isinstance(kinds.slice, ast.Tuple)


def _names(nodes: list[ast.expr]) -> list[str]:
    return [node.id if isinstance(node, ast.Name) else "" for node in nodes]
