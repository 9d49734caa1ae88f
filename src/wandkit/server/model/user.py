"""Users and their API keys, as stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wandkit.server.database import Base, Timestamp, now

if TYPE_CHECKING:
    from wandkit.server.model.entity import Entity, Membership

__all__ = ["ApiKey", "User"]


class User(Base):
    """A person or a service account. `username` is also the name of the user's personal entity."""

    __tablename__ = "user"

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(128), unique=True)
    name: Mapped[str] = mapped_column(String(256))
    email: Mapped[str] = mapped_column(String(320), index=True)
    admin: Mapped[bool] = mapped_column(default=False)
    account_type: Mapped[str] = mapped_column(String(16), default="USER")
    flags: Mapped[str | None] = mapped_column(Text)
    default_entity_id: Mapped[int | None] = mapped_column(ForeignKey("entity.id", use_alter=True))
    created_at: Mapped[Timestamp] = mapped_column(default=now)
    deleted_at: Mapped[Timestamp | None]

    api_keys: Mapped[list[ApiKey]] = relationship(back_populates="user", order_by="ApiKey.id")
    memberships: Mapped[list[Membership]] = relationship(back_populates="user", order_by="Membership.id")
    default_entity: Mapped[Entity | None] = relationship(foreign_keys=[default_entity_id])


class ApiKey(Base):
    """An API key. Only its SHA-256 is stored, and enough of its end to tell keys apart."""

    __tablename__ = "api_key"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    ending: Mapped[str] = mapped_column(String(4))
    description: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[Timestamp] = mapped_column(default=now)

    user: Mapped[User] = relationship(back_populates="api_keys")
