"""Sweeps: a search over hyperparameters and the runs it started.

Schema: schema/sweep.graphql. Operations: queries/sweep.graphql. Docs: docs/api/sweep.md.
Logic without I/O: _core/sweep_config.py, _core/sweep_yaml.py, _core/order_key.py.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from wandkit_generated.gql.aio import (
    delete_sweep,
    enqueue_sweep_run,
    get_sweep,
    get_sweep_agent,
    list_sweep_agents,
    update_sweep_state,
)

from wandkit._async.account import AsyncAccount
from wandkit._async.agent import AsyncAgent
from wandkit._async.run import AsyncRun
from wandkit._async.runs import AsyncRuns
from wandkit._async.sweep_near import missing_sweep
from wandkit._core.display import html_table, show
from wandkit._core.jsontext import to_json, write
from wandkit._core.operation import UNSET
from wandkit._core.order_key import format_order_key, metric_order
from wandkit._core.sweep_config import is_mapping
from wandkit._core.sweep_yaml import load_yaml
from wandkit.errors import AnswerError, ArgumentError, NotFoundError, UnsupportedError
from wandkit.paths import SweepPath

if TYPE_CHECKING:
    from wandkit_generated.gql.models import SweepFields

    from wandkit._async.api import AsyncApi

__all__ = ["AsyncSweep"]


class AsyncSweep:
    """One sweep. Get it from `AsyncApi.sweep`, `AsyncProject.sweeps` or `AsyncRun.sweep`.

    What it says of itself is from when it was fetched; `load(force=True)` fetches it anew.

    Attributes:
        entity: The user or team that the sweep's project belongs to.
        project: The project's name.
        id: The sweep's short id, unique in its project.
    """

    def __init__(self, account: AsyncAccount, path: SweepPath, fields: SweepFields) -> None:
        self._account = account
        self._path = path
        self._runs: AsyncRuns | None = None
        self.entity: str = path.entity
        self.project: str = path.project
        self.id: str = path.sweep
        self._take(fields)

    @classmethod
    async def fetch(cls, account: AsyncAccount, path: SweepPath) -> AsyncSweep:
        """Fetch the sweep at `path`.

        Raises:
            NotFoundError: No such sweep, or the API key may not see it; names near ones.
        """
        return cls(account, path, await fetch_fields(account, path))

    @classmethod
    async def get(
        cls,
        api: AsyncApi,
        entity: str | None = None,
        project: str | None = None,
        sid: str | None = None,
        order: str | None = None,
        query: None = None,
        **kwargs: object,
    ) -> AsyncSweep | None:
        """Fetch the sweep `sid` of a project; None where there is none.

        Args:
            api: Whom to ask.
            entity: The user or team of the project; default that of the settings or the account.
            project: The project; default that of the settings.
            sid: The id of the sweep.
            order: What to sort its `runs` by: `+KEY` or `-KEY`; default oldest first.
            query: Has to be None: a document of one's own goes to `api.client.execute`.
            kwargs: Variables of such a document; there have to be none.

        Raises:
            ArgumentError: There is a `query`, or there are variables for one.
            FilterError: `order` is malformed.
        """
        if query is not None or kwargs:
            raise ArgumentError(
                "Sweep.get sends its own document.", next_step="Send yours with api.client.execute(...)."
            )
        text = "/".join(part for part in (entity, project, sid) if part)
        try:
            sweep = await api.sweep(text)
        except NotFoundError:
            return None
        if order is not None:
            sweep._runs = sweep._listing(order)
        return sweep

    @property
    def storage_id(self) -> str:
        """The server's opaque id of the sweep."""
        return self._fields.id

    @property
    def name(self) -> str:
        """The name to show: the one given in the web app, else the configuration's, else the id."""
        return self._fields.display_name or self._config_name() or self.id

    @property
    def display_name(self) -> str | None:
        """The name given in the web app or when the sweep was made; None without one."""
        return self._fields.display_name

    @property
    def description(self) -> str | None:
        """What the sweep says about itself."""
        return self._fields.description

    @property
    def config(self) -> dict[str, Any]:
        """The configuration, parsed from YAML anew each time; changing it changes nothing on the server.

        Raises:
            AnswerError: The server's text is no YAML mapping; it is in the message.
        """
        text = self._fields.config
        try:
            found = load_yaml(text)
        except ValueError as error:
            raise self._odd_config(f"is {error}") from None
        if not is_mapping(found):
            raise self._odd_config(f"is no mapping: {text[:200]!r}")
        return found

    @property
    def method(self) -> str:
        """How it searches: grid, random, bayes or custom."""
        return self._fields.method

    @property
    def state(self) -> str:
        """PENDING, RUNNING, PAUSED, FINISHED or CANCELED, as the server says it."""
        return self._fields.state

    @property
    def best_loss(self) -> float | None:
        """The best value of the metric so far, as the server reckons it; None without one."""
        return self._fields.best_loss

    @property
    def run_count(self) -> int:
        """How many runs it had when it was fetched."""
        return self._fields.run_count

    @property
    def expected_run_count(self) -> int | None:
        """How many runs it will have: the points of a grid, or the cap; None for an endless search."""
        return self._fields.run_count_expected

    @property
    def created_at(self) -> datetime:
        """When it was made."""
        return self._fields.created_at

    @property
    def updated_at(self) -> datetime | None:
        """When it was last changed."""
        return self._fields.updated_at

    @property
    def path(self) -> list[str]:
        """The entity, project and id, percent-encoded."""
        return self._path.quoted

    @property
    def sweep_path(self) -> SweepPath:
        """The sweep's path as a value: `str(sweep.sweep_path)` is `ENTITY/PROJECT/sweeps/SWEEP`."""
        return self._path

    @property
    def url(self) -> str:
        """The sweep's page in the web app."""
        return self._path.url(self._account.settings.app_url)

    @property
    def username(self) -> str:
        """The entity. Deprecated: say `entity`."""
        warnings.warn("Sweep.username is deprecated; say Sweep.entity.", DeprecationWarning, stacklevel=2)
        return self.entity

    @property
    def order(self) -> str | None:
        """The order that puts the best run first, such as `+summary_metrics.loss`; None without a metric."""
        return metric_order(self.config)

    @property
    def runs(self) -> AsyncRuns:
        """The sweep's runs as a listing, oldest first. Nothing is sent before it is used."""
        if self._runs is None:
            self._runs = self._listing("+created_at")
        return self._runs

    async def best_run(self, order: str | None = None) -> AsyncRun | None:
        """Fetch the best run by the sweep's metric, or the first one in `order`; None without runs.

        Args:
            order: A summary key such as `-accuracy` or `+loss`, descending without a sign, or a whole key
                such as `+config.lr`. Default the sweep's metric; for a sweep without one, the newest run.
        """
        key = self.order if order is None else format_order_key(order)
        runs = self._listing(key or "-created_at", per_page=1)
        try:
            best = await runs[0]
        except IndexError:
            return None
        return best

    async def agents(self) -> list[AsyncAgent]:
        """Fetch the agents that have worked on it, oldest first; a warning says where there are more."""
        path = self._path
        answer = await list_sweep_agents(
            self._account.gql, entity=path.entity, project=path.project, name=path.sweep
        )
        sweep = answer.project.sweep if answer.project else None
        edges = sweep.agents.edges if sweep else []
        if sweep and sweep.agents.page_info.has_next_page:
            warnings.warn(
                f"The sweep {str(path)!r} has more agents than the {len(edges)} that the server lists; "
                "sweep.agent(NAME) fetches others.",
                stacklevel=2,
            )
        return [AsyncAgent(self._account, path, edge.node) for edge in edges]

    async def agent(self, agent_id: str) -> AsyncAgent:
        """Fetch one agent by its name or its id.

        Raises:
            NotFoundError: The sweep has no such agent.
        """
        path = self._path
        answer = await get_sweep_agent(
            self._account.gql, entity=path.entity, project=path.project, name=path.sweep, agent=agent_id
        )
        sweep = answer.project.sweep if answer.project else None
        if sweep is None or sweep.agent is None:
            raise NotFoundError(
                f"No agent {agent_id!r} of the sweep {str(path)!r}.",
                operation="GetSweepAgent",
                host=self._account.settings.base_url,
                next_step="List them with sweep.agents().",
            )
        return AsyncAgent(self._account, path, sweep.agent)

    async def load(self, force: bool = False) -> AsyncSweep:
        """Return the sweep, fetched anew with `force`.

        Raises:
            NotFoundError: The sweep is gone.
        """
        if force:
            fields = await fetch_fields(self._account, self._path)
            self._take(fields)
        return self

    async def enqueue_run(self, config: Mapping[str, Any], display_name: str | None = None) -> str:
        """Put a run with this config before all others and return its id; the next free agent takes it.

        Args:
            config: The values of the parameters, by name.
            display_name: What the run is to be called.

        Raises:
            ArgumentError: A value has no JSON form.
            UnsupportedError: The server cannot do that.
        """
        gql = self._account.gql
        if not await gql.supports("SWEEPS_LOCAL_SCHEDULER"):
            raise UnsupportedError(
                "This server takes no runs into a sweep by hand.",
                operation="EnqueueSweepRun",
                host=gql.settings.base_url,
                next_step="It lacks the feature SWEEPS_LOCAL_SCHEDULER; a newer one has it.",
            )
        text = write(to_json(config, "config"))
        answer = await enqueue_sweep_run(
            gql, id=self.storage_id, config=text, display_name=display_name or UNSET
        )
        payload = answer.enqueue_sweep_run
        if payload is None or payload.id is None:
            raise AnswerError(
                "The server did not say which run it has put into the sweep.",
                operation="EnqueueSweepRun",
                host=gql.settings.base_url,
                next_step="Look for it among sweep.runs before you send it again.",
            )
        return payload.id

    async def pause(self) -> None:
        """Hand out no more points until `resume`; runs go on.

        Raises:
            PermissionDeniedError: The API key may not do this.
        """
        await self._change_state("PAUSED")

    async def resume(self) -> None:
        """Hand out points again, also after `pause` or `stop`.

        Raises:
            PermissionDeniedError: The API key may not do this.
        """
        await self._change_state("RUNNING")

    async def stop(self) -> None:
        """Hand out no more points and let the runs come to their end.

        Raises:
            PermissionDeniedError: The API key may not do this.
        """
        await self._change_state("FINISHED")

    async def cancel(self) -> None:
        """Hand out no more points and stop the runs. There is no way back.

        Raises:
            PermissionDeniedError: The API key may not do this.
        """
        await self._change_state("CANCELED")

    async def delete(self, delete_runs: bool = False) -> None:
        """Delete the sweep; its runs stay, unless `delete_runs` says otherwise.

        Raises:
            PermissionDeniedError: The API key may not do this.
        """
        await delete_sweep(self._account.gql, id=self.storage_id, delete_runs=delete_runs)

    def to_html(self, height: int = 420, hidden: bool = False) -> str:
        """Return a table about the sweep as HTML: what is known of it here, without a request.

        Args:
            height: Most pixels that the table takes.
            hidden: True folds it away until somebody opens it.
        """
        expected = self.expected_run_count
        rows: dict[str, object] = {
            "sweep": "/".join((self.entity, self.project, self.id)),
            "page": self.url,
            "name": self.name,
            "state": self.state,
            "method": self.method,
            "runs": self.run_count if expected is None else f"{self.run_count} of {expected}",
            "best": self.best_loss,
            "created": self.created_at,
        }
        return html_table(rows, hidden=hidden, height=height)

    def display(self, height: int = 420, hidden: bool = False) -> bool:
        """Show the sweep in a notebook; False where there is none.

        Args:
            height: Most pixels that the table takes.
            hidden: True folds it away until somebody opens it.
        """
        return show(self.to_html(height, hidden))

    def _take(self, fields: SweepFields) -> None:
        self._fields = fields

    def _odd_config(self, what: str) -> AnswerError:
        return AnswerError(
            f"The configuration of the sweep {str(self._path)!r} {what}.",
            operation="GetSweep",
            host=self._account.settings.base_url,
            next_step=f"See what it says on its page, {self.url}, and make the sweep anew.",
        )

    def _config_name(self) -> str | None:
        try:
            name = self.config.get("name")
        except AnswerError:
            return None
        return name if isinstance(name, str) else None

    def _listing(self, order: str, per_page: int | None = None) -> AsyncRuns:
        filters = {"$and": [{"sweep": self.id}]}
        listing = AsyncRuns(
            self._account, self._path.project_path, filters=filters, order=order, per_page=per_page
        )
        return self._account.keep(listing)

    async def _change_state(self, state: str) -> None:
        answer = await update_sweep_state(
            self._account.gql, entity=self.entity, project=self.project, id=self.storage_id, state=state
        )
        changed = answer.upsert_sweep.sweep if answer.upsert_sweep else None
        if changed is None:
            raise AnswerError(
                f"The server did not say whether the sweep {str(self._path)!r} is {state} now.",
                operation="UpdateSweepState",
                host=self._account.settings.base_url,
                next_step="Fetch it anew with sweep.load(force=True) and look at its state.",
            )
        self._take(changed)

    def _repr_html_(self) -> str:
        return self.to_html()

    def __repr__(self) -> str:
        """Return the path and the state."""
        return f"<Sweep {self.entity}/{self.project}/{self.id} ({self.state})>"


async def fetch_fields(account: AsyncAccount, path: SweepPath) -> SweepFields:
    """Fetch what a sweep says of itself.

    Raises:
        NotFoundError: No such sweep, or the API key may not see it; names near ones.
    """
    answer = await get_sweep(account.gql, entity=path.entity, project=path.project, name=path.sweep)
    if answer.project is None or answer.project.sweep is None:
        raise await missing_sweep(account.gql, path, project_found=answer.project is not None)
    return answer.project.sweep
