"""What all panels of a grid have: an id, a kind, a place."""

from __future__ import annotations

import secrets
import string
from typing import ClassVar

from pydantic import Field
from typing_extensions import Self

from wandkit.report.part import Number, Part

__all__ = ["Layout", "Panel", "new_id"]


def new_id() -> str:
    """Return a short id that nothing else in a report has."""
    return "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(9))


class Layout(Part):
    """Where a panel stands and how large it is, in units of a grid that is 24 wide."""

    x: Number = 0
    y: Number = 0
    w: Number = 8
    h: Number = 6


class Panel(Part):
    """One panel of a grid."""

    VIEW: ClassVar[str] = ""

    id: str | None = Field(default=None, validation_alias="__id__", serialization_alias="__id__")
    view_type: str = ""
    layout: Layout | None = None
    is_auto: bool | None = None

    @classmethod
    def build(cls, config: object, layout: Layout | None) -> Self:
        """Return a new panel with this config."""
        return cls(id=new_id(), view_type=cls.VIEW, layout=layout, config=config)  # type: ignore[call-arg]
