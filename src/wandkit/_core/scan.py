"""Scans without I/O: which store is read for which steps, in how many requests, and how stores are joined.

A run's history lives in two stores: parquet files that the server exports now and then, and a live tail that
only the GraphQL query has. `plan_parts` says which store answers for which steps, `Windows` cuts the live
parts into requests, `Pace` says how many at once, `TailMerge` joins the stores where they overlap.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from wandkit._core.history import How, Row

__all__ = [
    "Pace",
    "Part",
    "ScanRequest",
    "StepRange",
    "TailMerge",
    "Window",
    "Windows",
    "holding_steps",
    "outer_join",
    "plan_parts",
    "sample_spec",
    "without_step",
]

WIDEST_WINDOW = 1 << 62


def sample_spec(keys: Sequence[str], samples: int, window: Window | None = None) -> str:
    """Return the JSON text of one `sampledHistory` spec; its steps are inclusive at both ends."""
    spec: dict[str, Any] = {"keys": list(keys), "samples": samples}
    if window is not None:
        spec |= {"minStep": window.start, "maxStep": window.stop - 1}
    return json.dumps(spec)


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """What a scan asks for.

    Attributes:
        keys: The metrics; None for all.
        page_size: Steps of one request where every step has a row.
        min_step: The first step.
        max_step: The step before which the scan ends; None for the run's end.
        how: With `keys`: rows that have all of them, or any.
        use_cache: Whether exports that were downloaded before are read again.
    """

    keys: list[str] | None = None
    page_size: int = 1000
    min_step: int | None = None
    max_step: int | None = None
    how: How = "inner"
    use_cache: bool = True

    @property
    def is_whole(self) -> bool:
        """Whether every row of the run is asked for."""
        return self.keys is None and not self.is_bounded

    @property
    def is_bounded(self) -> bool:
        """Whether only some steps are asked for."""
        return bool(self.min_step) or self.max_step is not None

    def wanted(self, last_step: int) -> StepRange:
        """Return the steps to read of a run that came to `last_step`."""
        stop = last_step + 1 if self.max_step is None else min(self.max_step, last_step + 1)
        return StepRange(self.min_step or 0, max(self.min_step or 0, stop))


@dataclass(frozen=True, slots=True)
class StepRange:
    """Steps from `start` up to, but without, `stop`."""

    start: int
    stop: int

    def __len__(self) -> int:
        return max(0, self.stop - self.start)


@dataclass(frozen=True, slots=True)
class Part:
    """A range of steps and its store: the number of an export, or None for the live query."""

    steps: StepRange
    export: int | None = None


def plan_parts(wanted: StepRange, exports: Sequence[StepRange | None], live_from: int | None) -> list[Part]:
    """Say which store is read for which steps, in order.

    Each export is read whole, in the server's order. The live query reads every step that no export covers:
    before the first, between two, after the last, and everything from `live_from` on, where exports and live
    rows may overlap. An export whose steps are unknown (None) is read, but covers nothing.
    """
    parts: list[Part] = []
    reached = wanted.start
    for number, steps in sorted(enumerate(exports), key=lambda item: item[1].start if item[1] else -1):
        if steps is None:
            parts.append(Part(wanted, number))
            continue
        if not len(steps) or steps.stop <= wanted.start or steps.start >= wanted.stop:
            continue
        hole = StepRange(reached, min(steps.start, wanted.stop))
        if len(hole):
            parts.append(Part(hole))
        parts.append(Part(StepRange(max(steps.start, wanted.start), min(steps.stop, wanted.stop)), number))
        reached = max(reached, steps.stop)
    if not len(wanted):
        return parts
    tail_start = reached if live_from is None else max(wanted.start, min(reached, live_from))
    if tail_start < wanted.stop:
        parts.append(Part(StepRange(tail_start, wanted.stop)))
    return parts


def holding_steps(parts: Sequence[Part]) -> list[int | None]:
    """Return for each part the step from which its rows wait for later parts; None where none has to."""
    starts = [part.steps.start for part in parts]
    later = [min(starts[number:], default=None) for number in range(1, len(parts) + 1)]
    return [
        start if start is not None and start < part.steps.stop else None
        for part, start in zip(parts, later, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class Window:
    """One request to the live query: steps from `start` up to `stop`, at most `samples` rows."""

    start: int
    stop: int
    samples: int

    def may_be_capped(self, received: int) -> bool:
        """Whether rows may be missing from an answer of `received` rows."""
        return received >= self.samples

    def split(self) -> tuple[Window, ...]:
        """Return the windows to read instead: two halves, or one step with a higher cap."""
        if self.stop - self.start <= 1:
            return (Window(self.start, self.stop, self.samples * 8),)
        middle = (self.start + self.stop) // 2
        return (Window(self.start, middle, self.samples), Window(middle, self.stop, self.samples))


class Windows:
    """The windows of a range of steps, in order and in groups, one request each: wider where rows are sparse.

    Args:
        steps: The range.
        page_size: Steps of one window where every step has a row. It asks for one row more, to tell a full
            answer from a capped one.
        density: Rows per step as far as the server's index tells; 1 where unknown.
        per_request: How many windows make a group.
    """

    def __init__(self, steps: StepRange, page_size: int, density: float = 1.0, per_request: int = 1) -> None:
        self._next = steps.start
        self._stop = steps.stop
        self._page_size = page_size
        self._per_request = per_request
        self._width = page_size
        if density < 0.5:
            self._width = self._fitting(density)

    def __iter__(self) -> Iterator[list[Window]]:
        while self._next < self._stop:
            group: list[Window] = []
            while self._next < self._stop and len(group) < self._per_request:
                stop = min(self._next + self._width, self._stop)
                group.append(Window(self._next, stop, self._page_size + 1))
                self._next = stop
            yield group

    def observe(self, window: Window, received: int) -> None:
        """Learn from an answer how wide the windows to come should be."""
        if window.may_be_capped(received):
            self._width = max(self._page_size, self._width // 2)
            return
        width = window.stop - window.start
        if received * 2 <= self._page_size and width >= self._page_size:
            best = self._fitting(received / width) if received else WIDEST_WINDOW
            self._width = max(self._width, min(width * 4, best))

    def _fitting(self, density: float) -> int:
        """The width at which an answer of this density fills about half a page."""
        if density <= 0:
            return min(WIDEST_WINDOW, max(self._page_size, self._stop - self._next))
        return max(self._page_size, min(WIDEST_WINDOW, int(self._page_size * 0.5 / density)))


class Pace:
    """How many requests to have under way: as many as hide the time that an answer takes, and no more.

    So memory stays small where answers are quick, or where the rows are used slowly.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._answer_s: float | None = None
        self._use_s: float | None = None

    def answered(self, seconds: float) -> None:
        """Note how long an answer took; the quickest counts, as others waited for each other."""
        self._answer_s = seconds if self._answer_s is None else min(self._answer_s, seconds)

    def used(self, seconds: float) -> None:
        """Note how long it took until the next answer was wanted."""
        self._use_s = seconds if self._use_s is None else 0.7 * self._use_s + 0.3 * seconds

    def ahead(self) -> int:
        """Return how many requests to have under way or done before they are wanted."""
        if self._answer_s is None or self._use_s is None:
            return min(4, self._most)
        return max(3, min(self._most, math.ceil(self._answer_s / max(self._use_s, 1e-4)) + 2))


def outer_join(tables: Sequence[Sequence[Row]], *, keep_step: bool) -> list[Row]:
    """Join the rows of several keys by `_step`: one row per step that has any of them, in step order."""
    joined: dict[Any, Row] = {}
    for rows in tables:
        for row in rows:
            joined.setdefault(row.get("_step"), {}).update(row)
    ordered = [joined[step] for step in sorted(joined, key=lambda step: (step is None, step or 0))]
    if not keep_step:
        for row in ordered:
            row.pop("_step", None)
    return ordered


def without_step(rows: Sequence[Row]) -> None:
    """Remove `_step` from rows, in place."""
    for row in rows:
        row.pop("_step", None)


class TailMerge:
    """Joins the rows of stores that overlap: nothing twice, nothing lost, in step order.

    Rows that a later store may have as well are held back; the later store's row takes their place unless
    the timestamps say that they are two.

    Attributes:
        duplicates: How many rows were left out because the later store has them.
    """

    def __init__(self) -> None:
        self.duplicates = 0
        self._held: list[Row] = []

    def hold(self, rows: list[Row], start: int | None) -> list[Row]:
        """Keep rows from the step `start` on back; return the others."""
        if start is None:
            return rows
        kept: list[Row] = []
        for row in rows:
            step = row.get("_step")
            (self._held if isinstance(step, (int, float)) and step >= start else kept).append(row)
        return kept

    def join(self, rows: list[Row], reaches: int) -> list[Row]:
        """Return rows of the later store, which end before step `reaches`, and the held rows they lack."""
        due = [row for row in self._held if row["_step"] < reaches]
        if not due:
            return rows
        self._held = [row for row in self._held if row["_step"] >= reaches]
        by_step: dict[Any, list[Row]] = {}
        for row in rows:
            by_step.setdefault(row.get("_step"), []).append(row)
        missing = [
            row for row in due if not any(_same(row, other) for other in by_step.get(row["_step"], ()))
        ]
        self.duplicates += len(due) - len(missing)
        if not missing:
            return rows
        return sorted(missing + rows, key=lambda row: row.get("_step", -1))

    def rest(self) -> list[Row]:
        """Return what is still held after the last part."""
        held, self._held = self._held, []
        return held


def _same(held: Row, later: Row) -> bool:
    ours, theirs = held.get("_timestamp"), later.get("_timestamp")
    return ours is None or theirs is None or abs(ours - theirs) < 1e-3
