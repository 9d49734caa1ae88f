"""The door: one object per server and key, with a method for everything that can be asked.

Each noun brings its own methods (`runs.py`, `project.py`, `user.py`); this module puts them together.
Docs: docs/api/api.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

from typing_extensions import Self
from wandkit_generated.gql.operations import CREATE_PROJECT, GET_VIEWER, LIST_USERS

from wandkit._async.account import AsyncAccount
from wandkit._async.artifacts import AsyncArtifactMethods
from wandkit._async.automation_methods import AsyncAutomationMethods
from wandkit._async.client import AsyncClient
from wandkit._async.custom_chart_methods import AsyncCustomChartMethods
from wandkit._async.integration_methods import AsyncIntegrationMethods
from wandkit._async.jobs import AsyncJobMethods
from wandkit._async.project import AsyncProject, AsyncProjectMethods
from wandkit._async.queued_runs import AsyncQueuedRunMethods
from wandkit._async.registries import AsyncRegistryMethods
from wandkit._async.report_methods import AsyncReportMethods
from wandkit._async.run import AsyncRun
from wandkit._async.run_queues import AsyncRunQueueMethods
from wandkit._async.runs import AsyncRunMethods
from wandkit._async.sweep_methods import AsyncSweepMethods
from wandkit._async.teams import AsyncTeamMethods
from wandkit._async.tensorboard import AsyncTensorboardMethods
from wandkit._async.user import AsyncUserMethods
from wandkit._transport.aio.graphql import AsyncGraphQL
from wandkit.paths import ProjectPath, RunPath, SweepPath, parse_path
from wandkit.paths_report import is_report_path, parse_report_path
from wandkit.settings import Settings

if TYPE_CHECKING:
    import ssl

    import httpx

    from wandkit._async.report import AsyncReport
    from wandkit._async.sweep import AsyncSweep

__all__ = ["AsyncApi"]


class AsyncApi(
    AsyncArtifactMethods,
    AsyncAutomationMethods,
    AsyncCustomChartMethods,
    AsyncIntegrationMethods,
    AsyncJobMethods,
    AsyncProjectMethods,
    AsyncQueuedRunMethods,
    AsyncRegistryMethods,
    AsyncReportMethods,
    AsyncRunMethods,
    AsyncRunQueueMethods,
    AsyncSweepMethods,
    AsyncTeamMethods,
    AsyncTensorboardMethods,
    AsyncUserMethods,
):
    """A W&B server, seen with one API key.

    Making one sends nothing, asks nothing and writes nothing: the key is looked up in the arguments, the
    environment, netrc and the settings files, and checked by the first request. Use it as a context manager,
    or call `aclose` when done.

    Attributes:
        CREATE_PROJECT: The document that `create_project` sends.
        VIEWER_QUERY: The document that `viewer` sends.
        USERS_QUERY: The document that `user` and `users` send.
    """

    CREATE_PROJECT: str = CREATE_PROJECT.text
    VIEWER_QUERY: str = GET_VIEWER.text
    USERS_QUERY: str = LIST_USERS.text

    def __init__(
        self,
        overrides: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        api_key: str | None = None,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        deadline: float | None = None,
        verify: ssl.SSLContext | str | bool | None = None,
        cert: str | tuple[str, str] | tuple[str, str, str] | None = None,
        proxy: str | None = None,
    ) -> None:
        """Look up the settings.

        Args:
            overrides: `base_url`, `entity`, `project`, `run` and other settings by name.
            timeout: Seconds for one attempt of a request; default `WANDB_HTTP_TIMEOUT`, else 19.
            api_key: The API key; default the first one found.
            transport: An httpx transport to send with, instead of wandkit's own.
            deadline: Seconds for a whole call, retries and waits included.
            verify: How to check the server's certificate, as httpx takes it.
            cert: A client certificate, as httpx takes it.
            proxy: The URL of a proxy for all requests.

        Raises:
            SettingsError: A setting cannot be used; the message says which one and where it was found.
            ArgumentError: The deadline is no time to come.
        """
        settings = Settings.resolve(overrides, api_key, timeout)
        self._connect(
            AsyncGraphQL(
                settings,
                timeout=settings.timeout,
                transport=transport,
                deadline=deadline,
                verify=verify,
                cert=cert,
                proxy=proxy,
            )
        )

    def _connect(self, gql: AsyncGraphQL) -> None:
        self._account = AsyncAccount(gql)
        self._viewer = None
        self.client: AsyncClient = AsyncClient(gql)

    @property
    def settings(self) -> Settings:
        """The settings in force, and where each was found; its repr hides the key."""
        return self._account.settings

    @property
    def api_key(self) -> str | None:
        """The API key in use; None where none was found."""
        return self._account.settings.api_key

    @property
    def user_agent(self) -> str:
        """What requests say about the program that sends them."""
        return self._account.gql.user_agent

    def flush(self) -> None:
        """Forget what was loaded of runs: every listing of this object asks the server again when next used.

        Single runs are never kept: each `run(...)` asks the server.
        """
        self._account.flush()

    async def from_path(self, path: str) -> AsyncProject | AsyncReport | AsyncRun | AsyncSweep:
        """Return what a path or URL names: a project, for which nothing is sent; others are fetched.

        Args:
            path: `PROJECT`, `ENTITY/PROJECT`, `ENTITY/PROJECT/RUN`, `ENTITY/PROJECT/runs/RUN`,
                `ENTITY/PROJECT/sweeps/SWEEP`, `ENTITY/PROJECT/reports/TITLE--ID` or a URL.

        Raises:
            PathError: It names none of them.
            NotFoundError: No such run, sweep or report.
        """
        from wandkit._async.report import AsyncReport
        from wandkit._async.sweep import AsyncSweep

        if is_report_path(path):
            report = await AsyncReport.fetch(self._account, parse_report_path(path))
            return report
        settings = self.settings
        found = parse_path(path, entity=settings.entity, project=settings.project, app_url=settings.app_url)
        full = await self._account.complete(found)
        if isinstance(full, RunPath):
            run = await AsyncRun.fetch(self._account.gql, full)
            return run
        if isinstance(full, SweepPath):
            sweep = await AsyncSweep.fetch(self._account, full)
            return sweep
        return AsyncProject(self._account, ProjectPath.from_pieces(*full.pieces))

    async def aclose(self) -> None:
        """Close the connections. The object can be used again; it opens new ones."""
        await self._account.gql.aclose()

    async def __aenter__(self) -> Self:
        """Return the object itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        await self.aclose()

    def __reduce__(self) -> tuple[Callable[[AsyncGraphQL], AsyncApi], tuple[AsyncGraphQL]]:
        """Cross to another process with the settings; connections are opened anew there."""
        return rebuild, (self._account.gql,)

    def __repr__(self) -> str:
        """Return the host; the key is never shown."""
        return f"<Api {self.settings.base_url}>"


def rebuild(gql: AsyncGraphQL) -> AsyncApi:
    """Return an `AsyncApi` that sends with `gql`."""
    api = AsyncApi.__new__(AsyncApi)
    api._connect(gql)  # pyright: ignore[reportPrivateUsage]
    return api
