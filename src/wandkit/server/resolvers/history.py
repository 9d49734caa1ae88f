"""History, system events and console output of a run.

Schema: schema/history.graphql. Storage: server/model/stream.py, written by server/ingest.py.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ariadne import ObjectType, SchemaBindable
from graphql import GraphQLResolveInfo

from wandkit.server import history, ids
from wandkit.server.graphql import context_of
from wandkit.server.loglines import read_page
from wandkit.server.model.run import Run
from wandkit.server.model.stream import EventLine, HistoryLine
from wandkit.server.permissions import Refusal
from wandkit.server.routes.storage import export_target

__all__ = ["BINDABLES"]

run_type: ObjectType = ObjectType("Run")


@run_type.field("history")
def resolve_history(
    run: Run, info: GraphQLResolveInfo, minStep: int | None = None, maxStep: int | None = None,
    samples: int | None = None,
) -> list[str]:  # fmt: skip
    """Return rows as JSON texts; `maxStep` itself is not included."""
    session = context_of(info).session
    return history.page(session, run, samples=samples, min_step=minStep, max_step=maxStep)


@run_type.field("sampledHistory")
def resolve_sampled_history(
    run: Run, info: GraphQLResolveInfo, specs: Sequence[str], packVersion: int | None = None
) -> list[list[dict[str, Any]]]:
    """Return one list of rows per spec."""
    try:
        parsed = [history.SampleSpec.parse(spec) for spec in specs]
    except ValueError as error:
        raise Refusal(f"invalid history spec: {error}") from None
    return [history.sampled(context_of(info).session, run, spec) for spec in parsed]


@run_type.field("events")
def resolve_events(run: Run, info: GraphQLResolveInfo, samples: int | None = None) -> list[str]:
    """Return rows of system metrics as JSON texts."""
    return history.events(context_of(info).session, run, samples)


@run_type.field("historyKeys")
def resolve_history_keys(run: Run, info: GraphQLResolveInfo, format: str | None = None) -> Any:
    """Return the index of logged keys; null before the first row."""
    return json.loads(run.history_keys) if run.history_keys else None


@run_type.field("systemMetrics")
def resolve_system_metrics(run: Run, info: GraphQLResolveInfo) -> str:
    """Return the latest value of each system metric as JSON text."""
    return run.system_metrics or "{}"


@run_type.field("historyTail")
def resolve_history_tail(run: Run, info: GraphQLResolveInfo) -> str:
    """Return the last rows, as JSON text of a list of JSON texts."""
    return history.tail(context_of(info).session, run, HistoryLine)


@run_type.field("eventsTail")
def resolve_events_tail(run: Run, info: GraphQLResolveInfo) -> str:
    """Return the last system events, as JSON text of a list of JSON texts."""
    return history.tail(context_of(info).session, run, EventLine)


@run_type.field("parquetHistory")
def resolve_parquet_history(run: Run, info: GraphQLResolveInfo, liveKeys: Sequence[str]) -> dict[str, Any]:
    """Return links to the exported pieces, and the rows that no piece holds."""
    context = context_of(info)
    pieces = history.exports(context.session, run)
    signer = context.services["signer"]
    return {
        "parquetUrls": [signer.url(context.base_url, "GET", export_target(piece)) for piece in pieces],
        "liveData": history.live_rows(context.session, run, liveKeys),
    }


@run_type.field("logLines")
def resolve_log_lines(
    run: Run, info: GraphQLResolveInfo, first: int | None = None, after: str | None = None,
    last: int | None = None, before: str | None = None, useImprovedPagination: bool | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Return a page of console lines; cursors are the lines' numbers, from either end."""
    page = read_page(
        context_of(info).session, run, first=first, after=_line(after), last=last, before=_line(before)
    )
    edges = [
        {
            "cursor": ids.encode("LogLine", line.number),
            "node": {
                "id": ids.encode("LogLine", run.id, line.number),
                "number": line.number,
                "line": line.line,
                "level": line.level,
                "label": line.label,
                "timestamp": line.timestamp,
            },
        }
        for line in page.lines
    ]
    return {
        "edges": edges,
        "pageInfo": {
            "hasNextPage": page.has_next,
            "hasPreviousPage": page.has_previous,
            "startCursor": edges[0]["cursor"] if edges else None,
            "endCursor": edges[-1]["cursor"] if edges else None,
        },
    }


def _line(cursor: str | None) -> int | None:
    if not cursor:
        return None
    if cursor.isascii() and cursor.isdigit():  # the console view counts lines itself
        return int(cursor)
    try:
        return ids.number("LogLine", cursor)
    except ValueError as error:
        raise Refusal(f"invalid cursor: {error}") from None


BINDABLES: list[SchemaBindable] = [run_type]
