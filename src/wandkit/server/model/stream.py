"""What a run streams, line by line, as stored: history, system events and console output.

A line's number is its offset in the stream, which makes storing it again harmless.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from wandkit.server.database import Base, Timestamp, now

__all__ = ["EventLine", "HistoryExport", "HistoryLine", "LogLine"]


class HistoryLine(Base):
    """One history row: strict JSON text that has `_step`."""

    __tablename__ = "history_line"
    __table_args__: Any = (Index("history_step", "run_id", "step", "line"),)

    run_id: Mapped[int] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    step: Mapped[int]
    text: Mapped[str] = mapped_column(Text)


class EventLine(Base):
    """One row of system metrics: strict JSON text."""

    __tablename__ = "event_line"

    run_id: Mapped[int] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    text: Mapped[str] = mapped_column(Text)


class LogLine(Base):
    """One line of console output, as the client sent it."""

    __tablename__ = "log_line"

    run_id: Mapped[int] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    text: Mapped[str] = mapped_column(Text)


class HistoryExport(Base):
    """A parquet file with the history rows of the steps `first_step` to `last_step`, both inclusive."""

    __tablename__ = "history_export"

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"), index=True)
    first_step: Mapped[int]
    last_step: Mapped[int]
    row_count: Mapped[int]
    blob: Mapped[str] = mapped_column(String(64))
    size: Mapped[int]
    md5: Mapped[str] = mapped_column(String(24))
    created_at: Mapped[Timestamp] = mapped_column(default=now)
