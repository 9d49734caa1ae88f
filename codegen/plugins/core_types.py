"""The base class of the models is wandkit's own."""

from __future__ import annotations

import ast

from ariadne_codegen.plugins.base import Plugin
from graphql import ExecutableDefinitionNode, FragmentDefinitionNode

__all__ = ["CoreTypes"]


class CoreTypes(Plugin):
    """Import the base class from `wandkit._core.model`; the copied file is not kept."""

    # before:  from .base_model import BaseModel
    # after:   from wandkit._core.model import BaseModel
    def _rewrite(self, module: ast.Module) -> ast.Module:
        for statement in module.body:
            if isinstance(statement, ast.ImportFrom) and statement.module == "base_model":
                statement.module, statement.level = "wandkit._core.model", 0
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
