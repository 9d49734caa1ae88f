"""Run queues: finding, making, changing and deleting them."""

from __future__ import annotations

from typing import Any

from ariadne import MutationType, ObjectType, SchemaBindable
from graphql import GraphQLResolveInfo
from sqlalchemy import select

from wandkit.server import ids
from wandkit.server.graphql import Context, context_of
from wandkit.server.model.entity import Entity
from wandkit.server.model.project import Project
from wandkit.server.model.run_queue import RunQueue
from wandkit.server.permissions import Refusal, denied
from wandkit.server.resolvers.default_resource_config import (
    config_by_id,
    config_id,
    new_config,
    owner_to_change,
    read,
)
from wandkit.server.resolvers.project import new_project
from wandkit.server.run_spec import config_problems, read_object

__all__ = ["BINDABLES", "queue_by_id", "queue_id", "queue_to_change", "queues_of", "sees_queue"]

mutation: MutationType = MutationType()
project: ObjectType = ObjectType("Project")
run_queue: ObjectType = ObjectType("RunQueue")

BINDABLES: list[SchemaBindable] = [mutation, project, run_queue]

_LONGEST_NAME = 64


@project.field("runQueue")
def resolve_run_queue(parent: Project, info: GraphQLResolveInfo, *, name: str) -> RunQueue | None:
    """Return the project's queue of this name; null where it is missing or somebody else's."""
    return _queue_named(context_of(info), parent, name)


@project.field("runQueues")
def resolve_run_queues(parent: Project, info: GraphQLResolveInfo) -> list[RunQueue]:
    """Return the project's queues, the oldest first."""
    return queues_of(context_of(info), parent)


@run_queue.field("id")
def resolve_id(parent: RunQueue, _info: GraphQLResolveInfo) -> str:
    """Return the global id."""
    return queue_id(parent)


@run_queue.field("createdBy")
def resolve_created_by(parent: RunQueue, _info: GraphQLResolveInfo) -> int:
    """Return the number of the user who made the queue."""
    return parent.user_id


@run_queue.field("defaultResourceConfigID")
def resolve_config_id(parent: RunQueue, _info: GraphQLResolveInfo) -> str | None:
    """Return the id of the config that items run with."""
    config = parent.resource_config
    return None if config is None else config_id(config)


@mutation.field("createRunQueue")
def resolve_create(_parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]) -> dict[str, Any]:
    """Make a queue; the project is made with it where there is none."""
    context = context_of(info)
    owner = owner_to_change(context, input["entityName"])
    made = _new_queue(context, _project_for_queues(context, owner, input["projectName"]), input["queueName"])
    made.access = input["access"]
    made.prioritization_mode = input.get("prioritizationMode") or "DISABLED"
    if input.get("defaultResourceConfigID") is not None:
        config = config_by_id(context, input["defaultResourceConfigID"])
        if config is None or config.entity_id != owner.id:
            raise Refusal("default resource config not found", 404)
        made.resource_config = config
    context.session.flush()
    return {"queueID": queue_id(made), "success": True}


@mutation.field("upsertRunQueue")
def resolve_upsert(_parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]) -> dict[str, Any]:
    """Make a queue with its config, or change both; what looks wrong is said, not refused.

    Its template variables are replaced too.
    """
    context = context_of(info)
    owner = owner_to_change(context, input["entityName"])
    parent = _project_for_queues(context, owner, input["projectName"])
    found = _queue_named(context, parent, input["queueName"])
    found = found or _new_queue(context, parent, input["queueName"])
    resource, config = input["resourceType"], input["resourceConfig"]
    old = found.resource_config
    kept = new_config(context, owner, resource, config, input.get("templateVariables"))
    found.resource_config = kept
    if input.get("prioritizationMode") is not None:
        found.prioritization_mode = input["prioritizationMode"]
    if input.get("externalLinks") is not None:
        found.external_links = read(lambda: read_object(input["externalLinks"], "externalLinks"))
    context.session.flush()
    if old is not None and not _named_by_others(context, old.id):
        context.session.delete(old)
    problems = config_problems(read_object(config, "resourceConfig"), resource, kept.template_variables)
    return {"success": True, "configSchemaValidationErrors": problems}


@mutation.field("deleteRunQueues")
def resolve_delete(_parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]) -> dict[str, Any]:
    """Delete queues with all that waits in them."""
    context = context_of(info)
    for found in {queue_to_change(context, one) for one in input["queueIDs"]}:
        context.session.delete(found)
    context.session.flush()
    return {"success": True}


def queue_id(queue: RunQueue) -> str:
    """Return the global id of a queue."""
    return ids.encode("RunQueue", queue.id)


def queue_by_id(context: Context, global_id: str) -> RunQueue | None:
    """Return a queue that the caller may see, by its global id."""
    try:
        number = ids.number("RunQueue", global_id)
    except ValueError:
        return None
    found = context.session.get(RunQueue, number)
    return found if found is not None and sees_queue(context, found) else None


def queue_to_change(
    context: Context, global_id: str | None = None, *, path: tuple[str, str, str] | None = None
) -> RunQueue:
    """Return a queue that the caller may change, by its global id or by entity, project and name.

    Raises:
        Refusal: There is none that the caller may see, or they may only look at it.
    """
    context.access.require_user()
    if path is None:
        found = queue_by_id(context, global_id or "")
    else:
        parent = context.access.project(path[0], path[1])
        found = None if parent is None else _queue_named(context, parent, path[2])
    if found is None:
        raise Refusal("run queue not found" if path is None else f"run queue {'/'.join(path)} not found", 404)
    if not context.access.writes(found.project):
        raise denied()
    return found


def queues_of(context: Context, parent: Project) -> list[RunQueue]:
    """Return the project's queues that the caller may see, the oldest first."""
    statement = select(RunQueue).where(RunQueue.project_id == parent.id).order_by(RunQueue.id)
    return [found for found in context.session.scalars(statement) if sees_queue(context, found)]


def _queue_named(context: Context, parent: Project, name: str) -> RunQueue | None:
    statement = select(RunQueue).where(RunQueue.project_id == parent.id, RunQueue.name == name)
    found = context.session.scalars(statement).one_or_none()
    return found if found is not None and sees_queue(context, found) else None


def sees_queue(context: Context, queue: RunQueue) -> bool:
    """Whether the caller may see a queue: its project, and a USER queue only its creator."""
    access = context.access
    if queue.project.deleted_at is not None or not access.reads(queue.project):
        return False
    return (
        queue.access != "USER"
        or access.is_admin
        or (access.user is not None and access.user.id == queue.user_id)
    )


def _new_queue(context: Context, parent: Project, name: str) -> RunQueue:
    if not 1 <= len(name) <= _LONGEST_NAME:
        raise Refusal(f"a run queue's name has 1 to {_LONGEST_NAME} characters, not {len(name)}")
    taken = select(RunQueue.id).where(RunQueue.project_id == parent.id, RunQueue.name == name)
    if context.session.scalar(taken) is not None:
        raise Refusal(f"run queue {parent.entity.name}/{parent.name}/{name} exists already", 409)
    made = RunQueue(project=parent, user_id=context.access.require_user().id, name=name)
    context.session.add(made)
    return made


def _project_for_queues(context: Context, owner: Entity, name: str) -> Project:
    found = context.access.project(owner.name, name)
    if found is None:
        return new_project(context, owner, name)
    if not context.access.writes(found):
        raise denied()
    return found


def _named_by_others(context: Context, config: int) -> bool:
    statement = select(RunQueue.id).where(RunQueue.resource_config_id == config).limit(1)
    return context.session.scalar(statement) is not None
