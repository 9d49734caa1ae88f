"""Runs: what one training run was told, what it reported and how it ended.

Schema: schema/run.graphql. Operations: queries/run.graphql. Docs: docs/api/run.md.
The parts: run_handle.py, run_data.py, run_change.py, history.py, file.py, log.py.
"""

from __future__ import annotations

import os
import tempfile
import warnings
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, TypeVar

from typing_extensions import Self
from wandkit_generated.gql.aio import get_run_last_step

from wandkit._async.artifacts import AsyncRunArtifactMethods
from wandkit._async.console import AsyncRunConsole
from wandkit._async.file import AsyncRunFiles, read_metadata
from wandkit._async.history import AsyncRunHistory
from wandkit._async.log import AsyncRunLog
from wandkit._async.run_change import AsyncRunChange
from wandkit._async.run_data import fetch_full
from wandkit._async.run_near import missing_run
from wandkit._async.run_sweep import AsyncRunSweep
from wandkit._async.user import AsyncUser
from wandkit._core.awaitable import awaitable_property
from wandkit._core.display import html_table, show
from wandkit._core.patch import checked_texts
from wandkit._core.run_row import row_of
from wandkit._core.select import PARTS, part_of
from wandkit._transport.aio.graphql import AsyncGraphQL
from wandkit.paths import RunPath

if TYPE_CHECKING:
    from pydantic import BaseModel
    from wandkit_generated.gql.models import RunFull

    from wandkit._async.api import AsyncApi

    M = TypeVar("M", bound=BaseModel)

__all__ = ["AsyncRun"]


class AsyncRun(
    AsyncRunChange,
    AsyncRunHistory,
    AsyncRunFiles,
    AsyncRunConsole,
    AsyncRunLog,
    AsyncRunArtifactMethods,
    AsyncRunSweep,
):
    """One run. Get it from `AsyncApi.run` or a listing; do not build it yourself.

    The small fields are there at once. The large ones (`config`, `summary`, `system_metrics`, `history_keys`)
    are fetched when they are first read, for a listed run together with all runs of its page.
    Edits stay here until `update` sends them.
    """

    __slots__ = ()

    @classmethod
    async def fetch(cls, gql: AsyncGraphQL, path: RunPath) -> Self:
        """Fetch the run at `path` with all its parts.

        Raises:
            NotFoundError: No such run, or the API key may not see it; names near ones.
        """
        full = await fetch_full(gql, path)
        return cls.from_full(gql, path.entity, path.project, full)

    @classmethod
    def from_full(cls, gql: AsyncGraphQL, entity: str, project: str, full: RunFull) -> Self:
        """Return the run that an answer describes in full."""
        return cls(gql, entity, project, row_of(full), {part: part_of(full, part) for part in PARTS})

    @classmethod
    async def create(
        cls,
        api: AsyncApi,
        run_id: str | None = None,
        project: str | None = None,
        entity: str | None = None,
        state: str = "running",
    ) -> AsyncRun:
        """Create a run; the same as `api.create_run(...)`.

        Args:
            api: Whom to ask.
            run_id: The id; default eight random letters and digits.
            project: Where it goes; default the settings' project.
            entity: Whose it is; default the settings' entity, then the account's default one.
            state: `running` or `pending`.

        Raises:
            PermissionDeniedError: The API key may not do this.
        """
        run = await api.create_run(run_id=run_id, project=project, entity=entity, state=state)
        return run

    @property
    def name(self) -> str | None:
        """The display name; settable, `update` sends it."""
        return self._text("name", self._row.display_name)

    @name.setter
    def name(self, value: str | None) -> None:
        self._edit("name", value)

    @property
    def display_name(self) -> str | None:
        """The display name, the same as `name`."""
        return self.name

    @display_name.setter
    def display_name(self, value: str | None) -> None:
        self._edit("name", value)

    @property
    def notes(self) -> str | None:
        """The author's notes; settable, `update` sends them."""
        return self._text("notes", self._row.notes)

    @notes.setter
    def notes(self, value: str | None) -> None:
        self._edit("notes", value)

    @property
    def description(self) -> str | None:
        """The description, which older clients wrote; settable, `update` sends it."""
        return self._text("description", self._row.description)

    @description.setter
    def description(self, value: str | None) -> None:
        self._edit("description", value)

    @property
    def group(self) -> str | None:
        """The group of runs it belongs to; settable, `update` sends it."""
        return self._text("group", self._row.group)

    @group.setter
    def group(self, value: str | None) -> None:
        self._edit("group", value)

    @property
    def job_type(self) -> str | None:
        """What kind of job it was, in its author's words; settable, `update` sends it."""
        return self._text("job_type", self._row.job_type)

    @job_type.setter
    def job_type(self, value: str | None) -> None:
        self._edit("job_type", value)

    @property
    def tags(self) -> list[str]:
        """The tags, as a list to read and to edit in place; settable, `update` sends the difference."""
        if self._tags is None:
            self._tags = list(self._row.tags)
        return self._tags

    @tags.setter
    def tags(self, value: list[str]) -> None:
        self._tags = checked_texts(value)

    @property
    def state(self) -> str:
        """The state when last fetched: running, finished, crashed, failed, killed, preempted, pending."""
        return self._state or "unknown"

    @property
    def commit(self) -> str | None:
        """The git commit that it ran."""
        return self._row.commit

    @property
    def created_at(self) -> datetime:
        """When it was created, in UTC."""
        return self._row.created_at.astimezone(timezone.utc)

    @property
    def heartbeat_at(self) -> datetime | None:
        """When it last reported, in UTC."""
        moment = self._row.heartbeat_at
        return moment.astimezone(timezone.utc) if moment else None

    @property
    def read_only(self) -> bool | None:
        """Whether the API key may only read it."""
        return self._row.read_only

    @property
    def sweep_name(self) -> str | None:
        """The id of the sweep that started it; None without one."""
        return self._row.sweep_name

    @property
    def user(self) -> AsyncUser | None:
        """Who logged it; None where the server does not say."""
        user = self._row.user
        return AsyncUser(self._gql, *user) if user else None

    @property
    def dir(self) -> str:
        """A folder for the run's files, under `WANDB_DIR` or the temporary folder; nothing makes it."""
        root = os.environ.get("WANDB_DIR") or tempfile.gettempdir()
        return os.path.join(root, self.entity, self.project, self.id)

    @property
    def username(self) -> str:
        """The entity. Deprecated: say `entity`, or `user` for who logged the run."""
        warnings.warn("Run.username is deprecated; say Run.entity.", DeprecationWarning, stacklevel=2)
        return self.entity

    @awaitable_property
    async def metadata(self) -> dict[str, Any] | None:
        """What the client noted of machine and program (`wandb-metadata.json`); None without it."""
        found = await read_metadata(self._gql, self.run_path)
        return found

    @awaitable_property
    async def lastHistoryStep(self) -> int:
        """The last step that the run has logged, asked anew each time; -1 where it logged none."""
        answer = await get_run_last_step(
            self._gql, entity=self.entity, project=self.project, name=self.listed_id
        )
        run = answer.project.run if answer.project else None
        if run is None:
            raise await missing_run(self._gql, self.run_path, "GetRunLastStep")
        keys: dict[str, Any] = run.history_keys or {}
        return int(keys.get("lastStep", -1))

    async def config_as(self, model: type[M]) -> M:
        """Return the config as an instance of a pydantic model of yours.

        Raises:
            pydantic.ValidationError: The config does not fit the model.
        """
        config = await self.config
        return model.model_validate(dict(config))

    def to_html(self, height: int = 420, hidden: bool = False) -> str:
        """Return a table about the run as HTML: what is known of it here, without a request.

        Args:
            height: Most pixels that the table takes.
            hidden: True folds it away until somebody opens it.
        """
        rows: dict[str, object] = {
            "run": str(self.run_path),
            "page": self.url,
            "name": self.name,
            "state": self.state,
        }
        rows |= {
            "tags": ", ".join(self._row.tags if self._tags is None else self._tags),
            "created": self.created_at,
        }
        if self._config is not None:
            rows |= {f"config.{key}": value for key, value in self._config.items()}
        if self._summary is not None:
            rows |= {f"summary.{key}": value for key, value in self._summary.items()}
        return html_table(rows, hidden=hidden, height=height)

    def display(self, height: int = 420, hidden: bool = False) -> bool:
        """Show the run in a notebook; False where there is none.

        Args:
            height: Most pixels that the table takes.
            hidden: True folds it away until somebody opens it.
        """
        return show(self.to_html(height, hidden))

    def _repr_html_(self) -> str:
        return self.to_html()

    def _text(self, name: str, held: str | None) -> str | None:
        return held if self._edits is None else self._edits.get(name, held)

    def _edit(self, name: str, value: str | None) -> None:
        self._edits = {**(self._edits or {}), name: value}

    async def _attributes(self) -> dict[str, Any]:
        names = (
            "id", "name", "state", "tags", "group", "job_type", "sweep_name", "notes", "description",
            "commit", "read_only", "created_at", "heartbeat_at", "history_line_count", "storage_id",
        )  # fmt: skip
        config = await self.config
        summary = await self.summary_metrics
        system = await self.system_metrics
        keys = await self.history_keys
        found = {name: getattr(self, name) for name in names}
        return found | {
            "config": config,
            "summary_metrics": summary,
            "system_metrics": system,
            "history_keys": keys,
        }

    def __repr__(self) -> str:
        """Return the path and the state."""
        return f"<Run {self.run_path} ({self.state})>"
