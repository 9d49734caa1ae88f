"""The part of an artifact about runs: which one made it, which ones used it, and what came of that.

Operations: queries/artifact.graphql. Docs: docs/api/artifact.md.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wandkit_generated.gql.aio import (
    get_artifact_creator,
    list_artifact_users,
    list_run_inputs,
    list_run_outputs,
)

from wandkit._async.artifact_handle import AsyncArtifactHandle
from wandkit._core.artifact_state import ArtifactPlace
from wandkit._core.pagination import LARGEST_PAGE, next_cursor
from wandkit._transport.aio.graphql import AsyncGraphQL
from wandkit._transport.concurrency.aio import gather_bounded
from wandkit.errors import ArgumentError
from wandkit.paths import RunPath

if TYPE_CHECKING:
    from wandkit_generated.gql.models import ArtifactFields, RunPlace

    from wandkit._async.run import AsyncRun

__all__ = ["AsyncArtifactLineage", "Lineage"]

RUNS_AT_ONCE = 8


@dataclass(frozen=True)
class Lineage:
    """What an artifact came from and what came of it.

    Attributes:
        artifacts: `ENTITY/PROJECT/NAME:vN` of each version, the starting one first.
        runs: The path of each run.
        edges: Who gave what to whom: a version and a run that used it, or a run and a version it logged.
        complete: Whether the walk ended by itself and not at its limit.
    """

    artifacts: Sequence[str]
    runs: Sequence[str]
    edges: Sequence[tuple[str, str]]
    complete: bool

    def __repr__(self) -> str:
        return f"<Lineage {len(self.artifacts)} artifacts, {len(self.runs)} runs>"


class AsyncArtifactLineage(AsyncArtifactHandle):
    """The runs of an artifact; a part of `AsyncArtifact`."""

    async def logged_by(self) -> AsyncRun | None:
        """Fetch the run that logged the version; None where it was no run, or the run is gone.

        Raises:
            ArtifactNotLoggedError: It is a draft.
        """
        from wandkit._async.run import AsyncRun

        gql, fields = self._client("run"), self._known("run")
        path = await _maker_of(gql, fields.id)
        if path is None:
            return None
        run = await AsyncRun.fetch(gql, path)
        return run

    async def used_by(self) -> list[AsyncRun]:
        """Fetch the runs that used the version.

        Raises:
            ArtifactNotLoggedError: It is a draft.
        """
        from wandkit._async.run import AsyncRun

        gql, fields = self._client("runs"), self._known("runs")
        paths = await _users_of(gql, fields.id)
        runs = await gather_bounded(RUNS_AT_ONCE, [_bind(AsyncRun.fetch, gql, path) for path in paths])
        return runs

    async def lineage(self, *, max_items: int = 200) -> Lineage:
        """Follow the version back to what it came from, and forth to what came of it.

        Args:
            max_items: The most artifacts and runs to visit.

        Raises:
            ArtifactNotLoggedError: It is a draft.
        """
        if max_items < 1:
            raise ArgumentError(f"max_items must be 1 or more, not {max_items}")
        gql, fields = self._client("lineage"), self._known("lineage")
        walk = _Walk(gql, max_items)
        found = await walk.go(fields)
        return found

    def json_encode(self) -> dict[str, Any]:
        """Return how a config refers to the version.

        Raises:
            ArtifactNotLoggedError: It is a draft.
        """
        source = ArtifactPlace.of_source(self._known("version"))
        return {
            "_type": "artifactVersion",
            "_version": "v0",
            "id": self.id,
            "version": source.version,
            "sequenceName": source.collection,
            "usedAs": self._origin.use_as,
        }


class _Walk:
    """A walk over runs and artifacts, upwards to inputs and downwards to outputs."""

    def __init__(self, gql: AsyncGraphQL, limit: int) -> None:
        self._gql = gql
        self._limit = limit
        self._artifacts: dict[str, str] = {}
        self._runs: dict[str, RunPath] = {}
        self._edges: dict[tuple[str, str], None] = {}
        self._complete = True

    async def go(self, start: ArtifactFields) -> Lineage:
        """Return what is found from `start`."""
        self._meet(start)
        for upwards in (True, False):
            waiting = [start.id]
            seen: set[str] = set()
            while waiting:
                artifact_id = waiting.pop(0)
                if artifact_id in seen:
                    continue
                seen.add(artifact_id)
                for run in await self._runs_of(artifact_id, upwards):
                    for fields in await self._artifacts_of(run, upwards):
                        if self._meet(fields):
                            waiting.append(fields.id)
                            name = self._artifacts[fields.id]
                            self._edges[(name, str(run)) if upwards else (str(run), name)] = None
        return Lineage(list(self._artifacts.values()), list(self._runs), list(self._edges), self._complete)

    async def _runs_of(self, artifact_id: str, upwards: bool) -> list[RunPath]:
        if upwards:
            maker = await _maker_of(self._gql, artifact_id)
            found = [maker] if maker else []
        else:
            found = await _users_of(self._gql, artifact_id)
        kept: list[RunPath] = []
        for run in found:
            if str(run) in self._runs or self._has_room():
                self._runs[str(run)] = run
                kept.append(run)
                name = self._artifacts[artifact_id]
                self._edges[(str(run), name) if upwards else (name, str(run))] = None
        return kept

    async def _artifacts_of(self, run: RunPath, upwards: bool) -> list[ArtifactFields]:
        first = min(self._limit, LARGEST_PAGE)
        if upwards:
            answer = await list_run_inputs(
                self._gql, entity=run.entity, project=run.project, run=run.run, first=first
            )
            held = answer.project.run if answer.project else None
            used = held.input_artifacts if held else None
            return [edge.node for edge in used.edges if edge.node] if used else []
        other = await list_run_outputs(
            self._gql, entity=run.entity, project=run.project, run=run.run, first=first
        )
        logged_by = other.project.run if other.project else None
        logged = logged_by.output_artifacts if logged_by else None
        return [edge.node for edge in logged.edges if edge.node] if logged else []

    def _meet(self, fields: ArtifactFields) -> bool:
        if fields.id not in self._artifacts:
            if self._artifacts and not self._has_room():
                return False
            place = ArtifactPlace.of_source(fields)
            self._artifacts[fields.id] = f"{place.entity}/{place.project}/{place.collection}:{place.version}"
        return True

    def _has_room(self) -> bool:
        self._complete = self._complete and len(self._artifacts) + len(self._runs) < self._limit
        return self._complete


async def _maker_of(gql: AsyncGraphQL, artifact_id: str) -> RunPath | None:
    answer = await get_artifact_creator(gql, id=artifact_id)
    maker = answer.artifact.created_by if answer.artifact else None
    return None if maker is None or getattr(maker, "typename__", None) != "Run" else _path_of(maker)


async def _users_of(gql: AsyncGraphQL, artifact_id: str) -> list[RunPath]:
    found: list[RunPath] = []
    after: str | None = None
    seen: set[str] = set()
    while True:
        answer = await list_artifact_users(gql, id=artifact_id, first=LARGEST_PAGE, after=after)
        if answer.artifact is None:
            return found
        users = answer.artifact.used_by
        paths = [_path_of(edge.node) for edge in users.edges if edge.node]
        found += [path for path in paths if path is not None]
        page = users.page_info
        after = next_cursor(page.has_next_page, page.end_cursor, seen, len(found))
        if after is None:
            return found


def _path_of(run: Any) -> RunPath | None:
    place: RunPlace = run
    project = place.project
    return RunPath(project.entity_name, project.name, place.name) if project else None


def _bind(
    fetch: Callable[[AsyncGraphQL, RunPath], Awaitable[AsyncRun]], gql: AsyncGraphQL, path: RunPath
) -> Callable[[], Awaitable[AsyncRun]]:
    return lambda: fetch(gql, path)
