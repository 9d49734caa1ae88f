"""What waits in run queues: pushed, popped by one agent only, acknowledged or failed.

A popped item is leased for `ServerConfig.queue_lease_s`. Who starts it acknowledges it with the run's name;
an item whose lease ran out can be popped again. All of this happens under the store's write lock, so that no
two agents get the same item, whichever processes they and the server are.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

from ariadne import MutationType, ObjectType, SchemaBindable
from graphql import GraphQLResolveInfo
from sqlalchemy import ColumnElement, select

from wandkit.server import ids
from wandkit.server.database import now, timestamp
from wandkit.server.graphql import Context, context_of
from wandkit.server.model.collection import Collection
from wandkit.server.model.run_queue import LaunchAgent, RunQueue, RunQueueItem
from wandkit.server.pagination import by_id, page
from wandkit.server.permissions import Refusal, denied
from wandkit.server.resolvers.default_resource_config import read
from wandkit.server.resolvers.launch_agent import agent_id, agent_to_change
from wandkit.server.resolvers.run_queue import queue_to_change, sees_queue
from wandkit.server.run_spec import check_values, complete_spec, read_object
from wandkit.server.shapes import is_object

__all__ = ["BINDABLES", "claim_item"]

mutation: MutationType = MutationType()
run_queue: ObjectType = ObjectType("RunQueue")
item: ObjectType = ObjectType("RunQueueItem")

BINDABLES: list[SchemaBindable] = [mutation, run_queue, item]

MEDIUM_PRIORITY = 2
"""What an item of a prioritizing queue has if nothing is said; a smaller number comes first."""


@run_queue.field("runQueueItem")
def resolve_item(parent: RunQueue, info: GraphQLResolveInfo, *, id: str) -> RunQueueItem | None:
    """Return one item of the queue, or null."""
    found = _item_by_id(context_of(info), id)
    return found if found is not None and found.queue_id == parent.id else None


@run_queue.field("runQueueItems")
def resolve_items(parent: RunQueue, info: GraphQLResolveInfo, **arguments: Any) -> dict[str, Any]:
    """Return a page of the queue's items, the newest first."""
    context = context_of(info)
    statement = select(RunQueueItem).where(RunQueueItem.queue_id == parent.id)
    newest_first = by_id(RunQueueItem.id.expression, descending=True)
    return page(context.session, statement, newest_first, arguments, max_size=context.config.max_page_size)


@item.field("id")
def resolve_id(parent: RunQueueItem, _info: GraphQLResolveInfo) -> str:
    """Return the global id."""
    return _item_id(parent)


@item.field("state")
def resolve_state(parent: RunQueueItem, _info: GraphQLResolveInfo) -> str:
    """Return the state; a lease that ran out leaves the item pending."""
    expired = parent.state == "LEASED" and (parent.leased_until or "") <= now()
    return "PENDING" if expired else parent.state


@item.field("launchAgentId")
def resolve_agent(parent: RunQueueItem, _info: GraphQLResolveInfo) -> str | None:
    """Return the id of the agent that popped the item."""
    return None if parent.launch_agent_id is None else agent_id(parent.launch_agent_id)


@item.field("runSpec")
def resolve_run_spec(parent: RunQueueItem, _info: GraphQLResolveInfo) -> dict[str, Any]:
    """Return what to run; `_wandkit` beside it holds why it failed and what agents warned of, if anything."""
    spec: dict[str, Any] = json.loads(parent.run_spec)
    notes: dict[str, Any] = {}
    if parent.failure is not None:
        notes["failure"] = parent.failure
    if parent.warnings:
        notes["warnings"] = parent.warnings
    return {**spec, "_wandkit": notes} if notes else spec


@mutation.field("pushToRunQueueByName")
def resolve_push_by_name(_parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]) -> dict[str, Any]:
    """Add an item to the queue of a name."""
    context = context_of(info)
    path = (input["entityName"], input["projectName"], input["queueName"])
    return _push(context, queue_to_change(context, path=path), input)


@mutation.field("pushToRunQueue")
def resolve_push(_parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]) -> dict[str, Any]:
    """Add an item to the queue of an id."""
    context = context_of(info)
    return _push(context, queue_to_change(context, input["queueID"]), input)


@mutation.field("popFromRunQueue")
def resolve_pop(_parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]) -> dict[str, Any] | None:
    """Lease the next item to the caller; null where there is none, or the agent was told to stop."""
    context = context_of(info)
    queue = queue_to_change(context, path=(input["entityName"], input["projectName"], input["queueName"]))
    agent: LaunchAgent | None = None
    if input.get("launchAgentId") is not None:
        agent = agent_to_change(context, input["launchAgentId"])
        agent.heartbeat_at = now()
        if agent.stop_polling:
            return None
    found = context.session.scalars(_next_item(queue)).one_or_none()
    if found is None:
        return None
    found.state = "LEASED"
    found.launch_agent_id = None if agent is None else agent.id
    lease = timedelta(seconds=context.config.queue_lease_s)
    found.leased_until = timestamp(datetime.now(timezone.utc) + lease)
    context.session.flush()
    return {"runQueueItemId": _item_id(found), "runSpec": json.loads(found.run_spec)}


@mutation.field("ackRunQueueItem")
def resolve_ack(_parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]) -> dict[str, Any]:
    """Note that a leased item has become a run; false where it is not leased, so that nothing runs twice."""
    found = _item_to_change(context_of(info), input["runQueueItemId"])
    if found.state != "LEASED":
        return {"success": False}
    _claim(found, input["runName"])
    return {"success": True}


@mutation.field("failRunQueueItem")
def resolve_fail(_parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]) -> dict[str, Any]:
    """Note why an item could not be run; false where it failed before."""
    found = _item_to_change(context_of(info), input["runQueueItemId"])
    if found.state == "FAILED":
        return {"success": False}
    found.state = "FAILED"
    found.leased_until = None
    said = input if input.get("message") else _failure_in(input.get("info"))
    found.failure = {
        "message": said.get("message") or "",
        "stage": said.get("stage"),
        "filePaths": said.get("filePaths") or [],
    }
    return {"success": True}


@mutation.field("updateRunQueueItemWarning")
def resolve_warn(_parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]) -> dict[str, Any]:
    """Note what an agent warns of; the item goes on."""
    found = _item_to_change(context_of(info), input["runQueueItemId"])
    warning: dict[str, Any] = {
        "message": input["message"],
        "stage": input["stage"],
        "filePaths": input.get("filePaths") or [],
    }
    found.warnings = [*found.warnings, warning]
    return {"success": True}


@mutation.field("deleteFromRunQueue")
def resolve_delete(_parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]) -> dict[str, Any]:
    """Take an item out of its queue, whatever its state; a run that came of it stays."""
    context = context_of(info)
    queue = queue_to_change(context, input["queueID"])
    found = _item_by_id(context, input["runQueueItemId"])
    if found is None or found.queue_id != queue.id:
        return {"success": False}
    context.session.delete(found)
    context.session.flush()
    return {"success": True}


def claim_item(context: Context, global_id: str, run_name: str) -> None:
    """Note that a run says it came of an item; an item that is not there, or has a run, stays as it is."""
    found = _item_by_id(context, global_id)
    if (
        found is not None
        and found.state in ("PENDING", "LEASED")
        and context.access.writes(found.queue.project)
    ):
        _claim(found, run_name)


def _failure_in(info: str | None) -> dict[str, Any]:
    """Return what one text says about a failure: JSON with the same words, or anything at all."""
    if not info:
        return {}
    try:
        said: object = json.loads(info)
    except (ValueError, RecursionError):
        return {"message": info}
    return said if is_object(said) and isinstance(said.get("message"), str) else {"message": info}


def _claim(found: RunQueueItem, run_name: str) -> None:
    found.state = "CLAIMED"
    found.associated_run_id = run_name
    found.leased_until = None


def _push(context: Context, queue: RunQueue, input: dict[str, Any]) -> dict[str, Any]:
    spec = read(lambda: read_object(input["runSpec"], "runSpec"))
    given = read(lambda: read_object(input.get("templateVariableValues"), "templateVariableValues"))
    config = queue.resource_config
    values = read(lambda: check_values({} if config is None else config.template_variables, given))
    if config is not None:
        spec = complete_spec(spec, config.resource, read_object(config.config, "config"), values)
    user = context.access.require_user()
    spec.setdefault("author", user.username)
    collection = _collection_of_job(context, spec.get("job"))
    if collection is not None:
        spec["_wandb_job_collection_id"] = ids.encode("ArtifactCollection", collection)
    made = RunQueueItem(
        queue=queue,
        user_id=user.id,
        run_spec=json.dumps(spec),
        priority=_priority(queue, input.get("priority")),
    )
    context.session.add(made)
    context.session.flush()
    return {"runQueueItemId": _item_id(made), "runSpec": made.run_spec}


def _collection_of_job(context: Context, job: object) -> int | None:
    """Return the number of the collection that a job's name is of, if the caller may see it."""
    pieces = job.partition(":")[0].split("/") if isinstance(job, str) else []
    parent = context.access.project(pieces[0], pieces[1]) if len(pieces) == 3 else None
    if parent is None:
        return None
    named = (
        Collection.project_id == parent.id,
        Collection.name == pieces[2],
        Collection.deleted_at.is_(None),
    )
    return context.session.scalar(select(Collection.id).where(*named))


def _priority(queue: RunQueue, wanted: int | None) -> int:
    if wanted is None:
        return MEDIUM_PRIORITY
    if queue.prioritization_mode == "DISABLED":
        raise Refusal(f"run queue {queue.name} has no prioritization, so an item cannot have a priority")
    if wanted < 0:
        raise Refusal(f"a priority is 0 (first) or more, not {wanted}")
    return wanted


def _next_item(queue: RunQueue) -> Any:
    order: list[ColumnElement[int]] = [RunQueueItem.id.expression]
    if queue.prioritization_mode != "DISABLED":
        order.insert(0, RunQueueItem.priority.expression)
    free = (RunQueueItem.state == "PENDING") | (
        (RunQueueItem.state == "LEASED") & (RunQueueItem.leased_until <= now())
    )
    return select(RunQueueItem).where(RunQueueItem.queue_id == queue.id, free).order_by(*order).limit(1)


def _item_id(found: RunQueueItem) -> str:
    return ids.encode("RunQueueItem", found.id)


def _item_by_id(context: Context, global_id: str) -> RunQueueItem | None:
    try:
        number = ids.number("RunQueueItem", global_id)
    except ValueError:
        return None
    return context.session.get(RunQueueItem, number)


def _item_to_change(context: Context, global_id: str) -> RunQueueItem:
    context.access.require_user()
    found = _item_by_id(context, global_id)
    if found is None or not sees_queue(context, found.queue):
        raise Refusal("run queue item not found", 404)
    if not context.access.writes(found.queue.project):
        raise denied()
    return found
