"""Views, as stored: reports, drafts of reports and saved workspaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wandkit.server.database import Base, Timestamp, now

if TYPE_CHECKING:
    from wandkit.server.model.project import Project
    from wandkit.server.model.user import User

__all__ = ["View"]


class View(Base):
    """A page about runs. `type` is `runs` for a report, `runs/draft` for a draft: its author's alone.

    `parent_id` is the global id that the client gave for what the draft is of.
    """

    __tablename__ = "view"

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    updated_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    name: Mapped[str] = mapped_column(String(128))
    display_name: Mapped[str | None] = mapped_column(Text)
    description: Mapped[str | None] = mapped_column(Text)
    type: Mapped[str] = mapped_column(String(64), default="runs")
    spec: Mapped[str | None] = mapped_column(Text)
    created_using: Mapped[str] = mapped_column(String(32), default="WANDB_UI")
    parent_id: Mapped[str | None] = mapped_column(String(64), index=True)
    cover_url: Mapped[str | None] = mapped_column(Text)
    preview_url: Mapped[str | None] = mapped_column(Text)
    locked: Mapped[bool] = mapped_column(default=False)
    showcased_at: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[Timestamp] = mapped_column(default=now)
    updated_at: Mapped[Timestamp] = mapped_column(default=now, onupdate=now)

    project: Mapped[Project] = relationship()
    user: Mapped[User] = relationship(foreign_keys=[user_id])
    updated_by: Mapped[User] = relationship(foreign_keys=[updated_by_id])
