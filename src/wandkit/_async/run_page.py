"""Field planning: the large parts of listed runs, fetched for a whole page at once.

A listing starts with the small fields. The first touch of a large part, say `run.config`, fetches that
part for all runs of its page in one request, and makes the pages to come ask for it up front.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from wandkit_generated.gql.operations import GET_RUN_PARTS

from wandkit._core.collector import uncollected
from wandkit._core.jsonvalue import write_json
from wandkit._core.pagination import FIRST_PAGE, SMALLEST_PAGE
from wandkit._core.select import PARTS, Part, Selection
from wandkit._transport.aio.graphql import AsyncGraphQL
from wandkit._transport.concurrency.aio import Lock, sleep
from wandkit.errors import DeadlineExceededError, NotFoundError, RequestTimeoutError, ServerError
from wandkit.paths import ProjectPath

if TYPE_CHECKING:
    from wandkit_generated.gql.models import RunParts, SweepFields

    from wandkit._async.run import AsyncRun

__all__ = ["AsyncRunPage", "RunPlan"]


class RunPlan:
    """Which large parts the pages of a listing ask for; grows as parts are touched.

    Attributes:
        parts: The parts that the next page asks for.
        selection: What was asked for from the start; its keys hold for all pages.
    """

    def __init__(self, selection: Selection) -> None:
        self.parts: set[Part] = set(selection.parts)
        self.selection = selection

    def variables(self, parts: Iterable[Part]) -> dict[str, Any]:
        """Return the variables that ask for `parts`, projected to the selected keys."""
        asked = {_SWITCHES[part]: part in parts for part in PARTS}
        keys = {"configKeys": self.selection.config_keys, "summaryKeys": self.selection.summary_keys}
        return asked | {name: list(found) for name, found in keys.items() if found is not None}


COMPANIONS: frozenset[Part] = frozenset({"config", "summary"})
"""Who reads one of these mostly reads the other: a small page fetches both at once, which saves a trip."""

RUNS_AT_ONCE = 100
"""How many runs are decoded before others get their turn: a millisecond's worth."""

_SWITCHES: dict[Part, str] = {
    "config": "withConfig",
    "summary": "withSummary",
    "system": "withSystem",
    "keys": "withKeys",
}


class AsyncRunPage:
    """The runs of one page, so that what one of them lacks is fetched for all.

    Attributes:
        loaded: The parts that its runs have.
        sweeps: The sweeps of its runs by name, once somebody has asked for one.
    """

    __slots__ = ("_decoded", "_gql", "_lock", "_path", "_plan", "loaded", "runs", "sweeps")

    def __init__(self, gql: AsyncGraphQL, path: ProjectPath, plan: RunPlan, loaded: set[Part]) -> None:
        self._gql = gql
        self._path = path
        self._plan = plan
        self._lock = Lock()
        self._decoded: set[Part] = set()
        self.loaded: set[Part] = loaded
        self.runs: list[AsyncRun] = []
        self.sweeps: dict[str, SweepFields] | None = None

    @property
    def selection(self) -> Selection:
        """Which keys of the large parts were asked for."""
        return self._plan.selection

    @property
    def lock(self) -> Lock:
        """Held while something is fetched for all runs of the page."""
        return self._lock

    async def fill(self, parts: Iterable[Part]) -> None:
        """Fetch those of `parts` that the page lacks, for all its runs; later pages bring them along."""
        async with self._lock:
            missing = frozenset(parts) - self.loaded
            self._plan.parts |= missing
            if missing and len(self.runs) <= FIRST_PAGE and not self.selection.parts:
                missing |= COMPANIONS - self.loaded
            if missing:
                await self._fill(missing, self.runs)
                self.loaded |= missing

    async def decode(self, part: Part) -> None:
        """Decode `part` of all runs at once, with the garbage collector at rest meanwhile."""
        if part in self._decoded:
            return
        async with self._lock:
            if part in self._decoded:
                return
            with uncollected():
                for start in range(0, len(self.runs), RUNS_AT_ONCE):
                    for run in self.runs[start : start + RUNS_AT_ONCE]:
                        run.decode(part)
                    await sleep(0)  # lets the next page come in meanwhile
            self._decoded.add(part)

    def touch(self, part: Part) -> None:
        """Have later pages bring `part` along, because it was read here."""
        self._plan.parts.add(part)

    async def _fill(self, parts: frozenset[Part], runs: list[AsyncRun]) -> None:
        """Fetch `parts` of `runs` in one request; in two halves where that is too much for the server."""
        try:
            found = await self._ask(parts, [run.listed_id for run in runs])
        except DeadlineExceededError:
            raise
        except (RequestTimeoutError, ServerError):
            if len(runs) <= SMALLEST_PAGE:
                raise
            half = len(runs) // 2
            await self._fill(parts, runs[:half])
            await self._fill(parts, runs[half:])
            return
        for run in runs:
            if run.storage_id in found:
                run.take(parts, found[run.storage_id])

    async def _ask(self, parts: frozenset[Part], ids: list[str]) -> dict[str, RunParts]:
        """Fetch `parts` of these runs, by storage id; a run that is gone is not among them."""
        variables = {
            "entity": self._path.entity,
            "project": self._path.project,
            "filters": write_json({"name": {"$in": ids}}).decode(),
            "first": len(ids),
            **self._plan.variables(parts),
        }
        answer = await self._gql.execute(GET_RUN_PARTS, variables)
        if answer.project is None or answer.project.runs is None:
            raise NotFoundError(
                f"No project {str(self._path)!r} any more.",
                operation="GetRunParts",
                host=self._gql.settings.base_url,
                next_step="It has been deleted or renamed since it was listed.",
            )
        return {edge.node.id: edge.node for edge in answer.project.runs.edges}
