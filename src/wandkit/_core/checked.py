"""Models that people build and change by hand: what does not fit is an error of wandkit's own tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from wandkit.errors import ArgumentError, ArgumentTypeError, WandkitError

__all__ = ["Checked", "faults_of"]


class Checked(BaseModel):
    """A pydantic model that says what does not fit with an `ArgumentError`, when it is built or changed."""

    def __init__(self, /, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise _misfit(type(self), error) from None

    # Says that this does no more than pydantic's own, so that parts within others are built without it.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined] # pyright: ignore[reportFunctionMemberAccess]

    if not TYPE_CHECKING:  # or any name could be set

        def __setattr__(self, name: str, value: object) -> None:
            try:
                super().__setattr__(name, value)
            except ValidationError as error:
                raise _misfit(type(self), error) from None


def faults_of(error: ValidationError) -> str:
    """Return what is wrong with which values, in one line."""
    said: list[str] = []
    for fault in error.errors(include_url=False, include_input=False):
        place = ".".join(map(str, fault["loc"]))
        reason = fault.get("ctx", {}).get("error")
        why = reason.message if isinstance(reason, WandkitError) else str(reason or fault["msg"])
        said.append(f"`{place}`: {why}" if place else why)
    return "; ".join(said)


def _misfit(kind: type[BaseModel], error: ValidationError) -> ArgumentError:
    faults = error.errors(include_url=False, include_input=False)
    of_type = all(fault["type"].endswith("_type") for fault in faults)
    reasons = [fault.get("ctx", {}).get("error") for fault in faults]
    advice = next((one.next_step for one in reasons if isinstance(one, WandkitError) and one.next_step), "")
    return (ArgumentTypeError if of_type else ArgumentError)(
        f"This does not fit into {kind.__name__}: {faults_of(error)}",
        next_step=advice or f"help('{kind.__module__}.{kind.__qualname__}') says what it takes.",
    )
