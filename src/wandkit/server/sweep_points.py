"""Handing out a sweep's points: what an agent hears in answer to its heartbeat.

A point goes to one agent. It is sent again to the same one if the answer seems lost (no sign of the run at
the next heartbeat), and to another one only if its agent fell silent before the run appeared. All of it
happens in the one write transaction of a heartbeat, so two agents cannot draw the same point.
"""

from __future__ import annotations

import json
import random
from datetime import datetime, timedelta, timezone
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, or_, select
from sqlalchemy.orm import Session

from wandkit.server.database import now, timestamp
from wandkit.server.filtering.run import run_field
from wandkit.server.model.run import Run
from wandkit.server.model.sweep import Sweep, SweepAgent, SweepPoint
from wandkit.server.names import new_run_name
from wandkit.server.sweep_bayes import Tried, bayes_point
from wandkit.server.sweep_early import stop_worse
from wandkit.server.sweep_search import grid_point, grid_points, is_grid, random_point, same_point

__all__ = ["commands_for", "pass_over", "settled_state"]

_LIVE = ("pending", "running", "preempting")
_DELIVERIES = 2
_TRIES = 200
_MOST_COMPARED = 10_000


def commands_for(
    session: Session, agent: SweepAgent, running: list[str], timeout_s: float
) -> list[dict[str, Any]]:
    """Return what the agent is to do next, having heard which runs it has going.

    Args:
        session: The open session; it writes.
        agent: Who asks.
        running: The ids of the agent's runs.
        timeout_s: An agent that has been silent for longer is given up.
    """
    sweep = agent.sweep
    agent.heartbeat_at = sweep.heartbeat_at = now()
    agent.state = "RUNNING"
    ended = _note(session, agent, running)
    _settle_stopped(session, sweep, ended)
    if sweep.state == "CANCELED" and running:
        return [_stop(name) for name in running]
    stop_worse(session, sweep, [*running, *ended])
    asked = _asked_to_stop(session, sweep, running)
    if asked:
        return [_stop(name) for name in asked]
    if running or sweep.state == "PAUSED":
        return []
    if sweep.state in ("CANCELED", "FINISHED"):
        agent.state = "FINISHED"
        return [{"type": "exit"}]
    return _next_commands(session, sweep, agent, timeout_s)


def settled_state(timeout_s: float) -> ColumnElement[str]:
    """Return the state as people see it: finished once no point is left and none is being tried."""
    finished = and_(Sweep.state == "RUNNING", Sweep.exhausted.is_(True), ~_is_busy(timeout_s))
    return case((finished, "FINISHED"), else_=Sweep.state)


def pass_over(session: Session, sweep: Sweep, configs: list[dict[str, Any]]) -> None:
    """Mark the points of a grid that runs with these configs have tried already as taken."""
    if not configs or not sweep.grid_size:
        return
    positions = range(min(sweep.grid_size, _MOST_COMPARED))
    for position, args in zip(positions, grid_points(json.loads(sweep.search), positions), strict=True):
        if any(same_point(args, config) for config in configs):
            made = _point(sweep, args, position)
            made.state = "over"
            session.add(made)
    session.flush()


def _next_commands(
    session: Session, sweep: Sweep, agent: SweepAgent, timeout_s: float
) -> list[dict[str, Any]]:
    sweep.state = "RUNNING"
    cutoff = _cutoff(timeout_s)  # one moment for all questions: else a point could fall between two of them
    point = (
        _undelivered(session, agent)
        or _waiting(session, sweep)
        or _abandoned(session, sweep, cutoff)
        or _fresh(session, sweep)
    )
    if point is None:
        if not sweep.exhausted or _is_awaited(session, sweep, cutoff):
            return []
        session.flush()
        if not session.scalar(select(_is_busy(timeout_s)).where(Sweep.id == sweep.id)):
            sweep.state = "FINISHED"
        agent.state = "FINISHED"
        return [{"type": "exit"}]
    point.agent_id = agent.id
    point.state = "sent"
    point.deliveries += 1
    args: dict[str, Any] = json.loads(point.args)
    program = json.loads(sweep.search).get("program")
    return [{"type": "run", "run_id": point.run_name, "args": args, "program": program}]


def _note(session: Session, agent: SweepAgent, running: list[str]) -> list[str]:
    """Follow the agent's points: seen once it reports their run, over once it no longer does.

    Return the runs of those that are over since.
    """
    ended: list[str] = []
    points = session.scalars(
        select(SweepPoint).where(SweepPoint.agent_id == agent.id, SweepPoint.state.in_(("sent", "seen")))
    )
    for point in points:
        if point.run_name in running:
            point.state = "seen"
        elif point.state == "seen" or point.deliveries >= _DELIVERIES or _has_run(session, agent, point):
            point.state = "over"
            ended.append(point.run_name)
    session.flush()
    return ended


def _settle_stopped(session: Session, sweep: Sweep, ended: list[str]) -> None:
    """Mark runs as killed that their agent was told to stop: their processes can no longer say so."""
    stopped = select(Run).where(
        Run.project_id == sweep.project_id,
        Run.name.in_(ended),
        Run.stop_requested.is_(True),
        Run.state.in_(_LIVE),
    )
    for run in session.scalars(stopped) if ended else ():
        run.state = "killed"


def _has_run(session: Session, agent: SweepAgent, point: SweepPoint) -> bool:
    found = exists().where(
        Run.project_id == agent.sweep.project_id, Run.name == point.run_name, Run.state != "pending"
    )
    return bool(session.scalar(select(found)))


def _undelivered(session: Session, agent: SweepAgent) -> SweepPoint | None:
    """Return the point that was sent to the agent but never reached it."""
    sent = select(SweepPoint).where(SweepPoint.agent_id == agent.id, SweepPoint.state == "sent")
    return session.scalars(sent.order_by(SweepPoint.id)).first()


def _waiting(session: Session, sweep: Sweep) -> SweepPoint | None:
    """Return the oldest point that was queued by hand."""
    queued = select(SweepPoint).where(SweepPoint.sweep_id == sweep.id, SweepPoint.state == "queued")
    return session.scalars(queued.order_by(SweepPoint.id)).first()


def _abandoned(session: Session, sweep: Sweep, cutoff: str) -> SweepPoint | None:
    """Return a point whose agent fell silent before its run appeared, under a new run id."""
    found = session.scalars(
        select(SweepPoint)
        .join(SweepAgent, SweepAgent.id == SweepPoint.agent_id)
        .where(
            SweepPoint.sweep_id == sweep.id,
            SweepPoint.state.in_(("sent", "seen")),
            SweepAgent.heartbeat_at < cutoff,
            ~exists().where(Run.project_id == sweep.project_id, Run.name == SweepPoint.run_name),
        )
        .order_by(SweepPoint.id)
    ).first()
    if found is not None:
        found.run_name = new_run_name()
        found.deliveries = 0
    return found


def _is_awaited(session: Session, sweep: Sweep, cutoff: str) -> bool:
    """Return whether some agent has been sent a point and has yet to say that it got it.

    Should that agent be gone, the point needs another one, so nobody is sent home before that is known.
    """
    run = exists().where(Run.project_id == sweep.project_id, Run.name == SweepPoint.run_name)
    awaited = exists().where(
        SweepPoint.sweep_id == sweep.id,
        SweepPoint.state == "sent",
        SweepAgent.id == SweepPoint.agent_id,
        SweepAgent.heartbeat_at >= cutoff,
        ~run.correlate(SweepPoint),
    )
    return bool(session.scalar(select(awaited)))


def _fresh(session: Session, sweep: Sweep) -> SweepPoint | None:
    """Return the next point of the search; where there is none, the sweep is exhausted."""
    search = json.loads(sweep.search)
    if search.get("method") == "custom":
        return None
    cap = search.get("run_cap")
    made = None
    if cap is None or sweep.taken < cap:
        made = _of_grid(session, sweep, search) if is_grid(search) else _drawn(session, sweep, search)
    if made is not None:
        session.add(made)
        sweep.taken += 1
        session.flush()
    last = cap is not None and sweep.taken >= cap
    sweep.exhausted = (
        made is None or last or (sweep.grid_size is not None and sweep.position >= sweep.grid_size)
    )
    return made


def _of_grid(session: Session, sweep: Sweep, search: dict[str, Any]) -> SweepPoint | None:
    while sweep.position < (sweep.grid_size or 0):
        position, sweep.position = sweep.position, sweep.position + 1
        taken = exists().where(SweepPoint.sweep_id == sweep.id, SweepPoint.position == position)
        if not session.scalar(select(taken)):
            return _point(sweep, grid_point(search, position), position)
    return None


def _drawn(session: Session, sweep: Sweep, search: dict[str, Any]) -> SweepPoint:
    """Return a point of a random or a bayesian search, a new one as long as one is found."""
    rng = random.SystemRandom()
    bayes = search.get("method") == "bayes"
    args = bayes_point(search, _tried(session, sweep, search), rng) if bayes else random_point(search, rng)
    made = _point(sweep, args, None)
    for _ in range(_TRIES):
        known = exists().where(SweepPoint.sweep_id == sweep.id, SweepPoint.args == made.args)
        if not session.scalar(select(known)):
            break
        made = _point(sweep, random_point(search, rng), None)
    return made


def _tried(session: Session, sweep: Sweep, search: dict[str, Any]) -> list[Tried]:
    """Return the points of the sweep, and the losses of those whose runs have ended with one."""
    metric: dict[str, Any] = search["metric"]
    sign = -1.0 if metric.get("goal") == "maximize" else 1.0
    loss = run_field(f"summary_metrics.{metric['name']}").sort_value()
    own = (Run.project_id == sweep.project_id, Run.deleted_at.is_(None))
    points = (
        select(SweepPoint.args, Run.state, loss)
        .outerjoin(Run, and_(Run.name == SweepPoint.run_name, *own))
        .where(SweepPoint.sweep_id == sweep.id)
    )
    tried = select(SweepPoint.run_name).where(SweepPoint.sweep_id == sweep.id)
    prior = select(Run.config_query, Run.state, loss).where(
        *own, Run.sweep_name == sweep.name, Run.name.not_in(tried)
    )
    found: list[Tried] = []
    rows: list[Any] = [*session.execute(points), *session.execute(prior)]
    for args, state, value in rows:
        is_result = isinstance(value, (int, float)) and state not in _LIVE
        found.append((json.loads(args), sign * value if is_result else None))
    return found


def _point(sweep: Sweep, args: dict[str, Any], position: int | None) -> SweepPoint:
    text = json.dumps(args)
    return SweepPoint(
        sweep_id=sweep.id, run_name=new_run_name(), position=position, args=text, state="sent", deliveries=0
    )


def _is_busy(timeout_s: float) -> ColumnElement[bool]:
    """Return the condition of a sweep of which some point is waiting or being tried."""
    run = exists().where(
        Run.project_id == Sweep.project_id, Run.name == SweepPoint.run_name, Run.deleted_at.is_(None)
    )
    held = (
        exists()
        .where(SweepAgent.id == SweepPoint.agent_id, SweepAgent.heartbeat_at >= _cutoff(timeout_s))
        .correlate(SweepPoint)
    )
    going = or_(
        run.where(Run.state.in_(_LIVE)),
        and_(SweepPoint.state.in_(("sent", "seen")), held, ~run),
    )
    return (
        exists()
        .where(SweepPoint.sweep_id == Sweep.id, or_(SweepPoint.state == "queued", going))
        .correlate(Sweep)
    )


def _asked_to_stop(session: Session, sweep: Sweep, running: list[str]) -> list[str]:
    if not running:
        return []
    asked = select(Run.name).where(
        Run.project_id == sweep.project_id, Run.name.in_(running), Run.stop_requested.is_(True)
    )
    return list(session.scalars(asked))


def _stop(name: str) -> dict[str, Any]:
    return {"type": "stop", "run_id": name}


def _cutoff(timeout_s: float) -> str:
    return timestamp(datetime.now(timezone.utc) - timedelta(seconds=timeout_s))
