"""The sweep of a run: for listed runs, those of the whole page in one request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wandkit_generated.gql.aio import list_sweeps_of_runs

from wandkit._async.account import AsyncAccount
from wandkit._async.run_data import AsyncRunData
from wandkit._core.awaitable import awaitable_property
from wandkit._core.jsonvalue import write_json
from wandkit._transport.aio.graphql import AsyncGraphQL
from wandkit.errors import NotFoundError
from wandkit.paths import ProjectPath, SweepPath

if TYPE_CHECKING:
    from wandkit_generated.gql.models import SweepFields

    from wandkit._async.sweep import AsyncSweep

__all__ = ["AsyncRunSweep"]


class AsyncRunSweep(AsyncRunData):
    """The part of a run that leads to its sweep."""

    __slots__ = ()

    @awaitable_property
    async def sweep(self) -> AsyncSweep | None:
        """The sweep that started the run; None without one, or where it has been deleted.

        For a listed run the sweeps of its whole page are fetched in one request, once; for a single run the
        sweep is asked anew each time.
        """
        from wandkit._async.sweep import AsyncSweep

        name, page, gql = self._row.sweep_name, self._page, self._gql
        if name is None:
            return None
        path = SweepPath(self.entity, self.project, name)
        account = AsyncAccount(gql)
        if page is None:
            try:
                alone = await AsyncSweep.fetch(account, path)
            except NotFoundError:
                return None
            return alone
        async with page.lock:
            if page.sweeps is None:
                firsts = {run.sweep_name: run.listed_id for run in page.runs if run.sweep_name}
                page.sweeps = await _sweeps_of(gql, path.project_path, list(firsts.values()))
        fields = page.sweeps.get(name)
        return AsyncSweep(account, path, fields) if fields else None


async def _sweeps_of(gql: AsyncGraphQL, path: ProjectPath, runs: list[str]) -> dict[str, SweepFields]:
    """Fetch the sweeps of these runs, by their names."""
    answer = await list_sweeps_of_runs(
        gql,
        entity=path.entity,
        project=path.project,
        filters=write_json({"name": {"$in": runs}}).decode(),
        first=len(runs),
    )
    found = answer.project.runs if answer.project else None
    nodes = [edge.node.sweep for edge in found.edges] if found else []
    return {sweep.name: sweep for sweep in nodes if sweep is not None}
