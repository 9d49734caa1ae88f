"""Console lines of a run.

Schema: schema/log_line.graphql. Operations: queries/log_line.graphql. Docs: docs/api/file.md.
"""

from __future__ import annotations

from wandkit_generated.gql.aio import list_log_lines

from wandkit._async.listing import AsyncListing
from wandkit._async.run_handle import AsyncRunHandle
from wandkit._async.run_near import missing_run
from wandkit._core.console import ConsoleLogLine, parse_timestamp
from wandkit._core.operation import UNSET
from wandkit._core.pagination import Page, PageRequest
from wandkit._transport.aio.graphql import AsyncGraphQL
from wandkit.errors import ArgumentError, UnsupportedError
from wandkit.paths import RunPath

__all__ = ["AsyncConsoleLogs", "AsyncRunConsole"]


class AsyncConsoleLogs(AsyncListing[ConsoleLogLine]):
    """The lines that a run printed, in order, or the last of them. Get it from `AsyncRun.console_logs`."""

    def __init__(self, gql: AsyncGraphQL, path: RunPath, per_page: int, last: int | None) -> None:
        self._gql = gql
        self._path = path
        self._last = last
        super().__init__(per_page=per_page)

    async def _fetch_page(self, request: PageRequest) -> Page[ConsoleLogLine]:
        path, last = self._path, self._last
        answer = await list_log_lines(
            self._gql,
            entity=path.entity,
            project=path.project,
            name=path.run,
            first=request.size if last is None else UNSET,
            after=request.cursor if last is None and request.cursor is not None else UNSET,
            last=UNSET if last is None else last,
        )
        found = None if answer.project is None else answer.project.run
        if found is None:
            raise await missing_run(self._gql, path, "ListLogLines")
        if found.log_lines is None:
            raise UnsupportedError(
                "This server keeps no console lines.",
                operation="ListLogLines",
                host=self._gql.settings.base_url,
                next_step="The run's file output.log may hold them.",
            )
        edges = found.log_lines.edges or []
        return Page(
            items=[
                ConsoleLogLine(
                    number=edge.node.number or 0,
                    timestamp=parse_timestamp(edge.node.timestamp),
                    level=edge.node.level or "",
                    label=edge.node.label or "",
                    content=edge.node.line or "",
                )
                for edge in edges
            ],
            keys=[edge.cursor for edge in edges],
            cursors=[edge.cursor for edge in edges],
            end_cursor=found.log_lines.page_info.end_cursor,
            has_next=last is None and found.log_lines.page_info.has_next_page,
            total=found.log_line_count if last is None else None,
        )

    def __repr__(self) -> str:
        """Return whose lines these are."""
        return f"<ConsoleLogs {self._path}>"


class AsyncRunConsole(AsyncRunHandle):
    """The console lines of a run; a part of `AsyncRun`."""

    __slots__ = ()

    def console_logs(self, *, per_page: int = 1000, last: int | None = None) -> AsyncConsoleLogs:
        """List the lines that the run printed; nothing is sent before the first is asked for.

        Args:
            per_page: Lines of one request.
            last: Only so many, from the end.

        Raises:
            ArgumentError: `last` is no positive number.
        """
        if last is not None and last < 1:
            raise ArgumentError(f"last must be 1 or more, not {last}")
        return AsyncConsoleLogs(self._gql, self.run_path, per_page, last)
