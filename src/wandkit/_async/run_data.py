"""The data of a run: large parts fetched when first read, edits kept here and sent as a minimal patch.

Logic without I/O: _core/config.py, _core/summary.py, _core/patch.py. Docs: docs/api/run.md.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from typing_extensions import Self
from wandkit_generated.gql.aio import get_run, get_run_merged
from wandkit_generated.gql.operations import UPDATE_RUN

from wandkit._async.run_handle import AsyncRunHandle
from wandkit._async.run_near import missing_run
from wandkit._async.run_page import AsyncRunPage
from wandkit._async.summary import AsyncSummary
from wandkit._core.awaitable import awaitable_property
from wandkit._core.config import Config
from wandkit._core.jsontext import read_object
from wandkit._core.patch import VARIABLES, CurrentRun, RunDraft, RunFields
from wandkit._core.run_row import RunRow, row_of
from wandkit._core.select import PARTS, Part, part_of, trimmed
from wandkit._core.summary import is_changed, settle, with_edits
from wandkit._transport.aio.graphql import AsyncGraphQL
from wandkit.errors import AnswerError, ArgumentError
from wandkit.paths import RunPath

if TYPE_CHECKING:
    from wandkit_generated.gql.models import RunFull

__all__ = ["AsyncRunData"]

WRITTEN: tuple[Part, ...] = ("system", "keys")
"""What the server makes of the rows of a run; the summary is made here."""


class AsyncRunData(AsyncRunHandle):
    """The part of a run that holds its data and its edits."""

    __slots__ = ("_config", "_edits", "_page", "_raw", "_state", "_summary", "_system_values", "_tags")

    def __init__(
        self,
        gql: AsyncGraphQL,
        entity: str,
        project: str,
        row: RunRow,
        raw: dict[Part, Any],
        page: AsyncRunPage | None = None,
    ) -> None:
        super().__init__(gql, entity, project, row)
        self._raw = raw
        self._page = page
        self._state = row.state
        self._edits: dict[str, str | None] | None = None
        self._tags: list[str] | None = None
        self._config: Config | None = None
        self._summary: AsyncSummary | None = None
        self._system_values: dict[str, Any] | None = None

    @awaitable_property
    async def config(self) -> Config:
        """The config: what the run's author set, as a dict to read and to edit; `update` sends the edits."""
        if self._config is None:
            text = await self._text_of("config")
            if self._config is None:
                self._config = self._config_in(text)
        return self._config

    @awaitable_property
    async def rawconfig(self) -> dict[str, Any]:
        """The config together with what the clients noted there (`_wandb`, `wandb_version`)."""
        config = await self.config
        return config.raw

    @awaitable_property
    async def json_config(self) -> str:
        """The config as the JSON text that the server holds, with the edits made here."""
        config = await self.config
        return config.to_text()

    @awaitable_property
    async def summary(self) -> AsyncSummary:
        """The summary: the run's last or best values, to read and to edit; `update` sends the edits."""
        if self._summary is None:
            text = await self._text_of("summary")
            if self._summary is None:
                self._summary = self._summary_in(text)
        return self._summary

    @awaitable_property
    async def summary_metrics(self) -> dict[str, Any]:
        """The summary as a plain dict, shared with `summary`."""
        summary = await self.summary
        return summary._json_dict  # pyright: ignore[reportPrivateUsage]

    @awaitable_property
    async def system_metrics(self) -> dict[str, Any]:
        """The last values of the machine that the run ran on."""
        if self._system_values is None:
            text = await self._part("system")
            self._system_values = read_object(text, "system metrics")
        return self._system_values

    @awaitable_property
    async def history_keys(self) -> dict[str, Any]:
        """Which keys the run logged, with counts and types, and `lastStep`; empty where it logged nothing."""
        found = await self._part("keys")
        return found or {}

    @property
    def page(self) -> AsyncRunPage | None:
        """The page of the listing that the run came with."""
        return self._page

    async def load(self, force: bool = False) -> dict[str, Any]:
        """Fetch what is not there yet, or with `force` everything anew, and return all attributes as a dict.

        With `force` the edits made here are dropped.

        Raises:
            NotFoundError: The run is gone.
        """
        if force:
            full = await fetch_full(self._gql, self.run_path)
            self._settle_all(full)
        else:
            await self._need(PARTS)
        return await self._attributes()

    async def load_full_data(self, force: bool = False) -> dict[str, Any]:
        """Fetch the large parts that are not there yet, and return all attributes; the same as `load`.

        Raises:
            NotFoundError: The run is gone, or the API key may not see it.
        """
        return await self.load(force)

    async def refresh(self) -> None:
        """Fetch everything anew; edits made here are dropped.

        Raises:
            NotFoundError: The run is gone, or the API key may not see it.
        """
        await self.load(force=True)

    async def update(self) -> None:
        """Send what was edited here, and nothing else; without edits nothing is sent.

        Edits of tags, config and summary are merged into what the server holds now, so that changes made
        elsewhere in the meantime stay.

        Raises:
            NotFoundError: The run is gone, or the API key may not see it.
            PermissionDeniedError: The API key may not do this.
        """
        await self._send(self._draft())

    async def save(self) -> None:
        """Send what was edited here; the same as `update`.

        Raises:
            NotFoundError: The run is gone, or the API key may not see it.
            PermissionDeniedError: The API key may not do this.
        """
        await self.update()

    async def send_summary(self) -> None:
        """Merge the edits of the summary, and only those, into the server's."""
        original = self._original()
        await self._send(RunDraft(original, original, None, self._summary))

    def unedited(self) -> Self:
        """Return the run as it was loaded, without the edits made here."""
        return type(self)(self._gql, self.entity, self.project, self._row, dict(self._raw))

    def take(self, parts: Iterable[Part], found: Any) -> None:
        """Keep `parts` of the answer `found`."""
        for part in parts:
            self._raw[part] = part_of(found, part)

    def __getstate__(self) -> dict[str, Any]:
        """Cross to another process with the edits, but without the other runs of the page."""
        slots = {name for kind in type(self).__mro__ for name in getattr(kind, "__slots__", ())}
        held = {
            name: getattr(self, name) for name in slots - {"__weakref__", "_writer"} if hasattr(self, name)
        }
        return held | {"_page": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take up what came from another process."""
        for name, value in state.items():
            setattr(self, name, value)
        if self._summary is not None:
            self._summary.attach(self)

    def decode(self, part: Part) -> None:
        """Decode `part` if its text is here; one that cannot be read is left to be reported when read."""
        if part not in self._raw:
            return
        try:
            if part == "config" and self._config is None:
                self._config = self._config_in(self._raw[part])
            elif part == "summary" and self._summary is None:
                self._summary = self._summary_in(self._raw[part])
        except AnswerError:
            return

    def _config_in(self, text: str | None) -> Config:
        keys = self._page.selection.config_keys if self._page else None
        return Config.from_text(trimmed(text, keys))

    def _summary_in(self, text: str | None) -> AsyncSummary:
        keys = self._page.selection.summary_keys if self._page else None
        summary = AsyncSummary.from_text(trimmed(text, keys))
        summary.attach(self)
        return summary

    async def _text_of(self, part: Part) -> str | None:
        """Return the text of `part`; the other runs of the page have theirs decoded with this one's."""
        text: str | None = await self._part(part)
        if self._page is not None:
            await self._page.decode(part)
        return text

    async def _part(self, part: Part) -> Any:
        if part not in self._raw:
            await self._need((part,))
        elif self._page is not None:
            self._page.touch(part)
        return self._raw[part]

    async def _need(self, parts: Iterable[Part]) -> None:
        """Fetch those of `parts` that are not there: for the whole page, where the run came from one."""
        missing: list[Part] = [part for part in parts if part not in self._raw]
        if missing and self._page is not None:
            await self._page.fill(missing)
            missing = [part for part in missing if part not in self._raw]
        if missing:
            full = await fetch_full(self._gql, self.run_path)
            self.take(missing, full)

    async def _send(self, draft: RunDraft) -> None:
        merges = draft.merges()
        current = CurrentRun()
        if merges:
            current = await self._fetch_merged(merges)
        patch = draft.patch(current)
        if not patch:
            return
        variables: dict[str, object] = {VARIABLES.get(name, name): value for name, value in patch.items()}
        variables |= {
            "id": self.storage_id,
            "withConfig": "config" in patch,
            "withSummary": "summary_metrics" in patch,
        }
        answer = await self._gql.execute(UPDATE_RUN, variables)
        bucket = answer.upsert_bucket.bucket if answer.upsert_bucket else None
        if bucket is None:
            raise AnswerError(
                f"The server did not say what became of the change of {str(self.run_path)!r}.",
                operation="UpdateRun",
                host=self._gql.settings.base_url,
                next_step="Refresh the run to see whether it arrived.",
            )
        if "config" in patch and self._config is not None:
            self._raw["config"] = text = bucket.config or patch["config"]
            self._config.settle(str(text))
        if "summary_metrics" in patch and self._summary is not None:
            await self._note_summary(partial(with_edits, self._summary))
            self._raw["summary"] = text = bucket.summary_metrics or patch["summary_metrics"]
            settle(self._summary, str(text))
        if draft.original != draft.edited:
            self._row = row_of(bucket)
            self._state = bucket.state
            self._edits = self._tags = None

    async def _fetch_merged(self, merges: frozenset[str]) -> CurrentRun:
        answer = await get_run_merged(
            self._gql,
            entity=self.entity,
            project=self.project,
            name=self.listed_id,
            with_config="config" in merges,
            with_summary="summary" in merges,
        )
        if answer.project is None or answer.project.run is None:
            raise await missing_run(self._gql, self.run_path, "GetRunMerged")
        run = answer.project.run
        return CurrentRun(tuple(run.tags or ()), run.config, run.summary_metrics)

    def _note_end(self, state: str, summary: str) -> None:
        """Take note of the state and the summary, and forget what else the rows have changed; edits stay."""
        try:
            unsent = ", ".join(sorted(self._draft().changed()))
        except ArgumentError:  # a value that cannot be stored; update() says which
            unsent = "config"
        if unsent:
            warnings.warn(
                f"run {str(self.run_path)!r} is over, but edits of its {unsent} were not sent: call update()",
                stacklevel=3,
            )
        self._state = state
        self._raw["summary"] = summary
        if self._summary is not None and not is_changed(self._summary):
            settle(self._summary, summary)
        self._system_values = None
        for part in WRITTEN:
            self._raw.pop(part, None)

    def _draft(self) -> RunDraft:
        """Return the run as it was loaded and as it has been edited here."""
        original = self._original()
        edits: dict[str, Any] = dict(self._edits or {})
        if self._tags is not None:
            edits["tags"] = tuple(self._tags)
        return RunDraft(original, replace(original, **edits), self._config, self._summary)

    def _original(self) -> RunFields:
        row = self._row
        return RunFields(
            name=row.display_name,
            notes=row.notes,
            description=row.description,
            group=row.group,
            job_type=row.job_type,
            tags=row.tags,
        )

    def _settle_all(self, full: RunFull) -> None:
        """Take `full` as the run's whole state; objects handed out before show it too."""
        self._row = row_of(full)
        self._state = full.state
        self._page = None
        self._edits = self._tags = self._system_values = None
        self.take(PARTS, full)
        if self._config is not None:
            self._config.settle(full.config)
        if self._summary is not None:
            settle(self._summary, full.summary_metrics)

    async def _attributes(self) -> dict[str, Any]:
        """Return all attributes by name; `run.py` says which."""
        raise NotImplementedError


async def fetch_full(gql: AsyncGraphQL, path: RunPath) -> RunFull:
    """Fetch the run at `path` with all its parts.

    Raises:
        NotFoundError: No such run; names near ones.
    """
    answer = await get_run(gql, entity=path.entity, project=path.project, name=path.run)
    if answer.project is None or answer.project.run is None:
        raise await missing_run(gql, path, "GetRun")
    return answer.project.run
