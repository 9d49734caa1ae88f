"""What every part of a run works with: its client and its name.

The parts (`run_data.py`, `run_change.py`, `history.py`, `file.py`, `log.py`) derive from `AsyncRunHandle`,
and `run.py` composes them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wandkit._core.run_row import RunRow
from wandkit._transport.aio.graphql import AsyncGraphQL
from wandkit.paths import RunPath

__all__ = ["AsyncRunHandle"]


class AsyncRunHandle:
    """A run's name and the client that reaches it; nothing here sends.

    Parts of a run have `__slots__ = ()`: a listing may hold a hundred thousand runs.

    Attributes:
        entity: The user or team that the run's project belongs to.
        project: The project's name.
        id: The run's short id, unique in its project.
    """

    __slots__ = ("__weakref__", "_gql", "_row", "_writer", "entity", "id", "project")

    def __init__(self, gql: AsyncGraphQL, entity: str, project: str, row: RunRow) -> None:
        self._gql = gql
        self._row = row
        self.entity: str = entity
        self.project: str = project
        self.id: str = row.name

    @property
    def storage_id(self) -> str:
        """The server's opaque id of the run."""
        return self._row.id

    @property
    def listed_id(self) -> str:
        """The id that the server gave; `id` may have been set to another one here."""
        return self._row.name

    @property
    def history_line_count(self) -> int | None:
        """How many history rows the server counted when the run was fetched."""
        return self._row.history_line_count

    @property
    def run_path(self) -> RunPath:
        """The run's path as a value: `str(run.run_path)` is `ENTITY/PROJECT/RUN`."""
        return RunPath(self.entity, self.project, self.id)

    @property
    def path(self) -> list[str]:
        """The entity, project and id, percent-encoded."""
        return self.run_path.quoted

    def _note_end(self, state: str, summary: str) -> None:
        """Take note of the state and summary with which this handle has just ended the run."""

    async def _note_summary(self, edit: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """Take note of an edit of the summary that has just been sent, where the run is being written."""

    @property
    def url(self) -> str:
        """The run's page in the web app."""
        return self.run_path.url(self._gql.settings.app_url)
