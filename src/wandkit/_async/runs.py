"""Listings of runs, and the methods of `AsyncApi` about runs.

Schema: schema/run.graphql. Operations: queries/run.graphql. Docs: docs/api/run.md, docs/api/listing.md.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from wandkit_generated.gql.aio import create_run
from wandkit_generated.gql.operations import LIST_RUNS

from wandkit._async.account import AsyncAccount
from wandkit._async.histories import AsyncRunsHistories
from wandkit._async.listing import AsyncListing
from wandkit._async.project import missing_project
from wandkit._async.run import AsyncRun
from wandkit._async.run_page import AsyncRunPage, RunPlan
from wandkit._async.run_plan import AsyncRunsPlans
from wandkit._async.run_table import AsyncRunsTable
from wandkit._core.collector import uncollected
from wandkit._core.config import Config
from wandkit._core.operation import UNSET
from wandkit._core.pagination import Page, PageRequest
from wandkit._core.patch import checked_texts
from wandkit._core.run_row import row_of
from wandkit._core.select import PARTS, Part, Select, Selection, parse_select, part_of
from wandkit.errors import AnswerError
from wandkit.filters import Expression, Order, compile_filters, compile_order
from wandkit.paths import NeedsEntity, ProjectPath

__all__ = ["AsyncRunMethods", "AsyncRuns"]


class AsyncRuns(AsyncRunsHistories, AsyncRunsTable, AsyncRunsPlans, AsyncListing[AsyncRun]):
    """The runs of a project that a filter lets through, in order. Get it from `AsyncApi.runs`.

    The listing starts with the small fields of runs. Touching a large one, say `run.config`, fetches it for
    the whole page in one request, and later pages bring it along.
    """

    def __init__(
        self,
        account: AsyncAccount,
        path: ProjectPath | NeedsEntity[ProjectPath],
        *,
        filters: Mapping[str, Any] | Expression | None = None,
        order: str | Order | None = None,
        per_page: int | None = None,
        selection: Selection = Selection(),  # noqa: B008 - it cannot change
        start: str | None = None,
    ) -> None:
        super().__init__(per_page=per_page, start=start)
        self._account = account
        self._path = path
        self._filters = compile_filters(filters)
        self._order = compile_order(order)
        self._plan = RunPlan(selection)

    @property
    def filters(self) -> str:
        """The filter as it is sent: JSON text."""
        return self._filters

    @property
    def order(self) -> str:
        """The order as it is sent, with its sign."""
        return self._order

    async def upgrade_to_full(self) -> None:
        """Fetch the large parts of all runs loaded so far, one request a page; later pages have them.

        Raises:
            WandkitError: The server could not be asked.
        """
        await self._fill(PARTS)

    async def bring(self, parts: Iterable[Part]) -> None:
        """Load all runs, each with these large parts: one request for each page that lacks some."""
        wanted = list(parts)
        self._plan.parts.update(wanted)
        await self.load_all()
        await self._fill(wanted)

    async def _fill(self, parts: Iterable[Part]) -> None:
        self._plan.parts.update(parts)
        pages = {id(page): page for page in (run.page for run in self._pages.items) if page is not None}
        for page in pages.values():
            await page.fill(parts)

    async def _fetch_page(self, request: PageRequest) -> Page[AsyncRun]:
        account = self._account
        path = await account.complete(self._path)
        self._path = path
        parts: set[Part] = set(self._plan.parts)
        variables = {
            "entity": path.entity,
            "project": path.project,
            "filters": self._filters,
            "order": self._order,
            "first": request.size,
            "after": request.cursor,
            "withCount": request.count,
            **self._plan.variables(parts),
        }
        answer, problems = await account.gql.execute_with_problems(LIST_RUNS, variables)
        if answer.project is None or answer.project.runs is None:
            raise await missing_project(account.gql, path, "ListRuns")
        page = AsyncRunPage(account.gql, path, self._plan, parts)
        connection = answer.project.runs
        entity, project, gql = path.entity, path.project, account.gql
        with uncollected():
            for edge in connection.edges:
                raw: dict[Part, Any] = {part: part_of(edge.node, part) for part in parts}
                page.runs.append(AsyncRun(gql, entity, project, row_of(edge.node), raw, page))
        return Page(
            items=page.runs,
            keys=[edge.node.id for edge in connection.edges],
            cursors=[edge.cursor for edge in connection.edges],
            end_cursor=connection.page_info.end_cursor,
            has_next=connection.page_info.has_next_page,
            total=answer.project.run_count,
            problems=problems,
        )

    def __repr__(self) -> str:
        """Return whose runs these are."""
        path = self._path
        return f"<Runs {path}>" if isinstance(path, ProjectPath) else f"<Runs {path.rest[0]}>"


class AsyncRunMethods:
    """The methods of `AsyncApi` about runs."""

    _account: AsyncAccount

    async def run(self, path: str = "") -> AsyncRun:
        """Fetch one run with all its parts.

        Args:
            path: `ENTITY/PROJECT/RUN`, `PROJECT/RUN`, `RUN` or a URL; the settings complete it.

        Raises:
            PathError: `path` names no run.
            NotFoundError: No such run, or the API key may not see it; names near ones.
        """
        found = await self._account.complete(self._account.run_path(path))
        run = await AsyncRun.fetch(self._account.gql, found)
        return run

    def runs(
        self,
        path: str | None = None,
        filters: Mapping[str, Any] | Expression | None = None,
        order: str | Order | None = "-created_at",
        per_page: int | None = None,
        include_sweeps: bool = True,
        lazy: bool = True,
        *,
        select: Select | None = None,
        start: str | None = None,
    ) -> AsyncRuns:
        """Return the runs of a project as a listing. Nothing is sent before it is used.

        Args:
            path: `ENTITY/PROJECT`, `PROJECT` or a URL; default the settings' project.
            filters: Which runs: an expression of `F`, or a Mongo-style mapping.
            order: What to sort by: `+KEY` or `-KEY`, or an order of `F`. Newest first by default.
            per_page: Runs on a page, up to 1000; left out, the size adapts to how quickly the server answers.
            include_sweeps: Taken for compatibility; a run always knows the name of its sweep.
            lazy: False asks for the large parts of all runs from the first page on.
            select: The large parts to ask for from the first page on, whole or by key:
                `[F.config["lr"], "summary"]`. By key, `run.config` holds these keys only.
            start: A `cursor` of an earlier listing, to go on from there.

        Raises:
            PathError: `path` names no project.
            FilterError: `filters` or `order` is malformed.
        """
        selection = parse_select(select)
        if not lazy and select is None:
            selection = Selection(frozenset(PARTS))
        listing = AsyncRuns(
            self._account,
            self._account.project_path(path),
            filters=filters,
            order=order,
            per_page=per_page,
            selection=selection,
            start=start,
        )
        return self._account.keep(listing)

    async def create_run(
        self,
        *,
        run_id: str | None = None,
        project: str | None = None,
        entity: str | None = None,
        name: str | None = None,
        config: Mapping[str, object] | None = None,
        tags: Sequence[str] | None = None,
        notes: str | None = None,
        group: str | None = None,
        job_type: str | None = None,
        state: str = "running",
    ) -> AsyncRun:
        """Create a run, and its project if need be, and return it ready to log to.

        Args:
            run_id: The id; default eight random letters and digits. One that is there already is updated.
            project: The project; default the settings' project, else `uncategorized`.
            entity: The user or team; default the settings' entity, then the account's default one.
            name: The display name; default one that the server makes up.
            config: The config.
            tags: The tags.
            notes: The notes.
            group: The group of runs it belongs to.
            job_type: What kind of job it is.
            state: The state to start in: `running` or `pending`.

        Raises:
            ArgumentError: The config is no mapping of what has a JSON form, or the tags are no list of texts.
            PermissionDeniedError: The API key may not log to the project.
        """
        account = self._account
        place = await account.complete(account.project_path(project, entity))
        answer = await create_run(
            account.gql,
            entity=place.entity,
            project=place.project,
            name=run_id or new_run_id(),
            display_name=name or UNSET,
            config=Config(config).to_text() if config else UNSET,
            tags=checked_texts(tags) if tags else UNSET,
            notes=notes or UNSET,
            group=group or UNSET,
            job_type=job_type or UNSET,
            state=state,
        )
        bucket = answer.upsert_bucket.bucket if answer.upsert_bucket else None
        if bucket is None:
            raise AnswerError(
                f"The server did not say what became of the new run in {str(place)!r}.",
                operation="CreateRun",
                host=account.settings.base_url,
                next_step="Look for it with api.runs().",
            )
        made = bucket.project
        entity_name, project_name = (made.entity_name, made.name) if made else place.pieces
        return AsyncRun.from_full(account.gql, entity_name, project_name, bucket)


def new_run_id() -> str:
    """Return a new run id: eight random lower-case letters and digits."""
    return "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(8))
