"""The one table of scalars: which Python type each GraphQL scalar has, in answers and in arguments."""

from __future__ import annotations

__all__ = ["ANSWER_TYPES", "ARGUMENT_TYPES"]

ANSWER_TYPES = {
    "DateTime": "wandkit._core.scalars.DateTime",
    "Duration": "wandkit._core.scalars.Duration",
    "Int64": "wandkit._core.scalars.Int64",
    "JSON": "wandkit._core.scalars.Json",
    "JSONString": "wandkit._core.scalars.JSONString",
}

ARGUMENT_TYPES = {
    "Boolean": "bool",
    "DateTime": "datetime",
    "Duration": "float",
    "Float": "float",
    "ID": "str",
    "Int": "int",
    "Int64": "int",
    "JSON": "object",
    "JSONString": "str",
    "String": "str",
}
