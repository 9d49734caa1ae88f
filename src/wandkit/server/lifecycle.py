"""Run states: what a heartbeat, an exit code, a stop request and silence make of a run.

pending ──► running ──► finished (exit code 0) │ failed (any other) │ killed (after a stop request)
              │  ▲
   silence ───┘  └─── a heartbeat or a new start
              ▼
           crashed (preempted, if it had said that it was being preempted)
"""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta, timezone

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from wandkit.server.config import ServerConfig
from wandkit.server.database import Database, now, timestamp
from wandkit.server.model.run import Run

__all__ = ["STATES", "Settler", "beat", "finish", "start"]

STATES = frozenset(
    {"pending", "running", "finished", "failed", "crashed", "killed", "preempting", "preempted"}
)
_LIVE = ("running", "preempting")
_REVIVED_BY_HEARTBEAT = frozenset({"pending", "crashed", "preempted"})


def start(run: Run) -> None:
    """Mark a run as running again, as when its process is started anew."""
    run.state = "running"
    run.exit_code = None
    run.stop_requested = False
    run.heartbeat_at = now()


def beat(run: Run, *, preempting: bool = False) -> None:
    """Note that the run's process is alive; a run given up for lost is running again."""
    run.heartbeat_at = now()
    if run.state in _REVIVED_BY_HEARTBEAT:
        run.state = "running"
    if preempting and run.state == "running":
        run.state = "preempting"


def finish(run: Run, exit_code: int) -> None:
    """Note that the run's process ended."""
    run.heartbeat_at = now()
    run.exit_code = exit_code
    if exit_code == 0:
        run.state = "finished"
    elif run.stop_requested:
        run.state = "killed"
    else:
        run.state = "preempted" if run.state == "preempting" else "failed"


class Settler:
    """Finds the runs that went silent and marks them crashed; cheap enough to be asked before every read."""

    def __init__(self, config: ServerConfig, database: Database) -> None:
        self._timeout = timedelta(seconds=config.heartbeat_timeout_s)
        self._interval = min(config.settle_interval_s, config.heartbeat_timeout_s / 4)
        self._database = database
        self._lock = threading.Lock()
        self._next = 0.0

    def settle(self) -> None:
        """Mark silent runs as crashed, unless that was done a moment ago."""
        with self._lock:
            if time.monotonic() < self._next:
                return
            self._next = time.monotonic() + self._interval
        cutoff = timestamp(datetime.now(timezone.utc) - self._timeout)
        silent = (Run.state.in_(_LIVE), Run.heartbeat_at < cutoff)
        with self._database.read() as session:
            found = session.scalar(select(exists().where(*silent)))
        if found:
            with self._database.write() as session:
                _crash(session, cutoff)


def _crash(session: Session, cutoff: str) -> None:
    for run in session.scalars(select(Run).where(Run.state.in_(_LIVE), Run.heartbeat_at < cutoff)):
        run.state = "preempted" if run.state == "preempting" else "crashed"
