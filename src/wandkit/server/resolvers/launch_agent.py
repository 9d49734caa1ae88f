"""Launch agents: who takes work from queues, and how they are."""

from __future__ import annotations

from typing import Any

from ariadne import MutationType, ObjectType, QueryType, SchemaBindable
from graphql import GraphQLResolveInfo
from sqlalchemy import func, select, update

from wandkit.server import ids
from wandkit.server.database import now
from wandkit.server.graphql import Context, context_of
from wandkit.server.model.project import Project
from wandkit.server.model.run_queue import LaunchAgent, RunQueueItem
from wandkit.server.names import made_up_name
from wandkit.server.permissions import Refusal, denied
from wandkit.server.resolvers.run_queue import queue_to_change

__all__ = ["BINDABLES", "agent_id", "agent_to_change"]

query: QueryType = QueryType()
mutation: MutationType = MutationType()
project: ObjectType = ObjectType("Project")
agent: ObjectType = ObjectType("LaunchAgent")

BINDABLES: list[SchemaBindable] = [query, mutation, project, agent]


@query.field("launchAgent")
def resolve_launch_agent(_parent: None, info: GraphQLResolveInfo, *, id: str) -> LaunchAgent | None:
    """Return one agent; null where it is missing or hidden."""
    context = context_of(info)
    found = _agent_by_id(context, id)
    return found if found is not None and context.access.reads(found.project) else None


@project.field("launchAgents")
def resolve_launch_agents(parent: Project, info: GraphQLResolveInfo) -> list[LaunchAgent]:
    """Return the project's agents, the oldest first."""
    statement = select(LaunchAgent).where(LaunchAgent.project_id == parent.id).order_by(LaunchAgent.id)
    return list(context_of(info).session.scalars(statement))


@agent.field("id")
def resolve_id(parent: LaunchAgent, _info: GraphQLResolveInfo) -> str:
    """Return the global id."""
    return agent_id(parent.id)


@agent.field("runQueues")
def resolve_queues(parent: LaunchAgent, _info: GraphQLResolveInfo) -> list[str]:
    """Return the ids of the queues that the agent takes from."""
    return [ids.encode("RunQueue", number) for number in parent.queue_ids]


@mutation.field("createLaunchAgent")
def resolve_create(_parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]) -> dict[str, Any]:
    """Register an agent for queues of one project."""
    context = context_of(info)
    parent = context.access.project_to_change(input["entityName"], input["projectName"])
    count = context.session.scalar(select(func.count()).select_from(LaunchAgent)) or 0
    made = LaunchAgent(
        project=parent,
        user_id=context.access.require_user().id,
        name=made_up_name(count + 1),
        hostname=input["hostname"],
        queue_ids=_queue_numbers(context, parent, input["runQueues"]),
        agent_config=input.get("agentConfig"),
        version=input.get("version"),
    )
    context.session.add(made)
    context.session.flush()
    return {"launchAgentId": agent_id(made.id), "success": True}


@mutation.field("updateLaunchAgent")
def resolve_update(_parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]) -> dict[str, Any]:
    """Note how an agent is, or tell it what to do; one that was killed gives back what it had not started."""
    context = context_of(info)
    found = agent_to_change(context, input["launchAgentId"])
    found.heartbeat_at = now()
    if input.get("name"):
        found.name = input["name"]
    if input.get("stopPolling") is not None:
        found.stop_polling = input["stopPolling"]
    if input.get("runQueues") is not None:
        found.queue_ids = _queue_numbers(context, found.project, input["runQueues"])
    if input.get("agentStatus") is not None:
        found.agent_status = input["agentStatus"]
        if found.agent_status == "KILLED":
            _give_back(context, found)
    return {"success": True}


@mutation.field("deleteLaunchAgents")
def resolve_delete(_parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]) -> dict[str, Any]:
    """Forget agents; what they had not started can be popped again."""
    context = context_of(info)
    for found in {agent_to_change(context, one) for one in input["launchAgentIds"]}:
        _give_back(context, found)
        context.session.delete(found)
    context.session.flush()
    return {"success": True}


def agent_id(number: int) -> str:
    """Return the global id of an agent."""
    return ids.encode("LaunchAgent", number)


def agent_to_change(context: Context, global_id: str) -> LaunchAgent:
    """Return an agent that the caller may speak for.

    Raises:
        Refusal: There is none that the caller may see, or they may only look at it.
    """
    context.access.require_user()
    found = _agent_by_id(context, global_id)
    if found is None or not context.access.reads(found.project):
        raise Refusal("launch agent not found", 404)
    if not context.access.writes(found.project):
        raise denied()
    return found


def _agent_by_id(context: Context, global_id: str) -> LaunchAgent | None:
    try:
        number = ids.number("LaunchAgent", global_id)
    except ValueError:
        return None
    return context.session.get(LaunchAgent, number)


def _queue_numbers(context: Context, parent: Project, global_ids: list[str]) -> list[int]:
    found = [queue_to_change(context, one) for one in global_ids]
    if any(queue.project_id != parent.id for queue in found):
        raise Refusal("an agent's queues are of one project")
    return [queue.id for queue in found]


def _give_back(context: Context, found: LaunchAgent) -> None:
    leased = (RunQueueItem.launch_agent_id == found.id, RunQueueItem.state == "LEASED")
    values = {"state": "PENDING", "leased_until": None, "launch_agent_id": None}
    context.session.execute(update(RunQueueItem).where(*leased).values(**values))
