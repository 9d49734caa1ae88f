"""What a job artifact says: where its code is, how it starts, what it takes. No I/O."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from wandkit._core.job_type import misfits
from wandkit.errors import ArgumentError, ConfigTypeError, LaunchError, PathError

__all__ = ["JOB_FILE", "REQUIREMENTS_FILE", "JobInfo", "check_config", "check_job_name", "launch_spec"]

JOB_FILE = "wandb-job.json"
REQUIREMENTS_FILE = "requirements.frozen.txt"
SOURCES = {"artifact": "artifact", "repo": "git", "image": "image"}
"""The kinds of jobs, and what the source of each has to name."""
_LOG_AGAIN = "Log the job again with a launch client, or ask who made it."


@dataclass(frozen=True)
class JobInfo:
    """The content of `wandb-job.json`.

    Attributes:
        source_type: Where the code is: `artifact`, `repo` or `image`.
        source: What is known of it: the code artifact, git remote and commit, or image, and how it starts.
        entrypoint: The command, word by word; empty where the job does not say.
        input_types: The type of the config.
        output_types: The type of the summary.
        runtime: The Python version that the job ran with.
        partial: Whether the job was made by hand, so that its types are not known yet.
    """

    source_type: str
    source: dict[str, Any]
    entrypoint: list[str]
    input_types: dict[str, Any] = field(default_factory=dict[str, Any])
    output_types: dict[str, Any] = field(default_factory=dict[str, Any])
    runtime: str | None = None
    partial: bool = False

    @classmethod
    def read(cls, text: str, name: str) -> JobInfo:
        """Return what the file of the job `name` says.

        Raises:
            LaunchError: It is not JSON, or does not say where the code is.
        """
        try:
            said = _object(json.loads(text))
        except ValueError as error:
            raise LaunchError(
                f"The {JOB_FILE} of the job {name!r} is not JSON: {error}.", next_step=_LOG_AGAIN
            ) from None
        kind, source = said.get("source_type"), _object(said.get("source"))
        if kind not in SOURCES:
            raise LaunchError(
                f"The job {name!r} is of the source type {kind!r}, not of {', '.join(map(repr, SOURCES))}.",
                next_step=_LOG_AGAIN,
            )
        if not source.get(SOURCES[kind]):
            raise LaunchError(
                f"The {kind} job {name!r} does not name its {SOURCES[kind]}.", next_step=_LOG_AGAIN
            )
        words = source.get("entrypoint")
        return cls(
            kind,
            source,
            list(map(str, cast("list[object]", words))) if isinstance(words, list) else [],
            _object(said.get("input_types")),
            _object(said.get("output_types")),
            said.get("runtime"),
            bool(said.get("_partial")),
        )


def check_job_name(name: str) -> str:
    """Return `name` if it can name a version of a job.

    Raises:
        PathError: It is not `ENTITY/PROJECT/NAME:ALIAS`.
    """
    if not isinstance(name, str) or name.count("/") != 2 or ":" not in name:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise PathError(
            f"The name of a job is ENTITY/PROJECT/NAME:ALIAS, not {name!r}.",
            next_step="api.list_jobs(entity, project) lists the names and aliases of a project's jobs.",
        )
    return name


def check_config(info: JobInfo, config: Mapping[str, Any], name: str) -> None:
    """Return if the config fits the job.

    Raises:
        ConfigTypeError: It does not; the message names every key that is wrong.
    """
    found = misfits(info.input_types, config)
    if found:
        raise ConfigTypeError(
            f"The config does not fit the job {name!r}: {'; '.join(found)}.",
            next_step="See job.input_types for what it takes.",
        )


def launch_spec(
    job: str,
    place: tuple[str, str],
    resource: str,
    config: Mapping[str, Any],
    entrypoint: list[str] | None = None,
    resource_args: object = None,
) -> dict[str, Any]:
    """Return what is pushed to have a job run.

    Args:
        job: The job's name.
        place: The entity and project that its run is logged to.
        resource: What it runs on.
        config: The config of the run, in JSON types.
        entrypoint: The command, where it is not the job's own.
        resource_args: What to run it with, by the resource's name or below it.
    """
    overrides: dict[str, Any] = {"args": [], "run_config": dict(config)}
    if entrypoint is not None:
        overrides["entry_point"] = entrypoint
    entity, project = place
    spec: dict[str, Any] = {
        "job": job, "entity": entity, "project": project, "resource": resource,
        "docker": {}, "git": {}, "overrides": overrides,
    }  # fmt: skip
    if resource_args:
        if not isinstance(resource_args, Mapping):
            raise ArgumentError(
                f"resource_args must be a mapping, not {type(resource_args).__name__}.",
                next_step='Say resource_args={"kubernetes": {...}}, with the name of the resource.',
            )
        spec["resource_args"] = dict(cast("Mapping[str, Any]", resource_args))
    return spec


def _object(said: object) -> dict[str, Any]:
    return cast("dict[str, Any]", said) if isinstance(said, dict) else {}
