"""Runs, as stored.

`config` and `summary` hold JSON text as clients sent it, which may contain bare NaN and Infinity. SQLite's
JSON functions refuse those, so a text that has them also keeps a strict form beside it; queries use
`config_query` and `summary_query`, in which infinities are numbers beyond all others, NaN is null. Set them
only through `set_config` and `set_summary`.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, ColumnElement, ForeignKey, Index, String, Text, UniqueConstraint, func, text
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wandkit.server.database import Base, Timestamp, now
from wandkit.server.shapes import is_list, is_object

if TYPE_CHECKING:
    from wandkit.server.model.project import Project
    from wandkit.server.model.user import User

__all__ = ["TERMINAL_STATES", "Run", "strict_json"]

TERMINAL_STATES = frozenset({"finished", "failed", "crashed", "killed", "preempted"})


class Run(Base):
    """One run. `name` is its short id in the URL, `display_name` what people read.

    The counters and `history_keys` belong to the file stream: it keeps them up to date as lines arrive.
    """

    __tablename__ = "run"
    __table_args__: Any = (
        UniqueConstraint("project_id", "name"),
        Index("run_created", "project_id", "created_at", "id"),
        Index("run_deleted", "deleted_at", sqlite_where=text("deleted_at IS NOT NULL AND NOT purged")),
        Index("run_running", "heartbeat_at", sqlite_where=text("state IN ('running', 'preempting')")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    name: Mapped[str] = mapped_column(String(128))
    display_name: Mapped[str] = mapped_column(String(512))
    state: Mapped[str] = mapped_column(String(16), default="running")
    description: Mapped[str | None] = mapped_column(Text)
    notes: Mapped[str | None] = mapped_column(Text)
    group: Mapped[str | None] = mapped_column("group_name", Text)
    job_type: Mapped[str | None] = mapped_column(Text)
    sweep_name: Mapped[str | None] = mapped_column(Text)
    host: Mapped[str | None] = mapped_column(Text)
    commit: Mapped[str | None] = mapped_column("commit_hash", Text)
    framework: Mapped[str | None] = mapped_column(Text)
    program: Mapped[str | None] = mapped_column(Text)
    repo: Mapped[str | None] = mapped_column(Text)
    debug: Mapped[bool] = mapped_column(default=False)
    tags: Mapped[list[str]] = mapped_column(JSON, default=list)

    config: Mapped[str] = mapped_column(Text, default="{}", deferred=True)
    config_strict: Mapped[str | None] = mapped_column(Text, deferred=True)
    summary: Mapped[str] = mapped_column(Text, default="{}", deferred=True)
    summary_strict: Mapped[str | None] = mapped_column(Text, deferred=True)
    system_metrics: Mapped[str | None] = mapped_column(Text, deferred=True)
    history_keys: Mapped[str | None] = mapped_column(Text, deferred=True)
    """JSON text {"keys": {...}, "sets": [], "lastStep": n}, or null before the first row."""

    history_line_count: Mapped[int] = mapped_column(default=0)
    events_line_count: Mapped[int] = mapped_column(default=0)
    log_line_count: Mapped[int] = mapped_column(default=0)
    last_step: Mapped[int | None]
    exit_code: Mapped[int | None]
    stop_requested: Mapped[bool] = mapped_column(default=False)

    created_at: Mapped[Timestamp] = mapped_column(default=now)
    updated_at: Mapped[Timestamp] = mapped_column(default=now, onupdate=now)
    heartbeat_at: Mapped[Timestamp] = mapped_column(default=now)
    deleted_at: Mapped[Timestamp | None]
    purged: Mapped[bool] = mapped_column(default=False)
    """Whether it was deleted so long ago that only its name is left."""

    project: Mapped[Project] = relationship()
    user: Mapped[User] = relationship()

    def set_config(self, value: str) -> None:
        """Store a config, JSON text of an object.

        Raises:
            ValueError: It is not that.
        """
        self.config_strict = strict_json(value)
        self.config = value

    def set_summary(self, value: str) -> None:
        """Store a summary, JSON text of an object.

        Raises:
            ValueError: It is not that.
        """
        self.summary_strict = strict_json(value)
        self.summary = value

    @hybrid_property
    def config_query(self) -> str:
        """The config as strict JSON, for SQL."""
        return self.config_strict if self.config_strict is not None else self.config

    @config_query.inplace.expression
    @classmethod
    def _config_query(cls) -> ColumnElement[str]:
        return func.coalesce(cls.config_strict, cls.config)

    @hybrid_property
    def summary_query(self) -> str:
        """The summary as strict JSON, for SQL."""
        return self.summary_strict if self.summary_strict is not None else self.summary

    @summary_query.inplace.expression
    @classmethod
    def _summary_query(cls) -> ColumnElement[str]:
        return func.coalesce(cls.summary_strict, cls.summary)


def strict_json(value: str) -> str | None:
    """Return the strict form of a JSON object's text, or None where the text is strict already.

    Raises:
        ValueError: The text is not JSON, or not an object.
    """
    odd = False

    def constant(name: str) -> float:
        nonlocal odd
        odd = True
        return float(name)

    parsed = json.loads(value, parse_constant=constant)
    if not isinstance(parsed, dict):
        raise ValueError("not a JSON object")
    return _dump(parsed) if odd else None


def _dump(value: Any) -> str:
    if is_object(value):
        return "{" + ",".join(f"{json.dumps(key)}:{_dump(item)}" for key, item in value.items()) + "}"
    if is_list(value):
        return "[" + ",".join(map(_dump, value)) + "]"
    if isinstance(value, float) and not math.isfinite(value):
        return "null" if math.isnan(value) else ("9e999" if value > 0 else "-9e999")
    return json.dumps(value)
