"""Custom charts, as stored: chart specifications by entity and name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wandkit.server.database import Base, Timestamp, now

if TYPE_CHECKING:
    from wandkit.server.model.entity import Entity
    from wandkit.server.model.user import User

__all__ = ["CustomChart"]


class CustomChart(Base):
    """A chart specification; `access` is `PRIVATE` or `PUBLIC`."""

    __tablename__ = "custom_chart"
    __table_args__: Any = (UniqueConstraint("entity_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    entity_id: Mapped[int] = mapped_column(ForeignKey("entity.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    name: Mapped[str] = mapped_column(String(128))
    display_name: Mapped[str] = mapped_column(Text)
    type: Mapped[str] = mapped_column(String(32))
    access: Mapped[str] = mapped_column(String(16))
    spec: Mapped[str] = mapped_column(Text)
    created_at: Mapped[Timestamp] = mapped_column(default=now)
    updated_at: Mapped[Timestamp] = mapped_column(default=now, onupdate=now)

    entity: Mapped[Entity] = relationship()
    user: Mapped[User] = relationship()
