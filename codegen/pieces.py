"""Cut each operation into what every server understands and what only some do.

A part is left out with everything in it, and takes along what only it used: variables, fragments, and
fields whose selection would be empty without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from graphql import (
    ArgumentNode,
    DirectiveNode,
    EnumValueNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLCompositeType,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    InlineFragmentNode,
    ListValueNode,
    ObjectFieldNode,
    ObjectValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    is_required_argument,
    is_required_input_field,
    is_union_type,
    print_ast,
)

from codegen.conditions import ALWAYS, NEVER, Condition, all_of, any_of, gates_of, needs
from codegen.queries import named
from codegen.schema import Contract, gate_of

__all__ = ["Cut", "CutOperation", "cut_operation"]


@dataclass(frozen=True)
class Cut:
    """A stretch of text with the condition under which it is sent."""

    text: str
    when: Condition


@dataclass(frozen=True)
class CutOperation:
    """One operation in pieces.

    Attributes:
        cuts: The document in order; neighbours of one condition are joined.
        variables: When each declared variable is sent.
        when: When anything of the operation is left.
        gated_fields: The start of each field node that may be missing from the answer, by source name.
    """

    cuts: tuple[Cut, ...]
    variables: Mapping[str, Condition]
    when: Condition
    gates: frozenset[str]
    gated_fields: frozenset[tuple[str, int]]


def cut_operation(
    contract: Contract, operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> CutOperation:
    """Cut `operation` along the gates that `contract` puts on what it asks for."""
    return _Cutter(contract, fragments).cut(operation)


@dataclass
class _Cutter:
    contract: Contract
    fragments: Mapping[str, FragmentDefinitionNode]
    declared: dict[str, str] = field(default_factory=dict)
    uses: dict[str, list[Condition]] = field(default_factory=dict)
    spreads: dict[str, list[Condition]] = field(default_factory=dict)
    gated: set[tuple[str, int]] = field(default_factory=set)
    loose: set[str] = field(default_factory=set)

    def cut(self, operation: OperationDefinitionNode) -> CutOperation:
        schema = self.contract.schema
        root = schema.mutation_type if operation.operation is OperationType.MUTATION else schema.query_type
        assert root is not None
        assert operation.name is not None
        self.declared = {
            node.variable.name.value: named(node.type) for node in operation.variable_definitions
        }
        when = self.content(operation.selection_set, root)
        body = [*self.selections(operation.selection_set, root, when, 1, loose=when != ALWAYS)]
        definitions = [*self.fragment_definitions()]
        variables = {name: any_of(self.uses.get(name, [NEVER])) for name in self.declared}
        cuts = [
            Cut(f"{operation.operation.value} {operation.name.value}", ALWAYS),
            *_declarations(operation, variables),
            Cut(" {\n", ALWAYS),
            *body,
            Cut("}\n", ALWAYS),
            *definitions,
        ]
        gates = frozenset(gate for item in cuts for gate in gates_of(item.when)) | gates_of(when)
        # What is there whenever the operation is needs no condition of its own.
        joined = tuple(_join(Cut(item.text, ALWAYS if item.when == when else item.when) for item in cuts))
        variables = {name: ALWAYS if needed == when else needed for name, needed in variables.items()}
        return CutOperation(joined, variables, when, gates, frozenset(self.gated))

    # When there is anything to ask for ------------------------------------------------------------

    def content(self, selections: SelectionSetNode, parent: GraphQLCompositeType) -> Condition:
        """Return when a selection is not empty."""
        return any_of(self.presence(item, parent) for item in selections.selections)

    def presence(self, item: SelectionNode, parent: GraphQLCompositeType) -> Condition:
        """Return when a selected item is there, as far as it depends on itself and what is in it."""
        if isinstance(item, FieldNode):
            definition = self.field(parent, item)
            own = all_of(needs(self.field_gate(parent, item)), self.demands(parent, item))
            if item.selection_set is None or definition is None:
                return own
            inner = get_named_type(definition.type)
            return all_of(own, self.content(item.selection_set, inner))  # type: ignore[arg-type]
        if isinstance(item, FragmentSpreadNode):
            fragment = self.fragments[item.name.value]
            on = fragment.type_condition.name.value
            return all_of(self.branch(parent, on), self.content(fragment.selection_set, self.composite(on)))
        assert isinstance(item, InlineFragmentNode)
        on = item.type_condition.name.value if item.type_condition else parent.name
        return all_of(self.branch(parent, on), self.content(item.selection_set, self.composite(on)))

    def branch(self, parent: GraphQLCompositeType, on: str) -> Condition:
        """Return when a fragment on `on` may stand in a selection of `parent`."""
        added = self.contract.member_gate(parent.name, on) if is_union_type(parent) else None
        return all_of(needs(self.contract.type_gate(on)), needs(added))

    def composite(self, name: str) -> GraphQLCompositeType:
        return self.contract.schema.type_map[name]  # type: ignore[return-value]

    def field(self, parent: GraphQLCompositeType, item: FieldNode) -> GraphQLField | None:
        if not isinstance(parent, (GraphQLObjectType, GraphQLInterfaceType)):
            return None
        found: GraphQLField | None = parent.fields.get(item.name.value)
        return found

    def field_gate(self, parent: GraphQLCompositeType, item: FieldNode) -> str | None:
        definition = self.field(parent, item)
        if definition is None or definition.ast_node is None:
            return None
        return gate_of(definition.ast_node, f"{parent.name}.{item.name.value}")

    def demands(self, parent: GraphQLCompositeType, item: FieldNode) -> Condition:
        """Return when all that a field cannot do without may be given to it."""
        definition = self.field(parent, item)
        if definition is None:
            return ALWAYS
        coordinate = f"{parent.name}.{item.name.value}"
        return all_of(
            *(
                self.argument_gates(node, definition, coordinate)
                for node in item.arguments
                if is_required_argument(definition.args[node.name.value])
            )
        )

    def argument_gates(self, node: ArgumentNode, definition: GraphQLField, coordinate: str) -> Condition:
        """Return when an argument and what it names are known."""
        name, argument = node.name.value, definition.args[node.name.value]
        gate = gate_of(argument.ast_node, f"{coordinate}({name}:)") if argument.ast_node else None
        return all_of(needs(gate), self.value_gates(node.value, argument.type))

    def entry_gates(self, entry: ObjectFieldNode, kind: GraphQLInputObjectType) -> Condition:
        """Return when an entry of an input object and what it names are known."""
        name, member = entry.name.value, kind.fields[entry.name.value]
        gate = gate_of(member.ast_node, f"{kind.name}.{name}") if member.ast_node else None
        return all_of(needs(gate), self.value_gates(entry.value, member.type))

    # Text -----------------------------------------------------------------------------------------

    def selections(
        self,
        selections: SelectionSetNode,
        parent: GraphQLCompositeType,
        when: Condition,
        depth: int,
        *,
        loose: bool = False,
    ) -> Iterator[Cut]:
        """Yield the text of a selection, everything in it under `when` at least.

        A field may be missing beside others only where it asks for more than what is around it does, or where
        all of it is `loose`: in a fragment that is left out of a selection that stays.
        """
        for item in selections.selections:
            here = all_of(when, self.presence(item, parent))
            indent = "  " * depth
            if isinstance(item, FieldNode):
                if (loose or here != when) and item.loc is not None:
                    self.gated.add((item.loc.source.name, item.loc.start))
                yield from self.field_text(item, parent, here, depth)
            elif isinstance(item, FragmentSpreadNode):
                self.spreads.setdefault(item.name.value, []).append(here)
                if loose or here != when:
                    self.loose.add(item.name.value)
                yield Cut(f"{indent}...{item.name.value}{self.directives(item.directives, here)}\n", here)
            elif isinstance(item, InlineFragmentNode):
                on = item.type_condition.name.value if item.type_condition else parent.name
                head = f"... on {on}" if item.type_condition else "..."
                yield Cut(f"{indent}{head}{self.directives(item.directives, here)} {{\n", here)
                yield from self.selections(
                    item.selection_set, self.composite(on), here, depth + 1, loose=loose
                )
                yield Cut(f"{indent}}}\n", here)

    def field_text(
        self, item: FieldNode, parent: GraphQLCompositeType, here: Condition, depth: int
    ) -> Iterator[Cut]:
        indent = "  " * depth
        alias = f"{item.alias.value}: " if item.alias else ""
        definition = self.field(parent, item)
        yield Cut(f"{indent}{alias}{item.name.value}", here)
        if item.arguments and definition is not None:
            yield from self.arguments(item.arguments, definition, f"{parent.name}.{item.name.value}", here)
        directives = self.directives(item.directives, here)
        if item.selection_set is None or definition is None:
            yield Cut(f"{directives}\n", here)
            return
        yield Cut(f"{directives} {{\n", here)
        inner = get_named_type(definition.type)
        yield from self.selections(item.selection_set, inner, here, depth + 1)  # type: ignore[arg-type]
        yield Cut(f"{indent}}}\n", here)

    def arguments(
        self, arguments: Iterable[ArgumentNode], definition: GraphQLField, coordinate: str, here: Condition
    ) -> Iterator[Cut]:
        known = []
        for node in arguments:
            argument = definition.args[node.name.value]
            when = all_of(here, self.argument_gates(node, definition, coordinate))
            known.append(
                (when, [Cut(f"{node.name.value}: ", when), *self.value(node.value, argument.type, when)])
            )
        yield from _enclosed("(", known, ")", here)

    def value(self, node: ValueNode, kind: GraphQLInputType, when: Condition) -> Iterator[Cut]:
        if isinstance(node, VariableNode):
            self.uses.setdefault(node.name.value, []).append(when)
            yield Cut(f"${node.name.value}", when)
        elif isinstance(node, ObjectValueNode) and isinstance(
            inner := _unwrapped(kind), GraphQLInputObjectType
        ):
            known = []
            for entry in node.fields:
                member = inner.fields[entry.name.value]
                here = all_of(when, self.entry_gates(entry, inner))
                known.append(
                    (here, [Cut(f"{entry.name.value}: ", here), *self.value(entry.value, member.type, here)])
                )
            yield from _enclosed("{", known, "}", when, keep_empty=True)
        elif isinstance(node, ListValueNode):
            of = _unwrapped(kind)
            yield Cut("[", when)
            for index, element in enumerate(node.values):
                yield Cut(", " if index else "", when)
                yield from self.value(element, of, when)  # type: ignore[arg-type]
            yield Cut("]", when)
        else:
            yield Cut(print_ast(node), when)

    def value_gates(self, node: ValueNode, kind: GraphQLInputType) -> Condition:
        """Return when what a value names is known: the enum value of a literal, the type of a variable.

        An object is known with the entries that it cannot do without.
        """
        if isinstance(node, VariableNode):
            return needs(self.contract.type_gate(self.declared[node.name.value]))
        if isinstance(node, ListValueNode):
            return all_of(*(self.value_gates(item, kind) for item in node.values))
        inner = _unwrapped(kind)
        if isinstance(node, ObjectValueNode) and isinstance(inner, GraphQLInputObjectType):
            return all_of(
                *(
                    self.entry_gates(entry, inner)
                    for entry in node.fields
                    if is_required_input_field(inner.fields[entry.name.value])
                )
            )
        if not (isinstance(node, EnumValueNode) and isinstance(inner, GraphQLEnumType)):
            return ALWAYS
        member = inner.values[node.value]
        return needs(gate_of(member.ast_node, f"{inner.name}.{node.value}") if member.ast_node else None)

    def directives(self, directives: Iterable[DirectiveNode], here: Condition) -> str:
        text = ""
        for directive in directives:
            for argument in directive.arguments:
                if isinstance(argument.value, VariableNode):
                    self.uses.setdefault(argument.value.name.value, []).append(here)
            text += f" {print_ast(directive)}"
        return text

    def fragment_definitions(self) -> Iterator[Cut]:
        """Yield the fragments that were spread, and those that they spread, in the order of first use."""
        done: list[str] = []
        order = self.spread_order([*self.spreads])
        for name in order:
            fragment = self.fragments[name]
            when = any_of(self.spreads[name])
            on = fragment.type_condition.name.value
            yield Cut(f"\nfragment {name} on {on} {{\n", when)
            yield from self.selections(
                fragment.selection_set, self.composite(on), when, 1, loose=name in self.loose
            )
            yield Cut("}\n", when)
            done.append(name)

    def spread_order(self, roots: list[str]) -> list[str]:
        """Return `roots` and all fragments below them, each before those that it spreads."""
        below: list[str] = []

        def walk(name: str) -> None:
            if name in below:
                return
            for inner in _spreads_in(self.fragments[name].selection_set):
                walk(inner)
            below.append(name)

        for name in roots:
            walk(name)
        return below[::-1]


def _spreads_in(selections: SelectionSetNode) -> Iterator[str]:
    for item in selections.selections:
        if isinstance(item, FragmentSpreadNode):
            yield item.name.value
        elif isinstance(item, (FieldNode, InlineFragmentNode)) and item.selection_set is not None:
            yield from _spreads_in(item.selection_set)


def _unwrapped(kind: GraphQLInputType) -> object:
    while isinstance(kind, (GraphQLNonNull, GraphQLList)):
        kind = kind.of_type
    return kind


def _declarations(operation: OperationDefinitionNode, variables: Mapping[str, Condition]) -> Iterator[Cut]:
    known = []
    for node in operation.variable_definitions:
        when = variables[node.variable.name.value]
        default = f" = {print_ast(node.default_value)}" if node.default_value else ""
        known.append((when, [Cut(f"${node.variable.name.value}: {print_ast(node.type)}{default}", when)]))
    yield from _enclosed("(", known, ")", ALWAYS)


def _enclosed(
    opening: str,
    items: list[tuple[Condition, list[Cut]]],
    closing: str,
    here: Condition,
    *,
    keep_empty: bool = False,
) -> Iterator[Cut]:
    """Yield the items between brackets; what is always there comes first, so that commas fall right."""
    items = sorted(items, key=lambda item: item[0] != here)
    around = here if keep_empty else any_of(when for when, _ in items)
    if not items and not keep_empty:
        return
    yield Cut(opening, around)
    for index, (when, cuts) in enumerate(items):
        yield Cut(", " if index else "", when)
        yield from cuts
    yield Cut(closing, around)


def _join(cuts: Iterable[Cut]) -> Iterator[Cut]:
    """Join neighbours of one condition."""
    text, when = "", ALWAYS
    for item in cuts:
        if item.when != when:
            if text:
                yield Cut(text, when)
            text, when = "", item.when
        text += item.text
    if text:
        yield Cut(text, when)
