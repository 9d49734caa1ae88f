"""Class names that a reader can say: the operation and the GraphQL type, not the whole path."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

from ariadne_codegen.plugins.base import Plugin
from ariadne_codegen.utils import process_name, str_to_pascal_case
from graphql import (
    ExecutableDefinitionNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLCompositeType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLUnionType,
    InlineFragmentNode,
    Node,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    get_named_type,
)

__all__ = ["ShortNames"]

_DIGITS = re.compile(r"_(\d+)")


class ShortNames(Plugin):
    """Rename the classes of every module; a name that two types would share keeps its path."""

    # before:  md_5: Optional[str] = Field(alias="md5")
    # after:   md5: Optional[str]
    def process_name(self, name: str, node: Node | None = None) -> str:
        """Keep digits where they are."""
        return _DIGITS.sub(r"\1", name)

    # before:  class ListRunsProjectRunsEdges(BaseModel):
    # after:   class ListRunsRunEdge(BaseModel):
    #
    # before:  GetRunProjectRun = RunFull
    #          run: Optional["GetRunProjectRun"]
    # after:   run: Optional["RunFull"]
    def generate_result_types_module(
        self, module: ast.Module, operation_definition: ExecutableDefinitionNode
    ) -> ast.Module:
        """Rename the classes of an operation."""
        types = dict(self._types_of(operation_definition))
        assert operation_definition.name is not None
        names = _short(_defined_names(module), types, operation_definition.name.value)
        return _renamed(module, {**names, **_same_as(module)})

    def generate_fragments_module(
        self, module: ast.Module, fragments_definitions: dict[str, FragmentDefinitionNode]
    ) -> ast.Module:
        """Rename the classes of all fragments."""
        names: dict[str, str] = {}
        defined = _defined_names(module)
        for name, definition in sorted(fragments_definitions.items()):
            types = dict(self._types_of(definition))
            own = [item for item in defined if item in types]
            names |= _short(own, types, name, taken={*defined, *names.values()} - {*own})
        return _renamed(module, {**names, **_same_as(module)})

    def _types_of(self, definition: ExecutableDefinitionNode) -> Iterator[tuple[str, str]]:
        """Yield the class name that ariadne-codegen gives each selection, with its GraphQL type."""
        assert definition.name is not None
        if isinstance(definition, FragmentDefinitionNode):
            root = self._composite(definition.type_condition.name.value)
        else:
            assert isinstance(definition, OperationDefinitionNode)
            mutation = definition.operation is OperationType.MUTATION
            root = self._composite("Mutation" if mutation else "Query")
        yield from self._types_in(str_to_pascal_case(definition.name.value), root, definition.selection_set)

    def _composite(self, name: str) -> GraphQLCompositeType:
        kind = self.schema.type_map[name]
        assert isinstance(kind, (GraphQLObjectType, GraphQLInterfaceType, GraphQLUnionType))
        return kind

    def _types_in(
        self, path: str, parent: GraphQLCompositeType, selections: SelectionSetNode
    ) -> Iterator[tuple[str, str]]:
        for item in selections.selections:
            if isinstance(item, FragmentSpreadNode):
                fragment = self.config_dict["fragments"][item.name.value]
                on = self._composite(fragment.type_condition.name.value)
                yield from self._types_in(path, on, fragment.selection_set)
            elif isinstance(item, InlineFragmentNode):
                on = self._composite(item.type_condition.name.value) if item.type_condition else parent
                yield from self._types_in(path, on, item.selection_set)
            elif isinstance(item, FieldNode) and item.selection_set is not None:
                assert not isinstance(parent, GraphQLUnionType)
                kind = self._composite(get_named_type(parent.fields[item.name.value].type).name)
                key = process_name(
                    item.alias.value if item.alias else item.name.value,
                    convert_to_snake_case=True,
                    trim_leading_underscore=True,
                    handle_pydantic_resrved_field_names=True,
                )
                below = path + str_to_pascal_case(self.process_name(key))
                for name, of in self._members(below, kind):
                    yield name, of.name
                    yield from self._types_in(name, of, item.selection_set)

    def _members(self, path: str, kind: GraphQLCompositeType) -> Iterator[tuple[str, GraphQLCompositeType]]:
        yield path, kind
        if isinstance(kind, (GraphQLInterfaceType, GraphQLUnionType)):
            yield path + kind.name, kind
            members: list[GraphQLObjectType] = list(self.schema.get_possible_types(kind))
            for member in members:
                yield path + member.name, member


def _defined_names(module: ast.Module) -> list[str]:
    return [node.name for node in module.body if isinstance(node, ast.ClassDef)]


def _short(
    defined: list[str], types: Mapping[str, str], root: str, taken: set[str] | None = None
) -> dict[str, str]:
    """Return the new name of each class; where two would share one, both keep theirs."""
    wanted = {name: root + types[name] for name in defined if name in types}
    counts = list(wanted.values())
    occupied = (taken or set()) | {name for name in defined if name not in wanted}
    return {
        old: new
        for old, new in wanted.items()
        if counts.count(new) == 1 and new not in occupied and new != old
    }


def _same_as(module: ast.Module) -> dict[str, str]:
    """Return the names that are only another name of a fragment, and drop them from the module."""
    found: dict[str, str] = {}
    for node in [*module.body]:
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Name)
            and isinstance(node.targets[0], ast.Name)
        ):
            found[node.targets[0].id] = node.value.id
            module.body.remove(node)
    return found


def _renamed(module: ast.Module, names: Mapping[str, str]) -> ast.Module:
    _Renamer(names).visit(module)
    for node in module.body:
        if isinstance(node, ast.ClassDef):
            _Reports(node.name).visit(node)
    return module


class _Renamer(ast.NodeTransformer):
    """Rename classes where they are defined, used, and quoted: the quotes are part of the name node."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = names

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        node.name = self.names.get(node.name, node.name)
        self.generic_visit(node)
        return node

    def visit_Name(self, node: ast.Name) -> ast.Name:
        bare = node.id.strip('"')
        if bare in self.names:
            node.id = node.id.replace(bare, self.names[bare])
        return node


class _Reports(ast.NodeTransformer):
    """Complete the path that a tolerant list reports.

    before:  Tolerant("edges")
    after:   Tolerant("ListRunsRunConnection.edges")
    """

    def __init__(self, owner: str) -> None:
        self.owner = owner

    def visit_Call(self, node: ast.Call) -> ast.Call:
        if (
            isinstance(node.func, ast.Name)
            and node.func.id == "Tolerant"
            and isinstance(node.args[0], ast.Constant)
        ):
            node.args[0].value = f"{self.owner}.{node.args[0].value!s}"
        return node
