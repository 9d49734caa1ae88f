"""Sweep agents: the processes that take points of a sweep and run them.

Schema: schema/agent.graphql. Operations: queries/sweep.graphql. Docs: docs/api/sweep.md.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from wandkit_generated.gql.operations import LIST_AGENT_RUNS

from wandkit._async.account import AsyncAccount
from wandkit._async.listing import AsyncListing
from wandkit._async.run import AsyncRun
from wandkit._async.run_page import AsyncRunPage, RunPlan
from wandkit._core.pagination import Page, PageRequest
from wandkit._core.run_row import row_of
from wandkit._core.select import Selection
from wandkit.errors import NotFoundError
from wandkit.paths import SweepPath

if TYPE_CHECKING:
    from wandkit_generated.gql.models import AgentFields

__all__ = ["AsyncAgent", "AsyncAgentRuns"]


class AsyncAgent:
    """One agent of a sweep. Get it from `AsyncSweep.agents` or `AsyncSweep.agent`.

    Attributes:
        id: The server's id of the agent.
        name: The agent's short id, unique in its sweep.
        host: The machine that it runs on.
        state: What it is doing, in the server's words; None where the server does not say.
        total_runs: How many runs it had started when it was fetched.
        created_at: When it registered.
        heartbeat_at: When it last reported.
    """

    def __init__(self, account: AsyncAccount, sweep: SweepPath, fields: AgentFields) -> None:
        self._account = account
        self._sweep = sweep
        self.id: str = fields.id
        self.name: str = fields.name
        self.host: str = fields.host
        self.state: str | None = fields.state
        self.total_runs: int = fields.total_runs
        self.created_at: datetime = fields.created_at
        self.heartbeat_at: datetime | None = fields.heartbeat_at

    def runs(self, per_page: int | None = None, *, order: str = "+created_at") -> AsyncAgentRuns:
        """Return the runs that the agent started as a listing, oldest first; nothing is sent yet.

        Args:
            per_page: Runs on a page; left out, the size adapts.
            order: What to sort by: `+KEY` or `-KEY`; oldest first by default.
        """
        listing = AsyncAgentRuns(
            self._account, self._sweep, self.name or self.id, order=order, per_page=per_page
        )
        return self._account.keep(listing)

    def __repr__(self) -> str:
        """Return the agent's name, machine and state."""
        return f"<Agent {self.name} on {self.host} ({self.state or 'unknown'})>"


class AsyncAgentRuns(AsyncListing[AsyncRun]):
    """The runs that one agent started. Get it from `AsyncAgent.runs`."""

    def __init__(
        self,
        account: AsyncAccount,
        sweep: SweepPath,
        agent: str,
        *,
        order: str,
        per_page: int | None = None,
        start: str | None = None,
    ) -> None:
        super().__init__(per_page=per_page, start=start)
        self._account = account
        self._sweep = sweep
        self._agent = agent
        self._order = order
        self._plan = RunPlan(Selection())

    async def _fetch_page(self, request: PageRequest) -> Page[AsyncRun]:
        gql, path = self._account.gql, self._sweep
        variables = {
            "entity": path.entity,
            "project": path.project,
            "sweep": path.sweep,
            "agent": self._agent,
            "order": self._order,
            "first": request.size,
            "after": request.cursor,
        }
        answer, problems = await gql.execute_with_problems(LIST_AGENT_RUNS, variables)
        sweep = answer.project.sweep if answer.project else None
        if sweep is None or sweep.agent is None:
            raise NotFoundError(
                f"No agent {self._agent!r} of the sweep {str(path)!r} any more.",
                operation="ListAgentRuns",
                host=gql.settings.base_url,
                next_step="The sweep may have been deleted.",
            )
        page = AsyncRunPage(gql, path.project_path, self._plan, set())
        connection = sweep.agent.runs
        for edge in connection.edges:
            page.runs.append(AsyncRun(gql, path.entity, path.project, row_of(edge.node), {}, page))
        return Page(
            items=page.runs,
            keys=[edge.node.id for edge in connection.edges],
            cursors=[edge.cursor for edge in connection.edges],
            end_cursor=connection.page_info.end_cursor,
            has_next=connection.page_info.has_next_page,
            total=sweep.agent.total_runs,
            problems=problems,
        )

    def __repr__(self) -> str:
        """Return whose runs these are."""
        return f"<AgentRuns {self._sweep}/{self._agent}>"
