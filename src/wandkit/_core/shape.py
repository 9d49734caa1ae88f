"""What the generated shapes are made of: the attributes of a model without its tolerance.

An answer that is exactly of its shape is decoded in one go, several times as fast as into models, and without
pydantic. Everything else, from an error to one odd node, is read by the models. Why: docs/decisions/json.md.
"""

from __future__ import annotations

from datetime import datetime, timezone

from msgspec import Struct
from msgspec.structs import force_setattr

__all__ = ["Shape", "in_utc"]


class Shape(Struct, frozen=True, gc=False):
    """The base of all generated shapes: immutable, and not followed by the garbage collector."""


def in_utc(shape: Shape, name: str) -> None:
    """Set a time without a zone to UTC, which is what old servers mean by it."""
    value = getattr(shape, name)
    if isinstance(value, datetime) and value.tzinfo is None:
        force_setattr(shape, name, value.replace(tzinfo=timezone.utc))
