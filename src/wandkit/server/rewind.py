"""Rewinding a run: its history is cut after a step, and it goes on from there."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from wandkit.server.automation_metric import forget_windows
from wandkit.server.historykeys import KeyIndex
from wandkit.server.lifecycle import start
from wandkit.server.model.run import Run
from wandkit.server.model.stream import HistoryExport, HistoryLine

__all__ = ["rewind"]


def rewind(session: Session, run: Run, step: int) -> None:
    """Drop the run's history after `step`, and set its summary to the last values before."""
    session.execute(delete(HistoryLine).where(HistoryLine.run_id == run.id, HistoryLine.step > step))
    session.execute(
        delete(HistoryExport).where(HistoryExport.run_id == run.id, HistoryExport.last_step > step)
    )
    index, summary = KeyIndex(), dict[str, Any]()
    lines = select(HistoryLine.step, HistoryLine.text).where(HistoryLine.run_id == run.id)
    for at, text in session.execute(lines.order_by(HistoryLine.line)):
        row = json.loads(text)
        index.add(at, row)
        summary.update(row)
    last_line = session.scalar(select(func.max(HistoryLine.line)).where(HistoryLine.run_id == run.id))
    run.history_line_count = 0 if last_line is None else last_line + 1
    run.history_keys = index.dump()
    run.last_step = index.last_step
    run.set_summary(json.dumps(summary))
    forget_windows(session, run_id=run.id)
    start(run)
