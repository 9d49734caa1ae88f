"""JSON as it comes over the wire and as it is stored.

Clients write NaN and Infinity as bare tokens, which no strict reader takes. Rows are stored with the texts
"NaN", "Infinity" and "-Infinity" instead, which is also how they are answered.
"""

from __future__ import annotations

import json
import math
from typing import Any

from wandkit.server.shapes import is_object

__all__ = ["decode_row", "encode_row"]


def decode_row(text: str) -> tuple[dict[str, Any], bool]:
    """Return the object that `text` holds, and whether the text is strict JSON as it is.

    Raises:
        ValueError: It is no JSON, or not an object.
    """
    strict = True

    def name_of(constant: str) -> str:
        nonlocal strict
        strict = False
        return constant

    def number(digits: str) -> float | str:
        value = float(digits)
        if math.isinf(value):  # 1e999
            return name_of("Infinity" if value > 0 else "-Infinity")
        return value

    try:
        row = json.loads(text, parse_constant=name_of, parse_float=number)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not is_object(row):
        raise ValueError("not a JSON object")
    return row, strict


def encode_row(row: dict[str, Any]) -> str:
    """Return the JSON text of a row as it is stored."""
    return json.dumps(row, separators=(",", ":"), allow_nan=False)
