"""Sweeps as stored: the search, its agents, and the points that were handed out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wandkit.server.database import Base, Timestamp, now

if TYPE_CHECKING:
    from wandkit.server.model.project import Project
    from wandkit.server.model.user import User

__all__ = ["STATES", "Sweep", "SweepAgent", "SweepBracket", "SweepPoint"]

STATES = ("PENDING", "RUNNING", "PAUSED", "FINISHED", "CANCELED")


class Sweep(Base):
    """One search over hyperparameters; `name` is its short id in paths.

    `taken` counts the points that were handed out, `position` the grid's points that were passed; `exhausted`
    says that no further point will come.
    """

    __tablename__ = "sweep"
    __table_args__: Any = (UniqueConstraint("project_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    name: Mapped[str] = mapped_column(String(128))
    display_name: Mapped[str | None] = mapped_column(Text)
    description: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(16), default="PENDING")
    method: Mapped[str] = mapped_column(String(32))
    config: Mapped[str] = mapped_column(Text)
    """YAML text as the client sent it."""
    search: Mapped[str] = mapped_column(Text)
    """The configuration as JSON text, with its distributions filled in."""
    grid_size: Mapped[int | None]
    """How many points the grid has; null where the search is not a grid."""
    run_cap: Mapped[int | None]
    controller: Mapped[str | None] = mapped_column(Text)
    scheduler: Mapped[str | None] = mapped_column(Text)
    position: Mapped[int] = mapped_column(default=0)
    taken: Mapped[int] = mapped_column(default=0)
    exhausted: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[Timestamp] = mapped_column(default=now)
    updated_at: Mapped[Timestamp] = mapped_column(default=now, onupdate=now)
    heartbeat_at: Mapped[Timestamp] = mapped_column(default=now)
    deleted_at: Mapped[Timestamp | None]

    project: Mapped[Project] = relationship()
    user: Mapped[User] = relationship()


class SweepAgent(Base):
    """One process that asks a sweep for points and runs them."""

    __tablename__ = "sweep_agent"
    __table_args__: Any = (UniqueConstraint("sweep_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    sweep_id: Mapped[int] = mapped_column(ForeignKey("sweep.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    name: Mapped[str] = mapped_column(String(128))
    display_name: Mapped[str | None] = mapped_column(Text)
    host: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(16), default="RUNNING")
    metrics: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[Timestamp] = mapped_column(default=now)
    heartbeat_at: Mapped[Timestamp] = mapped_column(default=now)

    sweep: Mapped[Sweep] = relationship()
    user: Mapped[User] = relationship()


class SweepPoint(Base):
    """One point of the search, and the run that tries it.

    State: queued (by hand) ──► sent ──► seen (the agent reports the run) ──► over
    """

    __tablename__ = "sweep_point"
    __table_args__: Any = (
        UniqueConstraint("sweep_id", "run_name"),
        UniqueConstraint("sweep_id", "position"),
        Index("sweep_point_state", "sweep_id", "state"),
        Index("sweep_point_agent", "agent_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    sweep_id: Mapped[int] = mapped_column(ForeignKey("sweep.id", ondelete="CASCADE"))
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("sweep_agent.id", ondelete="SET NULL"))
    run_name: Mapped[str] = mapped_column(String(128))
    position: Mapped[int | None]
    """The number of the grid's point; null for points that are not of a grid."""
    args: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(8), default="sent")
    deliveries: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[Timestamp] = mapped_column(default=now)


class SweepBracket(Base):
    """How well a run did by the time it reached a bracket of early termination; a smaller loss is better."""

    __tablename__ = "sweep_bracket"
    __table_args__: Any = (Index("sweep_bracket_place", "sweep_id", "bracket", "loss"),)

    sweep_id: Mapped[int] = mapped_column(ForeignKey("sweep.id", ondelete="CASCADE"), primary_key=True)
    run_name: Mapped[str] = mapped_column(String(128), primary_key=True)
    bracket: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    loss: Mapped[float]
