"""The schema's own scalars, as Python types. `codegen/scalars.py` says which GraphQL name gets which.

JSON texts stay texts until somebody reads them; times without a zone are UTC.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator

__all__ = ["DateTime", "Duration", "Int64", "Json", "JSONString"]


def _in_utc_unless_said(value: datetime) -> datetime:
    return value if value.tzinfo is not None else value.replace(tzinfo=timezone.utc)


DateTime: TypeAlias = Annotated[datetime, AfterValidator(_in_utc_unless_said)]
"""A point in time, always with a zone: answers of old servers have none and mean UTC."""

Duration: TypeAlias = float
"""A length of time in seconds."""

Int64: TypeAlias = int
"""A whole number; a server may send it as a text."""

JSONString: TypeAlias = str
"""A text that holds JSON, not decoded."""

Json: TypeAlias = Any
"""Any JSON value: the schema does not say more."""
