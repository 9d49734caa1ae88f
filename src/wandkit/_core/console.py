"""Console lines of a run, as values."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timezone

__all__ = ["ConsoleLogLine", "parse_timestamp"]

STAMP = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:?\d\d)?")


@dataclass(frozen=True, slots=True)
class ConsoleLogLine:
    """One line that a run printed.

    Attributes:
        number: Its place among all lines, from 0 on.
        timestamp: When it was printed; None where the server does not know.
        level: `error` for the standard error stream, else what the server says.
        label: Which of several processes printed it; empty where there is one.
        content: The text, without its line break.
    """

    number: int
    timestamp: datetime | None
    level: str
    label: str
    content: str


def parse_timestamp(text: str | None) -> datetime | None:
    """Return an aware datetime, UTC where the text names no zone; None for what is no timestamp."""
    match = STAMP.fullmatch((text or "").strip())
    if match is None:
        return None
    day, time, fraction, zone = match.groups()
    micros = f"{fraction or '0':0<6}"[:6]
    offset = "+00:00" if zone in (None, "Z") else zone if ":" in zone else f"{zone[:3]}:{zone[3:]}"
    try:
        return datetime.fromisoformat(f"{day}T{time}.{micros}{offset}").astimezone(timezone.utc)
    except ValueError:
        return None
