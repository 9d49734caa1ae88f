"""Enums keep values that they do not know."""

from __future__ import annotations

import ast

from ariadne_codegen.plugins.base import Plugin
from graphql import GraphQLEnumType

__all__ = ["OpenEnums"]


class OpenEnums(Plugin):
    """Derive every enum from `OpenEnum`: a newer server's value is kept, never a validation error."""

    # before:  class RunQueueAccessType(str, Enum):
    # after:   class RunQueueAccessType(OpenEnum):
    def generate_enum(self, class_def: ast.ClassDef, enum_type: GraphQLEnumType) -> ast.ClassDef:
        """Rewrite one class."""
        class_def.bases = [ast.Name(id="OpenEnum")]
        return class_def

    # before:  from enum import Enum
    # after:   from wandkit._core.model import OpenEnum
    def generate_enums_module(self, module: ast.Module) -> ast.Module:
        """Rewrite the import."""
        for statement in module.body:
            if isinstance(statement, ast.ImportFrom) and statement.module == "enum":
                statement.module, statement.names = "wandkit._core.model", [ast.alias("OpenEnum")]
        return module
