"""What a custom chart is made of, checked before it is sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from wandkit._core.jsontext import to_json
from wandkit.errors import ArgumentError

__all__ = ["chart_access", "chart_spec"]

_ACCESS = {"private": "PRIVATE", "public": "PUBLIC"}


def chart_access(access: str) -> str:
    """Return the access as the wire carries it, in capitals.

    Raises:
        ArgumentError: There is no such access.
    """
    found = _ACCESS.get(str(access).lower())
    if found is None:
        raise ArgumentError(
            f"There is no access {access!r} for charts.", next_step="Use 'private' or 'public'."
        )
    return found


def chart_spec(spec: str | Mapping[str, Any]) -> str:
    """Return a specification as JSON text; a text is sent as it is.

    Raises:
        ArgumentError: It is no JSON object.
    """
    content: object = spec
    if isinstance(spec, str):
        try:
            content = json.loads(spec)
        except (ValueError, RecursionError) as error:
            raise ArgumentError(f"The specification of the chart is not JSON: {error}.") from None
    if not isinstance(content, Mapping):
        raise ArgumentError(
            "The specification of the chart is no JSON object.",
            next_step="Give Vega or Vega-Lite as a dict, or as its JSON text.",
        )
    return spec if isinstance(spec, str) else json.dumps(to_json(dict(spec), "spec"))
