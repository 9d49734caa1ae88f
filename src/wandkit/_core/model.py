"""What the generated models are made of: tolerant where a server may be newer or odder than its contract.

An unknown enum value is kept, an unknown member of a union is kept raw, and a list node that does not fit
its model is left out and reported, so that it never costs the rest of its page.
"""

from __future__ import annotations

from enum import Enum
from functools import partial
from typing import Any, ClassVar

from pydantic import BaseModel as PydanticModel
from pydantic import ConfigDict, Field, GetCoreSchemaHandler, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticOmit, core_schema
from typing_extensions import Self

from wandkit._core.problem import Problem

__all__ = ["BaseModel", "OpenEnum", "Problem", "Tolerant", "UnknownMember"]


class BaseModel(PydanticModel):
    """The base of all generated models: immutable, with snake_case attributes for camelCase fields."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        alias_generator=to_camel,
        coerce_numbers_to_str=True,
        defer_build=True,
        populate_by_name=True,
        frozen=True,
        protected_namespaces=(),
    )


class OpenEnum(str, Enum):
    """An enum that keeps values it does not know: `State("LATER").value == "LATER"`."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        member = str.__new__(cls, value)
        member._name_ = member._value_ = value
        return member


class UnknownMember(PydanticModel):
    """A member of a union that the schema does not know, as the server sent it.

    Attributes:
        typename__: The name of its type.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    typename__: str = Field(alias="__typename")

    @property
    def raw(self) -> dict[str, Any]:
        """The fields that came with it."""
        return dict(self.model_extra or {})


class Tolerant:
    """Marks the nodes of a list: one that does not validate is left out of it and reported.

    The report goes to the list under `problems` in the validation context. Without one nobody would hear of
    it, so the whole list fails, as it would without this mark.
    """

    def __init__(self, path: str) -> None:
        self.path = path

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Try the node itself first, at the speed of plain pydantic; only a failing node comes to Python."""
        leave_out = core_schema.with_info_plain_validator_function(partial(_leave_out, self.path, source))
        return core_schema.union_schema([handler(source), leave_out], mode="left_to_right")


def _leave_out(path: str, source: Any, raw: Any, info: core_schema.ValidationInfo) -> Any:
    context: dict[str, list[Problem]] = info.context or {}
    problems = context.get("problems")
    if problems is None:
        raise ValueError("a node of this list does not fit its model")
    problems.append(Problem(path, _why(source, raw), raw))
    raise PydanticOmit


def _why(source: Any, raw: Any) -> str:
    try:
        TypeAdapter(source).validate_python(raw)
    except ValidationError as error:
        return "; ".join(
            f"{'.'.join(str(step) for step in fault['loc'])}: {fault['msg']}"
            for fault in error.errors(include_url=False, include_input=False, include_context=False)
        )
    return "does not fit as JSON"
