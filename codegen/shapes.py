"""Shapes: the models of an answer once more, as slots that msgspec fills.

They are read off the finished models, so that both have the same attributes. An operation whose models hold a
union, an enum or anything else that a shape cannot say has none.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic.alias_generators import to_camel

from codegen.plan import NounPlan
from codegen.render import header, render

__all__ = ["NoShapeError", "parse_models", "plan_shapes", "write_shapes"]

_PLAIN = {
    "str": "str",
    "int": "int",
    "float": "float",
    "bool": "bool",
    "Json": "Any",
    "JSONString": "str",
    "Int64": "int",
    "Duration": "float",
    "DateTime": "datetime",
}


class NoShapeError(Exception):
    """A model holds what a shape cannot say."""


@dataclass(frozen=True)
class ModelClass:
    """A generated model: its bases, and its own fields with annotation and default."""

    bases: tuple[str, ...]
    fields: tuple[tuple[str, ast.expr, ast.expr | None], ...]


@dataclass(frozen=True)
class ShapeField:
    """One attribute, as the template places it."""

    name: str
    wire: str
    annotation: str
    optional: bool

    @property
    def value(self) -> str:
        """What stands behind the annotation."""
        default = ["default=None"] if self.optional else []
        renamed = [f'name="{self.wire}"'] if self.wire != self.name else []
        return f" = field({', '.join(default + renamed)})" if default or renamed else ""


@dataclass(frozen=True)
class ShapeClass:
    """One shape, as the template places it."""

    name: str
    fields: tuple[ShapeField, ...]

    @property
    def times(self) -> tuple[tuple[str, str], ...]:
        """The attributes that hold a time, each with what tells whether it lacks a zone."""
        return tuple(
            (field.name, ("" if field.annotation == "datetime" else f"self.{field.name} is not None and "))
            for field in self.fields
            if "datetime" in field.annotation
        )


def write_shapes(models: Path, plans: Iterable[NounPlan], folder: Path) -> frozenset[str]:
    """Write a module of shapes for each query that can have one.

    Args:
        models: The package of the finished models.
        plans: The operations of all nouns.
        folder: Where to write.

    Returns:
        The names of the operations that have shapes.
    """
    known = parse_models(models)
    folder.mkdir()
    about = (
        '"""The shapes of answers: what is exactly as asked for is decoded to these, without pydantic."""\n'
    )
    (folder / "__init__.py").write_text(header("queries/") + about, encoding="utf-8")
    shaped: set[str] = set()
    for plan in plans:
        for function in plan.functions:
            if function.kind != "query":
                continue
            try:
                shapes = plan_shapes(known, function.operation)
            except NoShapeError:
                continue
            text = render(
                "shapes.py.jinja", plan.source, {"function": function, "plan": plan, "shapes": shapes}
            )
            (folder / f"{function.model_module}.py").write_text(text, encoding="utf-8")
            shaped.add(function.operation)
    return frozenset(shaped)


def parse_models(folder: Path) -> dict[str, ModelClass]:
    """Return every class of the generated models by its name."""
    found: dict[str, ModelClass] = {}
    for path in sorted(folder.glob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                found[node.name] = ModelClass(
                    tuple(base.id for base in node.bases if isinstance(base, ast.Name)),
                    tuple(
                        (item.target.id, item.annotation, item.value)
                        for item in node.body
                        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)
                    ),
                )
    return found


def plan_shapes(known: Mapping[str, ModelClass], root: str) -> tuple[ShapeClass, ...]:
    """Return the shape of the model `root` and of all that it leads to, the innermost first.

    Raises:
        NoShapeError: A shape cannot say what one of them says.
    """
    planned: dict[str, ShapeClass] = {}

    def plan(name: str) -> None:
        if name in planned:
            return
        fields = tuple(_field(known, *item) for item in _fields(known, name))
        for field in fields:
            for inner in _names(ast.parse(field.annotation)):
                if inner in known:
                    plan(inner)
        planned[name] = ShapeClass(name, fields)

    plan(root)
    return tuple(planned.values())


def _fields(known: Mapping[str, ModelClass], name: str) -> Iterable[tuple[str, ast.expr, ast.expr | None]]:
    """Return the fields of a model with those that it inherits."""
    if name == "BaseModel":
        return ()
    if name not in known:
        raise NoShapeError(name)
    found: dict[str, tuple[str, ast.expr, ast.expr | None]] = {}
    for base in reversed(known[name].bases):
        found |= {item[0]: item for item in _fields(known, base)}
    found |= {item[0]: item for item in known[name].fields}
    return found.values()


def _field(
    known: Mapping[str, ModelClass], name: str, annotation: ast.expr, default: ast.expr | None
) -> ShapeField:
    wire, optional = to_camel(name), False
    if isinstance(default, ast.Constant) and default.value is None:
        optional = True
    elif isinstance(default, ast.Call):
        given = {keyword.arg: ast.literal_eval(keyword.value) for keyword in default.keywords}
        wire = given.pop("alias", wire)
        optional = given.pop("default", ...) is None
        if given:
            raise NoShapeError(name)
    elif default is not None:
        raise NoShapeError(name)
    return ShapeField(name, wire, _annotation(known, annotation), optional)


# before:  list[Annotated["ListRunsRunEdge", Tolerant("ListRunsRunConnection.edges")]]
# after:   list[ListRunsRunEdge]
#
# before:  Optional[JSONString]
# after:   Optional[str]
def _annotation(known: Mapping[str, ModelClass], node: ast.expr) -> str:
    if isinstance(node, ast.Name) and node.id in _PLAIN:
        return _PLAIN[node.id]
    if isinstance(node, ast.Constant) and node.value in known:
        return str(node.value)
    if isinstance(node, ast.Name) and node.id in known and "OpenEnum" not in known[node.id].bases:
        return node.id
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
        if node.value.id == "Annotated" and isinstance(node.slice, ast.Tuple):
            inner, *marks = node.slice.elts
            if all(isinstance(m, ast.Call) and ast.unparse(m.func) == "Tolerant" for m in marks):
                return _annotation(known, inner)
        if node.value.id in ("list", "Optional"):
            inside = _annotation(known, node.slice)
            if node.value.id == "list" and "datetime" in inside:
                raise NoShapeError(inside)
            return "Any" if node.value.id == "Optional" and inside == "Any" else f"{node.value.id}[{inside}]"
    raise NoShapeError(ast.unparse(node))


def _names(tree: ast.AST) -> Iterator[str]:
    return (node.id for node in ast.walk(tree) if isinstance(node, ast.Name))
