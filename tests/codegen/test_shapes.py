"""The shapes of answers have the attributes of their models, all the way down."""

from __future__ import annotations

import ast
import typing
from pathlib import Path
from typing import Any

import msgspec
import pytest
import wandkit_generated.gql.operations as operations
from pydantic import BaseModel

from codegen.shapes import NoShapeError, parse_models, plan_shapes
from wandkit._core.operation import Operation

ALL: dict[str, Operation[Any]] = {name: getattr(operations, name) for name in operations.__all__}
SHAPED = sorted(name for name, operation in ALL.items() if operation.shape is not None)


def parts(annotation: Any, kind: type) -> list[Any]:
    """Return the classes of `kind` inside an annotation."""
    if isinstance(annotation, type) and issubclass(annotation, kind):
        return [annotation]
    return [found for inner in typing.get_args(annotation) for found in parts(inner, kind)]


def attributes_of_model(model: type[BaseModel]) -> dict[str, Any]:
    """Return the wire names of a model and of all below it."""
    model.model_rebuild()
    return {
        field.alias or name: [attributes_of_model(inner) for inner in parts(field.annotation, BaseModel)]
        for name, field in model.model_fields.items()
    }


def attributes_of_shape(shape: type[msgspec.Struct]) -> dict[str, Any]:
    """Return the wire names of a shape and of all below it."""
    hints = typing.get_type_hints(shape)
    return {
        wire: [attributes_of_shape(inner) for inner in parts(hints[name], msgspec.Struct)]
        for name, wire in zip(shape.__struct_fields__, shape.__struct_encode_fields__, strict=True)
    }


@pytest.mark.parametrize("name", SHAPED)
def test_a_shape_reads_what_its_model_reads(name: str) -> None:
    operation = ALL[name]
    assert operation.shape is not None
    decoder: Any = operation.shape()
    assert attributes_of_shape(decoder.__self__.type) == attributes_of_model(operation.answer())


def test_the_listings_that_are_long_have_shapes() -> None:
    """Runs, their parts and history: whoever adds an enum there should know that it costs the shape."""
    long = {"LIST_RUNS", "GET_RUN_PARTS", "GET_HISTORY_PAGE", "GET_SAMPLED_HISTORY", "LIST_RUN_HISTORIES"}
    assert long <= set(SHAPED)


@pytest.mark.parametrize(
    "annotation",
    ["Union['A', 'B']", "Kind", "list[DateTime]", "dict[str, int]"],
)
def test_what_a_shape_cannot_say_leaves_the_answer_to_its_model(annotation: str, tmp_path: Path) -> None:
    source = f"class Kind(OpenEnum):\n    A = 'A'\n\n\nclass GetThing(BaseModel):\n    thing: {annotation}\n"
    ast.parse(source)
    (tmp_path / "get_thing.py").write_text(source, encoding="utf-8")
    with pytest.raises(NoShapeError):
        plan_shapes(parse_models(tmp_path), "GetThing")
