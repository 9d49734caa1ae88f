"""Run queues, what waits in them, the agents that take from them, and their resource configs, as stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wandkit.server.database import Base, Timestamp, now

if TYPE_CHECKING:
    from wandkit.server.model.entity import Entity
    from wandkit.server.model.project import Project

__all__ = ["DefaultResourceConfig", "LaunchAgent", "RunQueue", "RunQueueItem"]


class DefaultResourceConfig(Base):
    """What the items of a queue are given to run with.

    `config` is JSON text, `{"resource_args": {RESOURCE: …}}`; `template_variables` maps each name that may
    stand in it as `{{name}}` to `{"schema": …}`.
    """

    __tablename__ = "default_resource_config"

    id: Mapped[int] = mapped_column(primary_key=True)
    entity_id: Mapped[int] = mapped_column(ForeignKey("entity.id", ondelete="CASCADE"), index=True)
    resource: Mapped[str] = mapped_column(String(64))
    config: Mapped[str] = mapped_column(Text)
    template_variables: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    created_at: Mapped[Timestamp] = mapped_column(default=now)
    updated_at: Mapped[Timestamp] = mapped_column(default=now, onupdate=now)

    entity: Mapped[Entity] = relationship()


class RunQueue(Base):
    """A queue of work. One with `access` USER is its creator's alone."""

    __tablename__ = "run_queue"
    __table_args__: Any = (UniqueConstraint("project_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    name: Mapped[str] = mapped_column(String(64))
    access: Mapped[str] = mapped_column(String(16), default="PROJECT")
    prioritization_mode: Mapped[str] = mapped_column(String(16), default="DISABLED")
    resource_config_id: Mapped[int | None] = mapped_column(
        ForeignKey("default_resource_config.id", ondelete="SET NULL"), index=True
    )
    external_links: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    created_at: Mapped[Timestamp] = mapped_column(default=now)
    updated_at: Mapped[Timestamp] = mapped_column(default=now, onupdate=now)

    project: Mapped[Project] = relationship()
    resource_config: Mapped[DefaultResourceConfig | None] = relationship()


class RunQueueItem(Base):
    """One piece of work: PENDING, LEASED by who popped it, CLAIMED by a run, or FAILED.

    `leased_until` is the moment from which a leased item counts as pending again. Items with a smaller
    `priority` come first, those with the same one in the order of their coming.
    """

    __tablename__ = "run_queue_item"
    __table_args__: Any = (Index("run_queue_item_next", "queue_id", "state", "priority", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    queue_id: Mapped[int] = mapped_column(ForeignKey("run_queue.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    run_spec: Mapped[str] = mapped_column(Text)
    priority: Mapped[int] = mapped_column(default=0)
    state: Mapped[str] = mapped_column(String(16), default="PENDING")
    launch_agent_id: Mapped[int | None] = mapped_column(ForeignKey("launch_agent.id", ondelete="SET NULL"))
    leased_until: Mapped[Timestamp | None]
    associated_run_id: Mapped[str | None] = mapped_column(String(128))
    failure: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    warnings: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    created_at: Mapped[Timestamp] = mapped_column(default=now)
    updated_at: Mapped[Timestamp] = mapped_column(default=now, onupdate=now)

    queue: Mapped[RunQueue] = relationship()


class LaunchAgent(Base):
    """A process that takes work from queues and starts it."""

    __tablename__ = "launch_agent"

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    name: Mapped[str] = mapped_column(String(128))
    hostname: Mapped[str] = mapped_column(Text)
    agent_status: Mapped[str] = mapped_column(String(32), default="POLLING")
    stop_polling: Mapped[bool] = mapped_column(default=False)
    queue_ids: Mapped[list[int]] = mapped_column(JSON, default=list)
    agent_config: Mapped[str | None] = mapped_column(Text)
    version: Mapped[str | None] = mapped_column(String(64))
    heartbeat_at: Mapped[Timestamp] = mapped_column(default=now)
    created_at: Mapped[Timestamp] = mapped_column(default=now)
    updated_at: Mapped[Timestamp] = mapped_column(default=now, onupdate=now)

    project: Mapped[Project] = relationship()
