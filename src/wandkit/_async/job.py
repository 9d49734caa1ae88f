"""Jobs: programs that were made to be run again, with another config, elsewhere.

A job is an artifact of the type `job`. Operations: queries/artifact.graphql, queries/run_queue.graphql.
Docs: docs/api/job.md.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from typing_extensions import Self

from wandkit._async.account import AsyncAccount
from wandkit._async.artifact import AsyncArtifact
from wandkit._async.queued_run import AsyncQueuedRun
from wandkit._async.run_queue import AsyncRunQueue
from wandkit._async.run_queues import ensure_queue
from wandkit._core.job import (
    JOB_FILE,
    REQUIREMENTS_FILE,
    JobInfo,
    check_config,
    check_job_name,
    launch_spec,
)
from wandkit._core.jsontext import to_json
from wandkit._transport.concurrency.aio import run_in_thread
from wandkit.errors import ArgumentError, LaunchError
from wandkit.paths import NeedsEntity
from wandkit.paths_artifact import parse_artifact_path

__all__ = ["AsyncJob"]

DEFAULT_QUEUE = "default"


class AsyncJob:
    """One version of a job. Get it from `AsyncApi.job`; do not build it yourself.

    Attributes:
        name: The name that it was asked for by: `ENTITY/PROJECT/NAME:ALIAS`.
        artifact: The version itself.
        folder: Where its files are on this machine.
    """

    def __init__(
        self, account: AsyncAccount, name: str, artifact: AsyncArtifact, folder: str, info: JobInfo
    ) -> None:
        self._account = account
        self._info = info
        self._entrypoint: list[str] | None = None
        self.name: str = name
        self.artifact: AsyncArtifact = artifact
        self.folder: str = folder

    @classmethod
    async def fetch(cls, account: AsyncAccount, name: str, path: str | None = None) -> Self:
        """Fetch a job and download its files to `path`, or to where artifacts are downloaded.

        Raises:
            NotFoundError: No such job, or the API key may not see it.
            LaunchError: It is no job, or does not say where its code is.
        """
        parsed = parse_artifact_path(check_job_name(name))
        if isinstance(parsed, NeedsEntity):
            parsed = await account.complete(parsed)
        artifact = await AsyncArtifact.fetch(account.gql, parsed)
        if artifact.type != "job":
            raise LaunchError(
                f"The artifact {name!r} is of type {artifact.type!r}, not a job.",
                operation="GetArtifact",
                host=account.settings.base_url,
                next_step="List the jobs of the project with api.list_jobs(entity, project).",
            )
        folder = await artifact.download(path)
        text = await run_in_thread(_read, Path(folder, JOB_FILE))
        if text is None:
            raise LaunchError(
                f"The job {name!r} has no {JOB_FILE}.",
                operation="GetArtifact",
                host=account.settings.base_url,
                next_step="It was not made by a launch client; log it again as a job.",
            )
        try:
            info = JobInfo.read(text, name)
        except LaunchError as error:
            error.operation, error.host = "GetArtifact", account.settings.base_url
            raise
        return cls(account, name, artifact, folder, info)

    @property
    def source_type(self) -> str:
        """Where its code is: `artifact`, `repo` or `image`."""
        return self._info.source_type

    @property
    def source(self) -> dict[str, Any]:
        """What is known of the code: the artifact, the git remote and commit, or the image."""
        return self._info.source

    @property
    def entrypoint(self) -> list[str]:
        """The command that starts it, word by word."""
        return self._info.entrypoint if self._entrypoint is None else self._entrypoint

    @property
    def input_types(self) -> dict[str, Any]:
        """The types of its config, as the job keeps them."""
        return self._info.input_types

    @property
    def output_types(self) -> dict[str, Any]:
        """The types of its summary, as the job keeps them."""
        return self._info.output_types

    @property
    def runtime(self) -> str | None:
        """The Python version that it ran with."""
        return self._info.runtime

    @property
    def requirements(self) -> list[str]:
        """The packages that it ran with, from `requirements.frozen.txt`; empty without that file."""
        text = _read(Path(self.folder, REQUIREMENTS_FILE)) or ""
        return [line.strip() for line in text.splitlines() if line.strip()]

    def set_entrypoint(self, entrypoint: Sequence[str]) -> None:
        """Start it by another command from now on, in the calls of this object.

        Raises:
            ArgumentError: The command is no sequence of words.
        """
        words = cast("Sequence[object]", entrypoint)
        if isinstance(entrypoint, str) or not all(isinstance(word, str) for word in words):
            raise ArgumentError(
                f"An entrypoint is a list of words, not {entrypoint!r}.",
                next_step='Say ["python", "train.py"].',
            )
        self._entrypoint = list(entrypoint)

    async def call(
        self,
        config: Mapping[str, Any],
        project: str | None = None,
        entity: str | None = None,
        queue: str | None = None,
        resource: str = "local-container",
        resource_args: Mapping[str, Any] | None = None,
        template_variables: Mapping[str, Any] | None = None,
        project_queue: str | None = None,
        priority: int | None = None,
    ) -> AsyncQueuedRun:
        """Put the job into a queue with a config, and return what waits there.

        Args:
            config: The run's config; it has to fit `input_types`. An artifact in it is named, not sent.
            project: The project that the run is logged to; default the job's.
            entity: Where the run is logged, and whose queue it is; default the settings' entity, then the
                account's default one.
            queue: The queue's name; default `default`, which is made where there is none.
            resource: What it runs on, where the queue does not say.
            resource_args: What to run it with, besides the queue's own config.
            template_variables: The values of the queue's template variables.
            project_queue: The project that holds the queue; default `model-registry`.
            priority: 0 comes first; only for queues that prioritize.

        Raises:
            ConfigTypeError: The config does not fit the job; the message names every key that is wrong.
            ArgumentError: An artifact in the config is a draft, or arguments exclude each other.
            NotFoundError: No such queue, or the API key may not see it.
            InvalidRequestError: A value of a variable does not fit, or the queue does not prioritize.
        """
        if resource_args and template_variables:
            raise ArgumentError(
                "resource_args and template_variables exclude each other.",
                next_step="Give the values of the queue's variables, or the arguments themselves.",
            )
        plain = {key: _encoded(value, key) for key, value in config.items()}
        if self._info.partial:
            warnings.warn(
                f"The job {self.name!r} was made by hand and has not run yet: its config is not checked.",
                stacklevel=2,
            )
        else:
            check_config(self._info, plain, self.name)
        owner = await self._account.require_entity(entity)
        spec = launch_spec(
            self.name,
            (owner, project or self.artifact.project),
            resource,
            to_json(plain, "config"),
            self._entrypoint,
            resource_args,
        )
        place = AsyncRunQueue(self._account, queue or DEFAULT_QUEUE, owner, project_queue)
        if queue is None:
            await ensure_queue(place)
        item = await place.push(spec, template_variables, priority)
        return item

    def __repr__(self) -> str:
        """Return the name."""
        return f"<Job {self.name}>"


def _encoded(value: object, at: str) -> Any:
    """Return a value of a config with its artifacts named.

    Raises:
        ArgumentError: An artifact is a draft.
    """
    if isinstance(value, AsyncArtifact):
        if value.is_draft():
            raise ArgumentError(
                f"The config has the draft {value.name!r} at {at!r}; nobody else could read it.",
                next_step="Log it first.",
            )
        return value.json_encode()
    if isinstance(value, Mapping):
        entries = cast("Mapping[object, object]", value)
        return {key: _encoded(item, f"{at}.{key}") for key, item in entries.items()}
    if isinstance(value, (list, tuple)):
        return [_encoded(item, f"{at}[…]") for item in cast("list[object]", value)]
    return value


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
