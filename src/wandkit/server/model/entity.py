"""Entities (the owners of projects), organizations, and who belongs to them, as stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wandkit.server.database import Base, Timestamp, now

if TYPE_CHECKING:
    from wandkit.server.model.user import User

__all__ = ["Entity", "Membership", "Organization", "OrganizationMembership"]


class Organization(Base):
    """A group of teams with its own members."""

    __tablename__ = "organization"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(128), unique=True)
    created_at: Mapped[Timestamp] = mapped_column(default=now)

    entities: Mapped[list[Entity]] = relationship(back_populates="organization", order_by="Entity.id")
    memberships: Mapped[list[OrganizationMembership]] = relationship(
        back_populates="organization", order_by="OrganizationMembership.id"
    )


class OrganizationMembership(Base):
    """One user's place in an organization; `role` is `admin`, `member` or `viewer`."""

    __tablename__ = "organization_membership"
    __table_args__: Any = (UniqueConstraint("organization_id", "user_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    role: Mapped[str] = mapped_column(String(32), default="member")
    created_at: Mapped[Timestamp] = mapped_column(default=now)

    organization: Mapped[Organization] = relationship(back_populates="memberships")
    user: Mapped[User] = relationship()


class Entity(Base):
    """An owner of projects; `kind` is `user`, `team` or `organization`."""

    __tablename__ = "entity"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(128), unique=True)
    kind: Mapped[str] = mapped_column(String(16))
    organization_id: Mapped[int | None] = mapped_column(ForeignKey("organization.id"), index=True)
    default_access: Mapped[str] = mapped_column(String(32), default="ENTITY_WRITE")
    private_only: Mapped[bool] = mapped_column(default=False)
    code_saving_enabled: Mapped[bool] = mapped_column(default=True)
    photo_url: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[Timestamp] = mapped_column(default=now)
    updated_at: Mapped[Timestamp] = mapped_column(default=now, onupdate=now)

    organization: Mapped[Organization | None] = relationship(back_populates="entities")
    memberships: Mapped[list[Membership]] = relationship(back_populates="entity", order_by="Membership.id")


class Membership(Base):
    """One user's place in an entity; `role` is `admin`, `member` or `viewer` (who reads only)."""

    __tablename__ = "membership"
    __table_args__: Any = (UniqueConstraint("entity_id", "user_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    entity_id: Mapped[int] = mapped_column(ForeignKey("entity.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    role: Mapped[str] = mapped_column(String(32), default="member")
    created_at: Mapped[Timestamp] = mapped_column(default=now)

    entity: Mapped[Entity] = relationship(back_populates="memberships")
    user: Mapped[User] = relationship(back_populates="memberships")
