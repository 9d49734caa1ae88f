"""Plans of bulk changes: what would be done to each run, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wandkit._core.jsontext import same, to_json
from wandkit._core.receipt import ItemFailure, Receipt
from wandkit._core.select import Part
from wandkit.errors import ArgumentError

__all__ = ["Difference", "PlanOutcome", "PlannedChange", "RunEdit"]

SHOWN = 20


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that changes.

    Attributes:
        field: Which one: `tags`, `notes`, `config.lr`.
        before: Its value when the plan was made; None where there was none.
        after: Its value afterwards; None where it is removed.
    """

    field: str
    before: object
    after: object

    @property
    def is_real(self) -> bool:
        """Whether the values differ; nothing and an empty text are the same."""
        before = None if self.before == "" else self.before
        after = None if self.after == "" else self.after
        return not same(before, after)

    def __str__(self) -> str:
        """Return the field and both values."""
        return f"{self.field}: {self.before!r} → {self.after!r}"


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """What a plan does to one run.

    Attributes:
        path: The run's path.
        name: Its display name.
        differences: The fields that change; none where the run is deleted.
    """

    path: str
    name: str | None
    differences: Sequence[Difference] = ()

    def __str__(self) -> str:
        """Return the run and what changes, in one line."""
        shown = f"{self.path} ({self.name})" if self.name else self.path
        return f"{shown}: {'; '.join(map(str, self.differences))}" if self.differences else shown


@dataclass(frozen=True, slots=True)
class PlanOutcome:
    """What came of a plan, run by run.

    Attributes:
        done: The paths of the runs that were changed now.
        skipped: Those that the journal says were changed before.
        failures: Those that could not be changed, and why.
        dry_run: True where nothing was sent.
    """

    done: Sequence[str] = ()
    skipped: Sequence[str] = ()
    failures: Sequence[ItemFailure] = ()
    dry_run: bool = False

    @property
    def receipt(self) -> Receipt:
        """The account: runs changed, now or before, of those planned."""
        changed = len(self.done) + len(self.skipped)
        return Receipt(received=changed, expected=changed + len(self.failures), failures=self.failures)

    def __str__(self) -> str:
        """Return the counts, and the first failures."""
        if self.dry_run:
            return f"dry run: {len(self.done)} would be changed, {len(self.skipped)} were changed before"
        head = f"{len(self.done)} changed, {len(self.skipped)} changed before, {len(self.failures)} failed"
        return "\n".join([head, *(f"  {failure}" for failure in self.failures[:SHOWN])])


@dataclass(frozen=True, slots=True)
class RunEdit:
    """One edit, the same for many runs.

    Attributes:
        texts: Small fields to set; None clears one.
        add_tags: Tags to add.
        remove_tags: Tags to remove.
        config: Config values to set.
        summary: Summary values to set.
        unset_config: Config keys to remove.
    """

    texts: Mapping[str, str | None] = field(default_factory=dict[str, "str | None"])
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    config: Mapping[str, object] = field(default_factory=dict[str, object])
    summary: Mapping[str, object] = field(default_factory=dict[str, object])
    unset_config: tuple[str, ...] = ()

    @property
    def touches_config(self) -> bool:
        """Whether the config is edited."""
        return bool(self.config or self.unset_config)

    @property
    def parts(self) -> list[Part]:
        """The large parts of runs that the edit has to be compared with."""
        parts: list[Part] = ["config"] if self.touches_config else []
        return [*parts, "summary"] if self.summary else parts

    def check(self) -> None:
        """Refuse an edit that changes nothing or contradicts itself.

        Raises:
            ArgumentError: It does.
        """
        if not (self.texts or self.add_tags or self.remove_tags or self.touches_config or self.summary):
            raise ArgumentError(
                "The plan changes nothing.", next_step="Say what: add_tags=[…], config={…}, …"
            )
        both = sorted({*self.add_tags} & {*self.remove_tags}) or sorted({*self.config} & {*self.unset_config})
        if both:
            raise ArgumentError(f"The plan both sets and removes {both[0]!r}.", next_step="Choose one.")

    def tags_of(self, tags: Iterable[str]) -> list[str]:
        """Return the tags of a run after the edit."""
        kept = [tag for tag in tags if tag not in self.remove_tags]
        return list(dict.fromkeys([*kept, *self.add_tags]))

    def edit_config(self, config: MutableMapping[str, Any]) -> None:
        """Edit a run's config."""
        config.update(self.config)
        for key in self.unset_config:
            config.pop(key, None)

    def summary_differences(self, summary: Mapping[str, Any]) -> list[Difference]:
        """Return what the edit changes of a run's summary."""
        return [Difference(f"summary.{key}", summary.get(key), value) for key, value in self.summary.items()]

    def config_differences(self, config: Mapping[str, Any]) -> list[Difference]:
        """Return what the edit changes of a run's config."""
        changed = [Difference(f"config.{key}", config.get(key), value) for key, value in self.config.items()]
        return changed + [
            Difference(f"config.{key}", config[key], None) for key in self.unset_config if key in config
        ]

    def __str__(self) -> str:
        """Return the edit in words, the same for the same edit."""
        parts = {
            **self.texts,
            "add_tags": list(self.add_tags),
            "remove_tags": list(self.remove_tags),
            "config": to_json(self.config, "config"),
            "summary": to_json(self.summary, "summary"),
            "unset_config": list(self.unset_config),
        }
        given = {name: part for name, part in parts.items() if part or name in self.texts}
        return f"update {json.dumps(given, sort_keys=True)}"
