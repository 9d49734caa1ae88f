"""Automations as stored: what is watched and done, their integrations and secrets, and the deliveries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wandkit.server.database import Base, Timestamp, now

if TYPE_CHECKING:
    from wandkit.server.model.collection import Collection
    from wandkit.server.model.entity import Entity
    from wandkit.server.model.project import Project
    from wandkit.server.model.user import User

__all__ = ["SLACK", "WEBHOOK", "Automation", "Delivery", "Integration", "MetricWindow", "Secret"]

WEBHOOK = "GENERIC_WEBHOOK"
SLACK = "SLACK"


class Integration(Base):
    """A place that an entity's automations can send to; `kind` is `GENERIC_WEBHOOK` or `SLACK`.

    Attributes:
        access_token_ref: The name of the entity's secret that is sent as the bearer token.
        secret_ref: The name of the entity's secret that signs what is sent.
    """

    __tablename__ = "integration"
    __table_args__: Any = {"sqlite_autoincrement": True}  # noqa: RUF012

    id: Mapped[int] = mapped_column(primary_key=True)
    entity_id: Mapped[int] = mapped_column(ForeignKey("entity.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(Text)
    url_endpoint: Mapped[str | None] = mapped_column(Text)
    access_token_ref: Mapped[str | None] = mapped_column(String(128))
    secret_ref: Mapped[str | None] = mapped_column(String(128))
    team_name: Mapped[str | None] = mapped_column(Text)
    channel_name: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[Timestamp] = mapped_column(default=now)

    entity: Mapped[Entity] = relationship()


class Secret(Base):
    """A text that an entity's webhooks refer to by name; no request of the API reads it."""

    __tablename__ = "secret"
    __table_args__: Any = (UniqueConstraint("entity_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    entity_id: Mapped[int] = mapped_column(ForeignKey("entity.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(128))
    value: Mapped[str] = mapped_column(Text)
    created_at: Mapped[Timestamp] = mapped_column(default=now)


class Automation(Base):
    """An event to watch in a scope, and what to do when it happens.

    Attributes:
        entity_id: The scope itself, or the owner of the project or collection that is the scope.
        project_id: The scope, or the project of the collection that is; null for whole entities.
        collection_id: The scope; null for projects and entities.
        event_filter: JSON text, as the client sent it.
        action: JSON text of the fields of the action's input.
        integration_id: Where the action sends to, if it sends.
    """

    __tablename__ = "automation"
    __table_args__: Any = (
        Index("automation_watch", "entity_id", "event_type"),
        Index("automation_project", "project_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    entity_id: Mapped[int] = mapped_column(ForeignKey("entity.id", ondelete="CASCADE"))
    project_id: Mapped[int | None] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    collection_id: Mapped[int | None] = mapped_column(
        ForeignKey("artifact_collection.id", ondelete="CASCADE"), index=True
    )
    created_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    name: Mapped[str] = mapped_column(String(255))
    description: Mapped[str | None] = mapped_column(Text)
    enabled: Mapped[bool] = mapped_column(default=True)
    event_type: Mapped[str] = mapped_column(String(64))
    event_filter: Mapped[str] = mapped_column(Text)
    action_type: Mapped[str] = mapped_column(String(32))
    action: Mapped[str] = mapped_column(Text, default="{}")
    integration_id: Mapped[int | None] = mapped_column(ForeignKey("integration.id"), index=True)
    created_at: Mapped[Timestamp] = mapped_column(default=now)
    updated_at: Mapped[Timestamp] = mapped_column(default=now, onupdate=now)

    entity: Mapped[Entity] = relationship()
    project: Mapped[Project | None] = relationship()
    collection: Mapped[Collection | None] = relationship()
    created_by: Mapped[User] = relationship()
    integration: Mapped[Integration | None] = relationship()

    @property
    def scope(self) -> Collection | Project | Entity:
        """What is watched."""
        return self.collection or self.project or self.entity


class MetricWindow(Base):
    """What an automation knows of a metric of one run: the last values, and whether its condition held."""

    __tablename__ = "automation_window"

    automation_id: Mapped[int] = mapped_column(
        ForeignKey("automation.id", ondelete="CASCADE"), primary_key=True
    )
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"), primary_key=True)
    values: Mapped[list[float]] = mapped_column(JSON, default=list)
    held: Mapped[bool] = mapped_column(default=False)


class Delivery(Base):
    """One firing of an automation, written in the transaction of its event, and what became of it.

    No secret is in it: `payload` is the template, into which `facts` and the secrets go when it is sent.

    Attributes:
        automation_id: The automation; it may be gone by the time somebody reads this.
        facts: JSON text of the event's values by the names that templates use.
        state: `PENDING`, `FINISHED`, `FAILED`, or `SKIPPED` where this server has no such action.
        due_at: When it is to be tried next; a worker that tries it moves this ahead.
        status_code: The receiver's last answer.
        error: What was wrong with the last try, or why there was none.
    """

    __tablename__ = "automation_delivery"
    __table_args__: Any = (
        Index("automation_delivery_due", "due_at", sqlite_where=text("state = 'PENDING'")),
        Index("automation_delivery_of", "automation_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    automation_id: Mapped[int]
    automation_name: Mapped[str] = mapped_column(String(255))
    entity_id: Mapped[int] = mapped_column(ForeignKey("entity.id", ondelete="CASCADE"))
    project_id: Mapped[int | None] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"), index=True)
    collection_id: Mapped[int | None] = mapped_column(
        ForeignKey("artifact_collection.id", ondelete="SET NULL"), index=True
    )
    event_type: Mapped[str] = mapped_column(String(64))
    facts: Mapped[str] = mapped_column(Text, default="{}")
    action_type: Mapped[str] = mapped_column(String(32))
    integration_id: Mapped[int | None] = mapped_column(ForeignKey("integration.id", ondelete="SET NULL"))
    payload: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(16), default="PENDING")
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[Timestamp] = mapped_column(default=now)
    status_code: Mapped[int | None]
    error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[Timestamp] = mapped_column(default=now)
    finished_at: Mapped[Timestamp | None]

    integration: Mapped[Integration | None] = relationship()
