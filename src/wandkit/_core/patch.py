"""What `run.update()` sends: only the fields that changed, merged into what the server holds now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

from wandkit._core import summary as summaries
from wandkit._core.config import Config
from wandkit._core.summary import SummaryData
from wandkit.errors import ArgumentError

__all__ = ["VARIABLES", "CurrentRun", "RunDraft", "RunFields", "checked_texts", "merge_tags"]

TEXTS = {
    "name": "display_name",
    "notes": "notes",
    "description": "description",
    "group": "group",
    "job_type": "job_type",
}
VARIABLES = {
    "display_name": "displayName",
    "job_type": "jobType",
    "summary_metrics": "summaryMetrics",
}
"""The fields of a patch whose variables have another name."""


@dataclass(frozen=True, slots=True)
class RunFields:
    """The small settable fields of a run."""

    name: str | None = None
    notes: str | None = None
    description: str | None = None
    group: str | None = None
    job_type: str | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CurrentRun:
    """What the server holds now of the fields that are merged.

    Attributes:
        tags: The tags.
        config: The config, as JSON text.
        summary: The summary, as JSON text.
    """

    tags: tuple[str, ...] = ()
    config: str | None = None
    summary: str | None = None


@dataclass(frozen=True, slots=True)
class RunDraft:
    """A run as it was loaded and as it has been edited.

    Attributes:
        original: The small fields as loaded.
        edited: The small fields as edited.
        config: The config; None where nobody has read it.
        summary: The summary; None where nobody has read it.
    """

    original: RunFields
    edited: RunFields
    config: Config | None = None
    summary: SummaryData | None = None

    def changed(self) -> frozenset[str]:
        """Return the names of the edited fields: of `RunFields`, `config` and `summary`."""
        pairs = (
            (name, getattr(self.original, name), getattr(self.edited, name)) for name in (*TEXTS, "tags")
        )
        names = {name for name, original, edited in pairs if original != edited}
        if self.config is not None and self.config.is_changed():
            names.add("config")
        if self.summary is not None and summaries.is_changed(self.summary):
            names.add("summary")
        return frozenset(names)

    def merges(self) -> frozenset[str]:
        """Return the edited fields that are merged, so that the server's present values are needed."""
        return self.changed() & {"tags", "config", "summary"}

    def patch(self, current: CurrentRun) -> dict[str, str | list[str]]:
        """Return what `UpdateRun` is to set, in snake case; empty where nothing was edited.

        A text that was set to None is sent empty, because the server takes null as "unchanged".

        Args:
            current: What the server holds now of the fields in `merges()`.
        """
        changed = self.changed()
        variables: dict[str, str | list[str]] = {
            variable: getattr(self.edited, name) or "" for name, variable in TEXTS.items() if name in changed
        }
        if "tags" in changed:
            variables["tags"] = merge_tags(self.original.tags, self.edited.tags, current.tags)
        config = self.config.merged_into(current.config) if self.config is not None else None
        if config is not None:
            variables["config"] = config
        summary = summaries.merged_into(self.summary, current.summary) if self.summary is not None else None
        if summary is not None:
            variables["summary_metrics"] = summary
        return variables


def checked_texts(values: object, what: str = "tags") -> list[str]:
    """Return tags, or `what` else has to be several texts, as a list.

    Raises:
        ArgumentError: They are one text, or not all of them are texts.
    """
    given = list(cast("Iterable[object]", values)) if isinstance(values, Iterable) else [values]
    texts = [value for value in given if isinstance(value, str)]
    if isinstance(values, str) or len(texts) < len(given):
        raise ArgumentError(
            f"{what} must be a list of texts, not {values!r}",
            next_step=f"Try [{values!r}]." if isinstance(values, str) else "",
        )
    return texts


def merge_tags(original: Iterable[str], edited: Iterable[str], current: Iterable[str]) -> list[str]:
    """Return the server's tags without those that were removed and with those that were added, each once.

    Where nobody else changed them, the tags are those that were edited, in their order.
    """
    was, mine, now = list(original), list(edited), list(current)
    if now == was:
        return list(dict.fromkeys(mine))
    before = set(was)
    removed = before - set(mine)
    kept = [tag for tag in now if tag not in removed]
    return list(dict.fromkeys([*kept, *(tag for tag in mine if tag not in before)]))
