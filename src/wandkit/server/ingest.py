"""What a post to a run's file stream does to the run.

Lines are stored at their offset. Posting the same lines again changes nothing; where a history or event line
differs from the stored one, a new writer has begun there, and what was stored behind it is dropped.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from wandkit.server.automation_metric import forget_windows, watch_rows
from wandkit.server.historykeys import KeyIndex
from wandkit.server.lifecycle import beat, finish
from wandkit.server.model.run import Run, strict_json
from wandkit.server.model.stream import EventLine, HistoryLine, LogLine
from wandkit.server.shapes import is_list, is_object
from wandkit.server.wirejson import decode_row, encode_row

__all__ = ["HistoryChunk", "StreamError", "StreamPost", "apply", "parse_post"]

_MAX_OFFSET = 2**53

Line = type[HistoryLine] | type[EventLine] | type[LogLine]


class StreamError(ValueError):
    """The post is malformed; the message says what."""


@dataclass(frozen=True, slots=True)
class Row:
    """One parsed line of history or events; `text` is how it is stored."""

    line: int
    text: str
    values: Mapping[str, Any]
    step: int = 0


HistoryChunk = Sequence[Row]


@dataclass(frozen=True)
class StreamPost:
    """The parsed body of one post.

    Attributes:
        history: Rows by line.
        events: System metrics by line.
        logs: Console lines as (line, text).
        summary: The whole new summary, JSON text; None to leave it.
        exit_code: Set when the run's process has ended.
        preempting: The process is about to be preempted.
    """

    history: Sequence[Row] = ()
    events: Sequence[Row] = ()
    logs: Sequence[tuple[int, str]] = ()
    summary: str | None = None
    exit_code: int | None = None
    preempting: bool = False
    uploaded: Sequence[str] = field(default=())


def parse_post(body: bytes) -> StreamPost:
    """Return what a body asks for.

    Raises:
        StreamError: It is malformed.
    """
    try:
        post: Any = json.loads(body) if body.strip() else {}
    except (ValueError, RecursionError) as error:
        raise StreamError(f"the body is not JSON: {error}") from None
    if not is_object(post):
        raise StreamError("the body must be a JSON object")
    files: Any = {} if post.get("files") is None else post["files"]
    if not is_object(files):
        raise StreamError("`files` must be an object of file names")
    chunks = {name: _chunk(name, chunk) for name, chunk in files.items() if name in _KNOWN}
    uploaded: Any = post.get("uploaded") or []
    return StreamPost(
        history=_rows(_HISTORY, chunks.get(_HISTORY), _history_row),
        events=_rows(_EVENTS, chunks.get(_EVENTS), _event_row),
        logs=[] if _LOGS not in chunks else [(line, _storable(text)) for line, text in chunks[_LOGS]],
        summary=_summary(chunks.get(_SUMMARY)),
        exit_code=_exit_code(post),
        preempting=post.get("preempting") is True,
        uploaded=[name for name in uploaded if isinstance(name, str)] if is_list(uploaded) else [],
    )


def apply(session: Session, run: Run, post: StreamPost) -> None:
    """Change the run as the post asks; the caller commits."""
    if post.history:
        _store_history(session, run, post.history)
    if post.events:
        _store_events(session, run, post.events)
    if post.logs:
        lines = [{"line": line, "text": text} for line, text in post.logs]
        _store(session, LogLine, run.id, run.log_line_count, lines)
        run.log_line_count = max(run.log_line_count, post.logs[-1][0] + 1)
    if post.summary is not None:
        run.set_summary(post.summary)
    if post.exit_code is not None:
        finish(run, post.exit_code)
    else:
        beat(run, preempting=post.preempting)


_HISTORY = "wandb-history.jsonl"
_EVENTS = "wandb-events.jsonl"
_SUMMARY = "wandb-summary.json"
_LOGS = "output.log"
_KNOWN = frozenset({_HISTORY, _EVENTS, _SUMMARY, _LOGS})


def _chunk(name: str, chunk: object) -> list[tuple[int, str]]:
    if not is_object(chunk):
        raise StreamError(f"{name}: a chunk must be an object with `offset` and `content`")
    offset, content = chunk.get("offset", 0), chunk.get("content")
    if isinstance(offset, bool) or not isinstance(offset, int) or not 0 <= offset < _MAX_OFFSET:
        raise StreamError(f"{name}: `offset` must be a whole number from 0 on")
    if not is_list(content) or not all(isinstance(line, str) for line in content):
        raise StreamError(f"{name}: `content` must be a list of texts")
    return list(enumerate(content, offset))


def _rows(name: str, chunk: list[tuple[int, str]] | None, make: Callable[[int, str], Row]) -> list[Row]:
    found: list[Row] = []
    for line, text in chunk or ():
        try:
            found.append(make(line, text))
        except ValueError as error:
            raise StreamError(f"{name}: line {line} is not a row: {error}") from None
    return found


def _history_row(line: int, text: str) -> Row:
    values, strict = decode_row(text)
    step = values.get("_step")
    whole = int(step) if isinstance(step, (int, float)) and not isinstance(step, bool) else None
    if whole is None or not -(2**63) <= whole < 2**63:
        whole = line  # a row without a step takes its place in the stream
        values["_step"] = whole
        strict = False
    return Row(line, text if strict else encode_row(values), values, whole)


def _event_row(line: int, text: str) -> Row:
    values, strict = decode_row(text)
    return Row(line, text if strict else encode_row(values), values)


def _summary(chunk: list[tuple[int, str]] | None) -> str | None:
    texts = [text for _, text in chunk or () if text.strip()]
    if not texts:
        return None
    try:
        strict_json(texts[-1])
    except (ValueError, RecursionError) as error:
        raise StreamError(f"{_SUMMARY}: {error}") from None
    return texts[-1]


def _exit_code(post: Mapping[str, Any]) -> int | None:
    code = post.get("exitcode")
    if isinstance(code, (int, float)):
        return int(code)
    return int(post.get("failed") is True) if post.get("complete") is True else None


def _storable(text: str) -> str:
    """Return the text without halves of surrogate pairs, which no database takes."""
    return text.encode("utf-8", "replace").decode()


def _store_history(session: Session, run: Run, rows: Sequence[Row]) -> None:
    lines = [{"line": row.line, "step": row.step, "text": row.text} for row in rows]
    new, diverged = _store(session, HistoryLine, run.id, run.history_line_count, lines, truncate=True)
    if diverged:
        forget_windows(session, run_id=run.id)
        index = KeyIndex()
        index.add_all(_stored_rows(session, run.id))
        run.history_line_count = 0
    else:
        index = KeyIndex(run.history_keys)
        index.add_all((row.step, row.values) for row in rows if row.line in new)
    run.history_line_count = max(run.history_line_count, rows[-1].line + 1)
    run.history_keys = index.dump()
    run.last_step = index.last_step
    watch_rows(session, run, HistoryLine, ((row.line, row.values) for row in rows if row.line in new))


def _store_events(session: Session, run: Run, rows: Sequence[Row]) -> None:
    lines = [{"line": row.line, "text": row.text} for row in rows]
    new, diverged = _store(session, EventLine, run.id, run.events_line_count, lines, truncate=True)
    count = 0 if diverged else run.events_line_count
    run.events_line_count = max(count, rows[-1].line + 1)
    metrics: dict[str, Any] = json.loads(run.system_metrics) if run.system_metrics else {}
    for row in rows:
        metrics.update((key, value) for key, value in row.values.items() if key.startswith("system"))
    run.system_metrics = json.dumps(metrics)
    watch_rows(session, run, EventLine, ((row.line, row.values) for row in rows if row.line in new))


def _stored_rows(session: Session, run_id: int) -> Any:
    lines = (
        select(HistoryLine.step, HistoryLine.text)
        .where(HistoryLine.run_id == run_id)
        .order_by(HistoryLine.line)
    )
    for step, text in session.execute(lines.execution_options(yield_per=5000)):
        yield step, json.loads(text)


def _store(
    session: Session,
    kind: Line,
    run_id: int,
    count: int,
    lines: list[dict[str, Any]],
    *,
    truncate: bool = False,
) -> tuple[set[int], bool]:
    """Store lines at their offsets; return the numbers of the new ones and whether an old one differed.

    Args:
        count: The number of lines so far; only lines before it can be there already.
        truncate: Drop every stored line from the first that differs on, instead of changing it in place.
    """
    first, last = lines[0]["line"], lines[-1]["line"]
    stored: dict[int, str] = {}
    if first < count:
        span = select(kind.line, kind.text).where(kind.run_id == run_id, kind.line.between(first, last))
        stored = {row.line: row.text for row in session.execute(span)}
    differing = [line for line in lines if stored.get(line["line"], line["text"]) != line["text"]]
    if differing and truncate:
        start = differing[0]["line"]
        session.execute(delete(kind).where(kind.run_id == run_id, kind.line >= start))
        stored = {line: text for line, text in stored.items() if line < start}
    elif differing:
        for line in differing:
            session.execute(
                update(kind).where(kind.run_id == run_id, kind.line == line["line"]).values(text=line["text"])
            )
    new = [{"run_id": run_id, **line} for line in lines if line["line"] not in stored]
    if new:
        session.connection().execute(insert(kind.__table__), new)  # type: ignore[arg-type]
    return {line["line"] for line in new}, bool(differing and truncate)
