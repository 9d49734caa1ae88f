"""Changes of sweeps: making, steering and deleting them, registering agents, answering their heartbeats.

PENDING ──► RUNNING ◄──► PAUSED        a first agent, or somebody, starts it; paused, it hands out nothing
   │           ├──► FINISHED ──► RUNNING   no new points, runs go on to their end; it can be resumed
   └───────────┴──► CANCELED               runs are stopped; there is no way back
"""

from __future__ import annotations

import json
import random
from typing import Any, TypeVar

from ariadne import MutationType, SchemaBindable
from graphql import GraphQLResolveInfo
from sqlalchemy import func, select, update
from sqlalchemy.orm import undefer

from wandkit._core.sweep_config import check_sweep_config
from wandkit._core.sweep_yaml import load_yaml
from wandkit.errors import ArgumentError
from wandkit.server import ids
from wandkit.server.database import now
from wandkit.server.graphql import Context, context_of
from wandkit.server.model.project import Project
from wandkit.server.model.run import Run
from wandkit.server.model.sweep import STATES, Sweep, SweepAgent, SweepPoint
from wandkit.server.names import made_up_name, new_run_name
from wandkit.server.permissions import Refusal, denied
from wandkit.server.resolvers.project import new_project
from wandkit.server.resolvers.run import run_condition
from wandkit.server.resolvers.sweep import runs_of_sweep
from wandkit.server.shapes import is_object
from wandkit.server.sweep_points import commands_for, pass_over
from wandkit.server.sweep_search import SearchError, grid_size, is_grid, random_point, remarks

__all__ = ["BINDABLES"]

mutation: MutationType = MutationType()

BINDABLES: list[SchemaBindable] = [mutation]

_T = TypeVar("_T")
_DEFAULT_PROJECT = "uncategorized"
_ALLOWED = {
    "RUNNING": {"PENDING", "RUNNING", "PAUSED", "FINISHED"},
    "PAUSED": {"PENDING", "RUNNING", "PAUSED"},
    "FINISHED": {"PENDING", "RUNNING", "PAUSED", "FINISHED"},
    "CANCELED": {"PENDING", "RUNNING", "PAUSED", "CANCELED"},
    "PENDING": {"PENDING"},
}
"""For each state, the states that lead to it."""


@mutation.field("upsertSweep")
def resolve_upsert_sweep(_parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]) -> dict[str, Any]:
    """Make a sweep (and its project) or change one; null leaves a field as it is."""
    context = context_of(info)
    inserted = not input.get("id")
    warnings: list[str] = []
    if inserted:
        sweep, warnings = _new_sweep(context, input)
    else:
        sweep = _sweep_to_change(context, input["id"])
        if input.get("config") is not None:
            warnings = _configure(sweep, input["config"])
    for key, attribute in (
        ("displayName", "display_name"),
        ("description", "description"),
        ("controller", "controller"),
        ("scheduler", "scheduler"),
    ):
        if input.get(key) is not None:
            setattr(sweep, attribute, input[key])
    if input.get("state") is not None:
        _set_state(context, sweep, input["state"])
    context.session.flush()
    prior = _take_prior_runs(context, sweep, input.get("priorRunsFilters"))
    return {
        "sweep": sweep,
        "inserted": inserted,
        "insertedPriorRuns": prior,
        "configValidationWarnings": warnings,
    }


@mutation.field("deleteSweep")
def resolve_delete_sweep(_parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]) -> dict[str, Any]:
    """Delete a sweep, and its runs if asked to."""
    return _delete(context_of(info), [input["id"]], input["deleteRuns"])


@mutation.field("deleteSweeps")
def resolve_delete_sweeps(
    _parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]
) -> dict[str, Any]:
    """Delete sweeps, and their runs if asked to."""
    return _delete(context_of(info), input["ids"], input["deleteRuns"])


@mutation.field("enqueueSweepRun")
def resolve_enqueue_sweep_run(
    _parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]
) -> dict[str, Any]:
    """Put a run with this config before all others; the next free agent takes it."""
    context = context_of(info)
    sweep = _sweep_to_change(context, input["id"])
    if sweep.state in ("FINISHED", "CANCELED"):
        raise Refusal(f"cannot add a run to a sweep that is {sweep.state.lower()}")
    try:
        config = json.loads(input["config"])
    except (ValueError, RecursionError):
        config = None
    if not is_object(config):
        raise Refusal("config must be a JSON object")
    args = {name: value if _is_entry(value) else {"value": value} for name, value in config.items()}
    count = select(func.count()).select_from(Run).where(Run.project_id == sweep.project_id)
    run = Run(
        project=sweep.project,
        user=context.access.require_user(),
        name=new_run_name(),
        display_name=input.get("displayName") or made_up_name((context.session.scalar(count) or 0) + 1),
        config=json.dumps(args),
        summary="{}",
        tags=[],
        state="pending",
        sweep_name=sweep.name,
    )
    point = SweepPoint(
        sweep_id=sweep.id, run_name=run.name, args=json.dumps(args), state="queued", deliveries=0
    )
    context.session.add_all([run, point])
    context.session.flush()
    return {"id": run.name, "runQueueItemId": ids.encode("SweepPoint", point.id)}


@mutation.field("createAgent")
def resolve_create_agent(_parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]) -> dict[str, Any]:
    """Register a process that will ask for points."""
    context = context_of(info)
    project = context.access.project_to_change(
        input.get("entityName"), input.get("projectName") or _DEFAULT_PROJECT
    )
    sweep = context.session.scalars(
        select(Sweep).where(
            Sweep.project_id == project.id, Sweep.name == input["sweep"], Sweep.deleted_at.is_(None)
        )
    ).one_or_none()
    if sweep is None:
        raise Refusal(f"could not find sweep {project.entity.name}/{project.name}/{input['sweep']}", 404)
    if sweep.state in ("FINISHED", "CANCELED"):
        raise Refusal(f"sweep {sweep.name} is not running: it is {sweep.state.lower()}")
    if sweep.state == "PENDING":
        sweep.state = "RUNNING"
    agent = SweepAgent(
        sweep=sweep,
        user=context.access.require_user(),
        name=new_run_name(),
        display_name=input.get("displayName"),
        host=input["host"],
    )
    context.session.add(agent)
    context.session.flush()
    return {"agent": agent}


@mutation.field("agentHeartbeat")
def resolve_agent_heartbeat(
    _parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]
) -> dict[str, Any]:
    """Hear which runs an agent has going, and tell it what to do next."""
    context = context_of(info)
    agent = _agent_to_change(context, input["id"])
    try:
        running = json.loads(input.get("runState") or "{}")
    except (ValueError, RecursionError):
        running = None
    if not is_object(running):
        raise Refusal("runState must be a JSON object of run ids")
    if input.get("metrics") is not None:
        agent.metrics = input["metrics"]
    names = [name for name, is_going in running.items() if is_going]
    try:
        commands = commands_for(context.session, agent, names, context.config.heartbeat_timeout_s)
    except SearchError as error:
        raise Refusal(str(error)) from None
    return {"agent": agent, "commands": json.dumps(commands)}


def _new_sweep(context: Context, input: dict[str, Any]) -> tuple[Sweep, list[str]]:
    if not input.get("config"):
        raise Refusal("a sweep needs a config")
    sweep = Sweep(user=context.access.require_user(), name=new_run_name(), state="PENDING")
    warnings = _configure(sweep, input["config"])
    search = json.loads(sweep.search)
    sweep.project = _project(context, input, search)
    name = search.get("name")
    sweep.description = search.get("description") if isinstance(search.get("description"), str) else None
    sweep.display_name = name if isinstance(name, str) and name else None
    context.session.add(sweep)
    context.session.flush()
    return sweep, warnings


def _project(context: Context, input: dict[str, Any], search: dict[str, Any]) -> Project:
    entity_name = input.get("entityName") or _text(search.get("entity"))
    name = input.get("projectName") or _text(search.get("project")) or _DEFAULT_PROJECT
    entity = context.access.any_entity(entity_name) if entity_name else context.access.default_entity()
    if entity is None:
        raise Refusal(f"entity {entity_name} not found during upsertSweep", 404)
    found = context.access.project(entity.name, name)
    if found is None:
        if not context.access.writes_to(entity):
            raise denied()
        return new_project(context, entity, name)
    if not context.access.writes(found):
        raise denied()
    return found


def _configure(sweep: Sweep, text: str) -> list[str]:
    """Take up a configuration; the points that were handed out stay so."""
    try:
        search, warnings = check_sweep_config(load_yaml(text))
        size = grid_size(search) if is_grid(search) else None
        if size is None and search["method"] != "custom":
            random_point(search, random.Random(0))  # refuses what cannot be drawn
    except ArgumentError as error:
        raise Refusal(str(error)) from None
    except ValueError as error:
        raise Refusal(f"invalid sweep config: {error}") from None
    sweep.config = text
    sweep.search = json.dumps(search, default=str)
    sweep.method = search["method"]
    sweep.grid_size = size
    sweep.run_cap = search.get("run_cap")
    sweep.exhausted = False
    return [*warnings, *remarks(search)]


def _set_state(context: Context, sweep: Sweep, wanted: str) -> None:
    state = wanted.upper()
    if state not in STATES:
        raise Refusal(f"invalid sweep state {wanted!r}: use one of {', '.join(STATES)}")
    if sweep.state not in _ALLOWED[state]:
        raise Refusal(f"a sweep that is {sweep.state.lower()} cannot become {state.lower()}")
    sweep.state = state
    if state == "RUNNING":
        sweep.exhausted = False
    if state == "CANCELED":
        _stop_runs(context, sweep)


def _stop_runs(context: Context, sweep: Sweep) -> None:
    context.session.execute(
        update(Run)
        .where(runs_of_sweep(sweep), Run.state.in_(("running", "pending", "preempting")))
        .values(stop_requested=True)
        .execution_options(synchronize_session=False)
    )


def _take_prior_runs(context: Context, sweep: Sweep, filters: str | None) -> int:
    """Make the matching runs of the project part of the sweep; a grid does not try their points again."""
    if not filters:
        return 0
    matching = run_condition(sweep.project, filters)
    found = list(context.session.scalars(select(Run).where(matching).options(undefer(Run.config))))
    for run in found:
        run.sweep_name = sweep.name
    pass_over(context.session, sweep, [json.loads(run.config) for run in found])
    return len(found)


def _delete(context: Context, global_ids: list[str], delete_runs: bool) -> dict[str, Any]:
    agents = runs = 0
    for sweep in [_sweep_to_change(context, global_id) for global_id in global_ids]:
        count = select(func.count()).select_from(SweepAgent).where(SweepAgent.sweep_id == sweep.id)
        agents += context.session.scalar(count) or 0
        belonging = runs_of_sweep(sweep)
        runs += context.session.scalar(select(func.count()).select_from(Run).where(belonging)) or 0
        _stop_runs(context, sweep)
        values: dict[str, Any] = {"deleted_at": now()} if delete_runs else {"sweep_name": None}
        context.session.execute(
            update(Run).where(belonging).values(**values).execution_options(synchronize_session=False)
        )
        sweep.deleted_at = now()
    return {"affectedAgents": agents, "affectedRuns": runs}


def _sweep_to_change(context: Context, global_id: str) -> Sweep:
    sweep = _by_id(context, Sweep, "Sweep", global_id)
    if sweep is None or sweep.deleted_at is not None or not context.access.reads(sweep.project):
        raise Refusal("sweep not found", 404)
    if sweep.project.deleted_at is not None:
        raise Refusal("sweep not found", 404)
    if not context.access.writes(sweep.project):
        raise denied()
    return sweep


def _agent_to_change(context: Context, global_id: str) -> SweepAgent:
    agent = _by_id(context, SweepAgent, "Agent", global_id)
    gone = agent is None or agent.sweep.deleted_at is not None or agent.sweep.project.deleted_at is not None
    if agent is None or gone or not context.access.reads(agent.sweep.project):
        raise Refusal("agent not found", 404)
    if not context.access.writes(agent.sweep.project):
        raise denied()
    return agent


def _by_id(context: Context, kind: type[_T], word: str, global_id: str) -> _T | None:
    context.access.require_user()
    try:
        number = ids.number(word, global_id)
    except ValueError:
        return None
    return context.session.get(kind, number)


def _is_entry(value: object) -> bool:
    return is_object(value) and value.keys() <= {"value", "desc"} and "value" in value


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
