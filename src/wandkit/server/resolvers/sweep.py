"""Sweeps: finding and listing them, their agents, their runs, and the sweep of a run."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from ariadne import ObjectType, SchemaBindable
from graphql import GraphQLResolveInfo
from sqlalchemy import ColumnElement, case, func, or_, select
from sqlalchemy.orm import joinedload

from wandkit.server import ids
from wandkit.server.filtering.errors import FilterSyntaxError
from wandkit.server.filtering.fields import DateField, Field, TextField
from wandkit.server.filtering.operators import compile_filter_text
from wandkit.server.filtering.order import compile_order
from wandkit.server.filtering.run import run_field
from wandkit.server.graphql import context_of
from wandkit.server.model.project import Project
from wandkit.server.model.run import Run
from wandkit.server.model.sweep import Sweep, SweepAgent, SweepPoint
from wandkit.server.model.user import User
from wandkit.server.pagination import by_id, page
from wandkit.server.resolvers.run import run_page, understood
from wandkit.server.shapes import is_object
from wandkit.server.sweep_points import settled_state

__all__ = ["BINDABLES", "runs_of_sweep"]

project: ObjectType = ObjectType("Project")
run: ObjectType = ObjectType("Run")
sweep: ObjectType = ObjectType("Sweep")
agent: ObjectType = ObjectType("Agent")

BINDABLES: list[SchemaBindable] = [project, run, sweep, agent]


@project.field("sweep")
def resolve_sweep(parent: Project, info: GraphQLResolveInfo, *, sweepName: str) -> Sweep | None:
    """Return one sweep by its short id, or null."""
    found: Sweep | None = (
        context_of(info).session.scalars(_sweeps_of(parent).where(Sweep.name == sweepName)).one_or_none()
    )
    return found


@project.field("sweeps")
def resolve_sweeps(parent: Project, info: GraphQLResolveInfo, **arguments: Any) -> dict[str, Any]:
    """Return a page of the project's sweeps, newest first."""
    context = context_of(info)
    timeout_s = context.config.heartbeat_timeout_s

    def field(key: str) -> Field:
        return _sweep_field(key, timeout_s)

    matching = understood(lambda: compile_filter_text(arguments.get("filters"), field))
    ordering = understood(lambda: compile_order(arguments.get("order"), field, Sweep.id.expression))
    statement = _sweeps_of(parent).where(matching).options(joinedload(Sweep.user))
    return page(context.session, statement, ordering, arguments, max_size=context.config.max_page_size)


@project.field("totalSweeps")
def resolve_total_sweeps(parent: Project, info: GraphQLResolveInfo) -> int:
    """Return how many sweeps the project has."""
    condition = (Sweep.project_id == parent.id) & Sweep.deleted_at.is_(None)
    return context_of(info).session.scalar(select(func.count()).select_from(Sweep).where(condition)) or 0


@run.field("sweep")
def resolve_sweep_of_run(parent: Run, info: GraphQLResolveInfo) -> Sweep | None:
    """Return the run's sweep; the sweeps of its project are read once for a whole page of runs."""
    if parent.sweep_name is None:
        return None
    context = context_of(info)
    key = ("sweeps", parent.project_id)
    if key not in context.cache:
        found = context.session.scalars(_sweeps_of(parent.project))
        context.cache[key] = {one.name: one for one in found}
    sweeps: dict[str, Sweep] = context.cache[key]
    return sweeps.get(parent.sweep_name)


@run.field("agent")
def resolve_agent_of_run(parent: Run, info: GraphQLResolveInfo) -> SweepAgent | None:
    """Return the agent that was told to run this, or null."""
    if parent.sweep_name is None:
        return None
    found: SweepAgent | None = (
        context_of(info)
        .session.scalars(
            select(SweepAgent)
            .join(SweepPoint, SweepPoint.agent_id == SweepAgent.id)
            .join(Sweep, Sweep.id == SweepPoint.sweep_id)
            .where(
                Sweep.project_id == parent.project_id,
                Sweep.name == parent.sweep_name,
                SweepPoint.run_name == parent.name,
            )
        )
        .first()
    )
    return found


@sweep.field("id")
def resolve_id(parent: Sweep, _info: GraphQLResolveInfo) -> str:
    """Return the global id."""
    return ids.encode("Sweep", parent.id)


@sweep.field("state")
def resolve_state(parent: Sweep, info: GraphQLResolveInfo) -> str:
    """Return the state: finished also where the last run of the search ended and no agent has heard so."""
    if parent.state != "RUNNING" or not parent.exhausted:
        return parent.state
    context = context_of(info)
    state = settled_state(context.config.heartbeat_timeout_s)
    return context.session.scalar(select(state).where(Sweep.id == parent.id)) or parent.state


@sweep.field("runCount")
def resolve_run_count(parent: Sweep, info: GraphQLResolveInfo) -> int:
    """Return how many runs belong to the sweep; counted once for all sweeps of the project."""
    context = context_of(info)
    key = ("sweep run counts", parent.project_id)
    if key not in context.cache:
        counts = (
            select(Run.sweep_name, func.count())
            .where(Run.project_id == parent.project_id, Run.deleted_at.is_(None), Run.sweep_name.is_not(None))
            .group_by(Run.sweep_name)
        )
        context.cache[key] = {row[0]: row[1] for row in context.session.execute(counts)}
    found: dict[str, int] = context.cache[key]
    return found.get(parent.name, 0)


@sweep.field("runCountExpected")
def resolve_run_count_expected(parent: Sweep, _info: GraphQLResolveInfo) -> int | None:
    """Return how many runs the search will have: a grid's points, or the cap; null for an endless one."""
    limits = [limit for limit in (parent.grid_size, parent.run_cap) if limit is not None]
    return min(limits) if limits else None


@sweep.field("bestLoss")
def resolve_best_loss(parent: Sweep, info: GraphQLResolveInfo) -> float | None:
    """Return the best value of the sweep's metric in the summaries of its runs; null without one."""
    metric = json.loads(parent.search).get("metric")
    if not is_object(metric) or not metric.get("name"):
        return None
    value = run_field(f"summary_metrics.{metric['name']}").sort_value()
    best = func.max(value) if metric.get("goal") == "maximize" else func.min(value)
    number = func.typeof(value).in_(("integer", "real"))
    found = context_of(info).session.scalar(select(best).where(runs_of_sweep(parent), number))
    return float(found) if isinstance(found, (int, float)) else None


@sweep.field("controllerRunName")
def resolve_controller_run_name(_parent: Sweep, _info: GraphQLResolveInfo) -> str:
    """Return the name of the run that steers the sweep; none does here."""
    return ""


@sweep.field("runTime")
def resolve_run_time(parent: Sweep, info: GraphQLResolveInfo) -> int:
    """Return the seconds that the sweep's runs lasted, all together."""
    seconds = (func.julianday(Run.heartbeat_at) - func.julianday(Run.created_at)) * 86400
    return int(context_of(info).session.scalar(select(func.sum(seconds)).where(runs_of_sweep(parent))) or 0)


@sweep.field("runs")
@sweep.field("priorRuns")
def resolve_runs(parent: Sweep, info: GraphQLResolveInfo, **arguments: Any) -> dict[str, Any]:
    """Return a page of the sweep's runs; prior ones are those that none of its agents was told to run."""
    condition = runs_of_sweep(parent)
    if info.field_name == "priorRuns":
        tried = select(SweepPoint.run_name).where(SweepPoint.sweep_id == parent.id)
        condition &= Run.name.not_in(tried)
    return run_page(info, condition, arguments)


@sweep.field("agents")
def resolve_agents(parent: Sweep, info: GraphQLResolveInfo) -> dict[str, Any]:
    """Return the sweep's agents, oldest first."""
    context = context_of(info)
    statement = (
        select(SweepAgent).where(SweepAgent.sweep_id == parent.id).options(joinedload(SweepAgent.user))
    )
    size = context.config.max_page_size
    return page(
        context.session, statement, by_id(SweepAgent.id.expression), {}, max_size=size, default_size=size
    )


@sweep.field("agent")
def resolve_agent(parent: Sweep, info: GraphQLResolveInfo, *, agentName: str) -> SweepAgent | None:
    """Return one agent of the sweep by its name or its id, or null."""
    names: list[ColumnElement[bool]] = [SweepAgent.name == agentName]
    with contextlib.suppress(ValueError):
        names.append(SweepAgent.id == ids.number("Agent", agentName))
    found: SweepAgent | None = (
        context_of(info)
        .session.scalars(select(SweepAgent).where(SweepAgent.sweep_id == parent.id, or_(*names)))
        .first()
    )
    return found


@agent.field("id")
def resolve_agent_id(parent: SweepAgent, _info: GraphQLResolveInfo) -> str:
    """Return the global id."""
    return ids.encode("Agent", parent.id)


@agent.field("totalRuns")
def resolve_total_runs(parent: SweepAgent, info: GraphQLResolveInfo) -> int:
    """Return how many runs the agent started."""
    found = select(func.count()).select_from(Run).where(_runs_of_agent(parent))
    return context_of(info).session.scalar(found) or 0


@agent.field("runs")
def resolve_runs_of_agent(parent: SweepAgent, info: GraphQLResolveInfo, **arguments: Any) -> dict[str, Any]:
    """Return a page of the runs that the agent started."""
    return run_page(info, _runs_of_agent(parent), arguments)


def runs_of_sweep(parent: Sweep) -> ColumnElement[bool]:
    """Return the condition of the runs that belong to the sweep."""
    return (Run.project_id == parent.project_id) & (Run.sweep_name == parent.name) & Run.deleted_at.is_(None)


def _runs_of_agent(parent: SweepAgent) -> ColumnElement[bool]:
    names = select(SweepPoint.run_name).where(SweepPoint.agent_id == parent.id)
    return runs_of_sweep(parent.sweep) & Run.name.in_(names)


def _sweeps_of(parent: Project) -> Any:
    return select(Sweep).where(Sweep.project_id == parent.id, Sweep.deleted_at.is_(None))


def _sweep_field(key: str, timeout_s: float) -> Field:
    """Return the field of sweeps that a key of a filter or an order names."""
    if key == "state":
        return TextField(settled_state(timeout_s))
    if key in ("displayName", "display_name"):
        return TextField(case((Sweep.display_name.is_not(None), Sweep.display_name), else_=Sweep.name))
    if key in ("username", "user"):
        return TextField(select(User.username).where(User.id == Sweep.user_id).scalar_subquery())
    columns: dict[str, Any] = {"name": Sweep.name, "method": Sweep.method, "description": Sweep.description}
    if key in columns:
        return TextField(columns[key].expression)
    dates: dict[str, Any] = {
        "createdAt": Sweep.created_at,
        "created_at": Sweep.created_at,
        "updatedAt": Sweep.updated_at,
        "updated_at": Sweep.updated_at,
        "heartbeatAt": Sweep.heartbeat_at,
        "heartbeat_at": Sweep.heartbeat_at,
    }
    if key in dates:
        return DateField(dates[key].expression)
    known = ", ".join(sorted([*columns, *dates, "displayName", "state", "username"]))
    raise FilterSyntaxError(f"unknown key {key!r} for sweeps; use one of {known}")
