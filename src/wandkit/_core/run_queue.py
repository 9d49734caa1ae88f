"""What a run queue may be called and made of, checked before anything is sent; and what an item says.

No I/O. Used by _async/run_queue.py, _async/queued_run.py and _async/job.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from wandkit._core.jsontext import read_object, to_json, write
from wandkit.errors import ArgumentError

__all__ = [
    "LAUNCH_PROJECT",
    "RESOURCES",
    "QueueFailure",
    "RunQueueAccessType",
    "RunQueuePrioritizationMode",
    "RunQueueResourceType",
    "check_priority_mode",
    "check_queue_name",
    "check_resource",
    "config_text",
    "failure_of",
    "links_of",
    "links_text",
    "object_of",
    "variables_text",
]

LAUNCH_PROJECT = "model-registry"
"""The project that holds an entity's queues where nothing else is said."""
RESOURCES = ("local-container", "local-process", "kubernetes", "sagemaker", "gcp-vertex")
"""What a queue's items may run on."""
LONGEST_NAME = 64
_NAME = f"Give it a name of 1 to {LONGEST_NAME} characters."

RunQueueAccessType = Literal["project", "user"]
RunQueuePrioritizationMode = Literal["DISABLED", "V0"]
RunQueueResourceType = Literal["local-container", "local-process", "kubernetes", "sagemaker", "gcp-vertex"]


@dataclass(frozen=True)
class QueueFailure:
    """Why a queue item failed.

    Attributes:
        message: What the agent said; empty where the server does not hand it on.
        stage: What the agent was doing; None where it did not say.
        file_paths: Files that the agent saved about it.
    """

    message: str
    stage: str | None = None
    file_paths: tuple[str, ...] = ()


def check_queue_name(name: str) -> str:
    """Return `name` if a queue can have it.

    Raises:
        ArgumentError: It is empty or longer than 64 characters.
    """
    if not isinstance(name, str) or not name:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ArgumentError(
            f"The name of a run queue must not be empty, but a text; not {name!r}.", next_step=_NAME
        )
    if len(name) > LONGEST_NAME:
        raise ArgumentError(
            f"The name of a run queue has at most {LONGEST_NAME} characters; {name!r} has {len(name)}.",
            next_step=_NAME,
        )
    return name


def check_resource(resource: str) -> str:
    """Return `resource` if queues know it.

    Raises:
        ArgumentError: They do not.
    """
    if resource not in RESOURCES:
        raise ArgumentError(
            f"The resource type {resource!r} is none of {', '.join(map(repr, RESOURCES))}.",
            next_step="Say one of these: the agent of the queue starts its items there.",
        )
    return resource


def check_priority_mode(mode: str | None, allowed: tuple[str, ...]) -> str | None:
    """Return `mode` in the server's spelling; None stays None.

    Raises:
        ArgumentError: It is none of `allowed`.
    """
    if not mode:
        return None
    if not isinstance(mode, str) or mode.upper() not in allowed:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ArgumentError(
            f"prioritization_mode must be {' or '.join(map(repr, allowed))} or None, not {mode!r}.",
            next_step="V0 lets items have priorities; leave it out for first come, first served.",
        )
    return mode.upper()


def config_text(resource: str, config: object) -> str:
    """Return the text that the server keeps of a resource config.

    Raises:
        ArgumentError: The config is no mapping, or a value in it has no JSON form.
    """
    given = cast("object", {}) if config is None else config
    if not isinstance(given, Mapping):
        raise ArgumentError(
            f"The config of a run queue must be a mapping, not {type(given).__name__}.",
            next_step="Say what its items are given to run with, for example {'cpu': 2}.",
        )
    return write({"resource_args": {resource: to_json(cast("Mapping[str, Any]", given), "config")}})


def variables_text(variables: Mapping[str, Any] | None) -> str | None:
    """Return the text that the server takes of template variables; None where there are none.

    Raises:
        ArgumentError: A variable has no schema, or what it has is no mapping.
    """
    if not variables:
        return None
    if not isinstance(variables, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ArgumentError(
            f"template_variables must be a mapping, not {type(variables).__name__}.",
            next_step='Say template_variables={"name": {"schema": {"type": "string"}}}.',
        )
    for name, said in variables.items():
        schema = cast("Mapping[str, Any]", said).get("schema") if isinstance(said, Mapping) else None
        if not isinstance(schema, Mapping):
            raise ArgumentError(
                f"The template variable {name!r} has no schema.",
                next_step='Say template_variables={"name": {"schema": {"type": "string"}}}.',
            )
    return write(to_json(variables, "template_variables"))


def links_text(links: Mapping[str, str] | None) -> str:
    """Return the text that the server keeps of links by label.

    Raises:
        ArgumentError: A label or a link is no text.
    """
    if links is not None and not isinstance(links, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ArgumentError(
            f"external_links maps labels to URLs, it is no {type(links).__name__}.",
            next_step='Say external_links={"dashboard": "https://..."}.',
        )
    found = dict(links or {})
    for label, url in cast("dict[object, object]", found).items():
        if not isinstance(label, str) or not isinstance(url, str):
            raise ArgumentError(
                f"external_links maps labels to URLs, both texts; not {label!r} to {url!r}.",
                next_step='Say external_links={"dashboard": "https://..."}.',
            )
    return write({"links": [{"label": label, "url": url} for label, url in found.items()]})


def links_of(said: object) -> dict[str, str]:
    """Return the links by label that the server keeps."""
    links: object = object_of(said).get("links")
    found: dict[str, str] = {}
    for link in cast("list[object]", links) if isinstance(links, list) else []:
        entry = object_of(link)
        if isinstance(entry.get("label"), str) and isinstance(entry.get("url"), str):
            found[entry["label"]] = entry["url"]
    return found


def object_of(said: object) -> dict[str, Any]:
    """Return the JSON object that the server sent, also where it came as text; anything else is empty."""
    if isinstance(said, str):
        return read_object(said, "answer")
    return cast("dict[str, Any]", said) if isinstance(said, dict) else {}


def failure_of(spec: object) -> QueueFailure:
    """Return why an item failed, as far as its run spec tells."""
    said = object_of(object_of(object_of(spec).get("_wandkit")).get("failure"))
    paths = said.get("filePaths")
    return QueueFailure(
        str(said.get("message") or ""),
        said.get("stage"),
        tuple(map(str, cast("list[object]", paths))) if isinstance(paths, list) else (),
    )
