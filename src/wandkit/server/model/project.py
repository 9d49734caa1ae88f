"""Projects, as stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wandkit.server.database import Base, Timestamp, now

if TYPE_CHECKING:
    from wandkit.server.model.entity import Entity
    from wandkit.server.model.user import User

__all__ = ["Project"]


class Project(Base):
    """A set of runs. A deleted project keeps its row and gives its name free."""

    __tablename__ = "project"
    __table_args__: Any = (
        Index("project_name", "entity_id", "name", unique=True, sqlite_where=text("deleted_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    entity_id: Mapped[int] = mapped_column(ForeignKey("entity.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    name: Mapped[str] = mapped_column(String(128))
    access: Mapped[str] = mapped_column(String(32))
    description: Mapped[str | None] = mapped_column(Text)
    repo: Mapped[str | None] = mapped_column(Text)
    docker_image: Mapped[str | None] = mapped_column(Text)
    framework: Mapped[str | None] = mapped_column(Text)
    views: Mapped[str | None] = mapped_column(Text)
    is_benchmark: Mapped[bool] = mapped_column(default=False)
    is_published: Mapped[bool] = mapped_column(default=False)
    allow_all_artifact_types: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[Timestamp] = mapped_column(default=now)
    updated_at: Mapped[Timestamp] = mapped_column(default=now, onupdate=now)
    deleted_at: Mapped[Timestamp | None]

    entity: Mapped[Entity] = relationship()
    user: Mapped[User] = relationship()
