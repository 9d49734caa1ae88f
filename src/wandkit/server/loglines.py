"""Console output as lines: what a stored line says beside its text.

Clients send a line as JSON {"ts", "level", "label", "content"}, or as "ERROR <moment> text", or as plain
text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from wandkit.server.model.run import Run
from wandkit.server.model.stream import LogLine
from wandkit.server.shapes import is_object

__all__ = ["ConsoleLine", "LogPage", "parse_line", "read_page"]

DEFAULT_FIRST = 1000
MAX_LINES = 10_000
_STAMPED = re.compile(
    r"(ERROR )?(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?) ?(.*)", re.DOTALL
)


@dataclass(frozen=True)
class ConsoleLine:
    """One line of output: its number, and the text apart from moment and level."""

    number: int
    line: str
    level: str
    label: str
    timestamp: str | None


@dataclass(frozen=True)
class LogPage:
    """A page of lines, and whether there are more on either side."""

    lines: Sequence[ConsoleLine]
    has_next: bool
    has_previous: bool


def parse_line(number: int, text: str) -> ConsoleLine:
    """Return what a stored line says."""
    structured = _structured(text)
    if structured is not None:
        level, label, moment = (structured.get(name) for name in ("level", "label", "ts"))
        return ConsoleLine(
            number,
            str(structured["content"]).rstrip("\n"),
            level if isinstance(level, str) and level else "info",
            label if isinstance(label, str) else "",
            moment if isinstance(moment, str) else None,
        )
    stamped = _STAMPED.fullmatch(text)
    if stamped is None:
        return ConsoleLine(number, text.rstrip("\n"), "info", "", None)
    return ConsoleLine(number, stamped[3].rstrip("\n"), "error" if stamped[1] else "info", "", stamped[2])


def read_page(
    session: Session,
    run: Run,
    *,
    first: int | None = None,
    after: int | None = None,
    last: int | None = None,
    before: int | None = None,
) -> LogPage:
    """Return the `first` lines after a line, or the `last` lines before one."""
    backward = last is not None and first is None
    asked = last if backward else first
    limit = min(DEFAULT_FIRST if asked is None else max(asked, 0), MAX_LINES)
    lines = sa.select(LogLine.line, LogLine.text).where(LogLine.run_id == run.id)
    if after is not None:
        lines = lines.where(LogLine.line > after)
    if before is not None:
        lines = lines.where(LogLine.line < before)
    ordered = lines.order_by(LogLine.line.desc() if backward else LogLine.line).limit(limit + 1)
    found = session.execute(ordered).all()
    more, found = len(found) > limit, found[:limit]
    if backward:
        found = found[::-1]
    parsed = [parse_line(number, text) for number, text in found]
    return LogPage(parsed, before is not None if backward else more, more if backward else after is not None)


def _structured(text: str) -> dict[str, object] | None:
    if not text.startswith("{"):
        return None
    try:
        decoded = json.loads(text)
    except ValueError:
        return None
    return decoded if is_object(decoded) and isinstance(decoded.get("content"), str) else None
