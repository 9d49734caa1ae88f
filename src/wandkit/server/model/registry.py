"""Roles within one project, as stored: what a registry gives to users and teams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wandkit.server.database import Base, Timestamp, now

if TYPE_CHECKING:
    from wandkit.server.model.entity import Entity
    from wandkit.server.model.user import User

__all__ = ["ProjectRole"]


class ProjectRole(Base):
    """The role of a user, or of all members of a team, in one project; exactly one of the two is set."""

    __tablename__ = "project_role"
    __table_args__: Any = (
        UniqueConstraint("project_id", "user_id"),
        UniqueConstraint("project_id", "team_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    team_id: Mapped[int | None] = mapped_column(ForeignKey("entity.id", ondelete="CASCADE"), index=True)
    role: Mapped[str] = mapped_column(String(64), default="member")
    created_at: Mapped[Timestamp] = mapped_column(default=now)

    user: Mapped[User | None] = relationship()
    team: Mapped[Entity | None] = relationship()
