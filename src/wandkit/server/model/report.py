"""Views, as stored: reports, drafts of reports and saved workspaces; their share links, stars and visits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, Column, ForeignKey, Integer, String, Table, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wandkit.server.database import Base, Timestamp, now

if TYPE_CHECKING:
    from wandkit.server.model.project import Project
    from wandkit.server.model.user import User

__all__ = ["AccessToken", "Star", "View", "Visits"]

_shared = Table(
    "view_access_token_project",
    Base.metadata,
    Column("token_id", Integer, ForeignKey("view_access_token.id", ondelete="CASCADE"), primary_key=True),
    Column("project_id", Integer, ForeignKey("project.id", ondelete="CASCADE"), primary_key=True),
)


class View(Base):
    """A page about runs. `type` is `runs` for a report, `runs/draft` for a draft: its author's alone.

    `parent_id` is the global id that the client gave for what the draft is of. An id is never given twice:
    the address of a report that was deleted leads to no other one.
    """

    __tablename__ = "view"
    __table_args__: Any = {"sqlite_autoincrement": True}  # noqa: RUF012

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


class AccessToken(Base):
    """A share link: whoever has its text may look at one view, and at the projects that it shows.

    `type` is `PUBLIC`, or `INDIVIDUAL_SHARING` where it is for the people of `emails`. The text is kept as it
    is, since those who may change the view can ask for it.
    """

    __tablename__ = "view_access_token"

    id: Mapped[int] = mapped_column(primary_key=True)
    view_id: Mapped[int] = mapped_column(ForeignKey("view.id", ondelete="CASCADE"), index=True)
    created_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    token: Mapped[str] = mapped_column(String(128), unique=True)
    type: Mapped[str] = mapped_column(String(32), default="PUBLIC")
    emails: Mapped[list[str]] = mapped_column(JSON, default=list)
    created_at: Mapped[Timestamp] = mapped_column(default=now)
    last_accessed_at: Mapped[str | None] = mapped_column(String(27))
    revoked_at: Mapped[str | None] = mapped_column(String(27))

    view: Mapped[View] = relationship()
    created_by: Mapped[User] = relationship()
    projects: Mapped[list[Project]] = relationship(secondary=_shared)


class Star(Base):
    """A view that a user keeps in mind."""

    __tablename__ = "view_star"

    view_id: Mapped[int] = mapped_column(ForeignKey("view.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    created_at: Mapped[Timestamp] = mapped_column(default=now)


class Visits(Base):
    """How often a view was looked at, as far as its readers say so."""

    __tablename__ = "view_visits"

    view_id: Mapped[int] = mapped_column(ForeignKey("view.id", ondelete="CASCADE"), primary_key=True)
    count: Mapped[int] = mapped_column(default=0)
