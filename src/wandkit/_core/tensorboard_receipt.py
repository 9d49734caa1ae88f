"""What came of a sync of event files: what was read, what was sent, and what was left out and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from wandkit._core.receipt import ItemFailure

__all__ = ["SkippedTag", "TensorboardReceipt", "TensorboardTally"]

NON_FINITE = "non-finite numbers, sent as NaN, Infinity or -Infinity"
NO_TIME = "events whose wall time is no number: they have that of the event before them in their file"
OFF_STEP = (
    "rows whose step is behind or too large: they have the next free `_step`, and theirs as `global_step`"
)


@dataclass(frozen=True, slots=True)
class SkippedTag:
    """Values of one tag that were not sent.

    Attributes:
        file: The event file, by its place below the folder.
        tag: The tag in that file; for events that are no summaries, their kind.
        reason: Why they were not sent.
        count: How many values.
    """

    file: str
    tag: str
    reason: str
    count: int = 1

    def __str__(self) -> str:
        """Return all of it in one line."""
        return f"{self.file}: {self.tag!r}, {self.count} value{'s' if self.count != 1 else ''}: {self.reason}"


@dataclass(frozen=True, slots=True)
class TensorboardReceipt:
    """The account of one sync: `read` is the sum of what was sent, known, configured and skipped.

    Attributes:
        files: How many event files were read.
        events: How many events they hold.
        read: How many values they hold; a graph or a damaged event counts as one.
        sent: How many of them were sent now, by kind: `scalar`, `histogram`, `tensor`, `image`, …
        known: How many the run had from an earlier sync, so that they were not sent again.
        configured: How many were hyperparameters, which are in the run's config now.
        rows: How many history rows were written.
        media: How many files were uploaded.
        skipped: The values that were not sent, by file, tag and reason.
        notes: What became of values that have no exact form in a run, each with how often.
        failures: The files that are truncated, corrupt or unreadable; what they hold before that was kept.
    """

    files: int = 0
    events: int = 0
    read: int = 0
    sent: Mapping[str, int] = field(default_factory=dict[str, int])
    known: int = 0
    configured: int = 0
    rows: int = 0
    media: int = 0
    skipped: Sequence[SkippedTag] = ()
    notes: Mapping[str, int] = field(default_factory=dict[str, int])
    failures: Sequence[ItemFailure] = ()

    @property
    def complete(self) -> bool:
        """Whether every value of every file is in the run now."""
        return not (self.skipped or self.failures)

    def __str__(self) -> str:
        """Return the account in one line."""
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(self.sent.items()))
        parts = [
            f"{self.read} values in {self.files} file{'s' if self.files != 1 else ''}",
            f"{sum(self.sent.values())} sent" + (f" ({kinds})" if kinds else ""),
            f"{self.rows} rows",
        ]
        if self.known:
            parts.append(f"{self.known} known already")
        if self.configured:
            parts.append(f"{self.configured} in the config")
        if self.skipped:
            parts.append(f"{sum(entry.count for entry in self.skipped)} skipped")
        if self.failures:
            parts.append(f"failed: {self.failures[0]}")
            if len(self.failures) > 1:
                parts[-1] += f" and {len(self.failures) - 1} more"
        return ", ".join(parts)

    def __repr__(self) -> str:
        """Return the account in one line, and whether it is complete."""
        return f"<TensorboardReceipt {'complete' if self.complete else 'incomplete'}: {self}>"


class TensorboardTally:
    """Counts while a sync goes on; `receipt` says how far it is."""

    def __init__(self) -> None:
        self.files = self.events = self.read = self.known = self.configured = self.rows = self.media = 0
        self.sent: Counter[str] = Counter()
        self.notes: Counter[str] = Counter()
        self._skipped: Counter[tuple[str, str, str]] = Counter()
        self._failures: dict[str, str] = {}

    def skip(self, file: str, tag: str, reason: str) -> None:
        """Count one value that is not sent."""
        self._skipped[file, tag, reason] += 1
        self.read += 1

    def note(self, what: str, count: int = 1) -> None:
        """Count what happened to values that are sent."""
        if count:
            self.notes[what] += count

    def fail(self, file: str, error: str | None) -> None:
        """Say what is wrong with a file; None where nothing is any more."""
        if error is None:
            self._failures.pop(file, None)
        else:
            self._failures[file] = error

    def receipt(self) -> TensorboardReceipt:
        """Return the account so far."""
        return TensorboardReceipt(
            files=self.files,
            events=self.events,
            read=self.read,
            sent=dict(self.sent),
            known=self.known,
            configured=self.configured,
            rows=self.rows,
            media=self.media,
            skipped=tuple(SkippedTag(*key, count) for key, count in sorted(self._skipped.items())),
            notes=dict(self.notes),
            failures=tuple(ItemFailure(*entry) for entry in sorted(self._failures.items())),
        )
