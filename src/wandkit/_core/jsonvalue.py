"""JSON values from bytes or text and back, at the least cost: without pydantic as long as nothing needs it.

msgspec reads what is strict JSON, with whole numbers of any size. What it refuses and servers send all the
same (bare `NaN` and `Infinity`, numbers beyond a float) is read by pydantic-core, which loads only then.
Why: docs/decisions/json.md.
"""

from __future__ import annotations

import json
from typing import Any

from msgspec import MsgspecError
from msgspec.json import Decoder

from wandkit.errors import ArgumentError

__all__ = ["read_json", "write_json"]

_decode = Decoder().decode


def read_json(data: bytes | str) -> Any:
    """Return the value in a JSON text.

    Raises:
        ValueError: It is no JSON.
    """
    try:
        return _decode(data)
    except (MsgspecError, UnicodeError, RecursionError):
        from pydantic_core import from_json

        return from_json(data, cache_strings="keys")


def write_json(value: object) -> bytes:
    """Return a value as JSON, with bare NaN and infinities.

    Raises:
        ArgumentError: It has no JSON form.
    """
    try:
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
    except (TypeError, ValueError, RecursionError):
        from pydantic_core import to_json

        try:
            return to_json(value)
        except ValueError as error:
            raise ArgumentError(f"This cannot be sent: it cannot be written as JSON. {error}") from None
