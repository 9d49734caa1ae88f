"""History without I/O: arguments checked, step windows planned, rows decoded, two stores merged.

A run's history lives in two stores: parquet files that the server exports now and then, and a live tail that
only the GraphQL query has. `plan_parts` says which store answers for which steps, `Windows` cuts the live
parts into requests, `decode_rows` turns answers into rows, `TailMerge` joins the two where they overlap.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Literal, TypeAlias, cast

from pydantic_core import from_json

from wandkit._core.collector import uncollected
from wandkit._core.near import did_you_mean, near_matches
from wandkit.errors import AnswerError, ArgumentError

__all__ = [
    "How",
    "Pace",
    "Part",
    "Row",
    "ScanRequest",
    "StepRange",
    "Stream",
    "TailMerge",
    "Window",
    "Windows",
    "check_keys",
    "check_samples",
    "check_steps",
    "decode_rows",
    "has_non_finite_text",
    "holding_steps",
    "join_rows",
    "key_count",
    "key_names",
    "last_step_of",
    "live_start",
    "missing_keys",
    "outer_join",
    "plan_parts",
    "restore_numbers",
    "restore_values",
    "sample_spec",
    "select_keys",
    "without_step",
]

Row: TypeAlias = dict[str, Any]
"""One logged step: metric name to value."""

How: TypeAlias = Literal["inner", "outer"]
"""Which rows a scan with keys gives: those that have all of the keys, or any of them."""

Stream: TypeAlias = Literal["default", "system"]
"""Which history: what the run logged, or what its machine measured."""

WIDEST_WINDOW = 1 << 40
NON_FINITE = re.compile(r'(?<=[:\[,\s])"(NaN|-?Infinity)"(?=\s*[,}\]])')
PLAIN_NUMBERS = {int, float, bool, type(None)}
NUMBERS = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}


def check_keys(keys: Sequence[str] | None, *, stream: str = "default") -> list[str] | None:
    """Return `keys` as a list, None for all of them.

    Raises:
        ArgumentError: Not a list of texts, empty, or given for the system metrics.
    """
    if stream not in ("default", "system"):
        raise ArgumentError(f"unknown stream {stream!r}", next_step='Use "default" or "system".')
    if keys is None:
        return None
    if isinstance(keys, (str, bytes)) or not isinstance(cast("object", keys), Iterable):
        raise ArgumentError(
            f"keys must be a list of metric names, not {keys!r}", next_step=f"Try keys=[{keys!r}]."
        )
    names = list(keys)
    wrong = [name for name in cast("list[object]", names) if not isinstance(name, str)]
    if wrong or not names:
        what = f"{wrong[0]!r} is not a metric name" if wrong else "keys is empty"
        raise ArgumentError(
            f"{what}; keys must be a list of metric names", next_step="Leave keys out to get all of them."
        )
    if stream == "system":
        raise ArgumentError(
            "keys cannot be given for system metrics", next_step='Leave keys out with stream="system".'
        )
    return list(dict.fromkeys(names))


def check_samples(samples: int) -> int:
    """Return `samples`, which has to be a positive whole number."""
    if (
        isinstance(cast("object", samples), bool)
        or not isinstance(cast("object", samples), int)
        or samples < 1
    ):
        raise ArgumentError(f"samples must be a positive whole number, not {samples!r}")
    return samples


def check_steps(page_size: int, min_step: int | None, max_step: int | None, how: str) -> None:
    """Raise ArgumentError where the bounds of a scan make no sense."""
    if page_size < 1:
        raise ArgumentError(f"page_size must be a positive whole number, not {page_size!r}")
    if min_step is not None and min_step < 0:
        raise ArgumentError(f"min_step must not be negative, but is {min_step}")
    if min_step is not None and max_step is not None and max_step < min_step:
        raise ArgumentError(f"max_step {max_step} is below min_step {min_step}")
    if how not in ("inner", "outer"):
        raise ArgumentError(
            f"unknown how {how!r}", next_step='Use "inner" (rows with all keys) or "outer" (rows with any).'
        )


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
        return self.keys is None and not self.min_step and self.max_step is None

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


def join_rows(texts: Sequence[str]) -> str:
    """Join the JSON texts of rows into the text of one JSON array, in one copy."""
    if len(texts) < 2:
        return f"[{texts[0]}]" if texts else "[]"
    return ",".join([f"[{texts[0]}", *texts[1:-1], f"{texts[-1]}]"])


def has_non_finite_text(text: str) -> bool:
    """Whether `text` may hold a non-finite number in the wire's spelling."""
    # Single letters are found many times faster, and are rare in most rows.
    return ("N" in text and '"NaN"' in text) or ("I" in text and 'Infinity"' in text)


def restore_numbers(text: str) -> str:
    """Turn the values `"NaN"`, `"Infinity"` and `"-Infinity"` of a JSON text into bare number tokens."""
    return NON_FINITE.sub(r"\1", text)


def decode_rows(texts: Sequence[str]) -> list[Row]:
    """Decode the JSON texts of rows, all at once; texts of non-finite numbers become floats.

    Raises:
        AnswerError: A row is not a JSON object.
    """
    if not texts:
        return []
    joined = join_rows(texts)
    if has_non_finite_text(joined):
        joined = restore_numbers(joined)
    try:
        with uncollected():
            rows = from_json(joined, cache_strings="keys")
    except ValueError as error:
        raise AnswerError(f"a history row is not JSON: {error}") from error
    if len(rows) != len(texts) or set(map(type, rows)) != {dict}:
        raise AnswerError("a history row is not a JSON object")
    return cast("list[Row]", rows)


def restore_values(rows: Sequence[Row], keys: Sequence[str]) -> None:
    """Turn the wire's texts of non-finite numbers into floats, in place, in rows that came decoded.

    Looks into a column only where it holds anything but numbers.
    """
    for key in keys:
        if not _kinds_of(rows, key) <= PLAIN_NUMBERS:
            for row in rows:
                if key in row:
                    row[key] = _restored(row[key])


def _kinds_of(rows: Sequence[Row], key: str) -> set[type]:
    """The types of the values of a key; the quick way where every row has it."""
    try:
        return {*map(type, map(itemgetter(key), rows))}
    except KeyError:
        return {type(row.get(key)) for row in rows}


def _restored(value: Any) -> Any:
    if isinstance(value, str):
        return NUMBERS.get(value, value)
    if isinstance(value, list):
        return [_restored(item) for item in cast("Sequence[Any]", value)]
    if isinstance(value, dict):
        return {key: _restored(item) for key, item in cast("Mapping[str, Any]", value).items()}
    return value


def key_names(index: Mapping[str, Any] | None) -> list[str]:
    """Return the metric names of a `historyKeys` answer."""
    keys = (index or {}).get("keys")
    return list(cast("Mapping[str, Any]", keys)) if isinstance(keys, Mapping) else []


def last_step_of(index: Mapping[str, Any] | None, tail: str | None = None) -> int | None:
    """Return the last logged step by a `historyKeys` answer, else by `historyTail`; None for neither."""
    step = (index or {}).get("lastStep")
    if isinstance(step, (int, float)) and step >= 0:
        return int(step)
    try:
        decoded: Any = from_json(tail) if tail else []
        rows: list[Any] = [from_json(row) if isinstance(row, str) else row for row in decoded]
    except (ValueError, TypeError):
        return None
    return max(map(int, _steps_of(rows)), default=None)


def _steps_of(rows: Iterable[Any]) -> Iterator[float]:
    for row in rows:
        step = cast("Mapping[str, Any]", row).get("_step") if isinstance(row, Mapping) else None
        if isinstance(step, (int, float)):
            yield step


def key_count(index: Mapping[str, Any] | None, keys: Sequence[str]) -> int | None:
    """Return at most how many rows hold all of `keys` by the server's index; None where it does not say."""
    known = cast("Mapping[str, Any]", (index or {}).get("keys") or {})
    counts: list[int] = []
    for key in keys:
        types = cast("Mapping[str, Any]", known.get(key) or {}).get("typeCounts")
        if not isinstance(types, list):
            continue
        counts.append(sum(int(entry.get("count") or 0) for entry in cast("list[Mapping[str, Any]]", types)))
    return min(counts) if counts else None


def missing_keys(keys: Sequence[str], known: Sequence[str]) -> list[str]:
    """Return a sentence for each key that the run never logged, with the logged names that look like it."""
    logged = set(known)
    return [
        f"no row has {key!r}. {did_you_mean(near_matches(key, known))}".rstrip()
        for key in keys
        if key not in logged
        and not key.startswith("_")
        and not any(name.startswith(f"{key}.") for name in logged)
    ]


def live_start(live_data: Sequence[Any] | None) -> int | None:
    """Return the first step of the live tail by a `liveData` answer; None where there is no live row."""
    rows = [from_json(entry) if isinstance(entry, str) else entry for entry in live_data or ()]
    return min(map(int, _steps_of(rows)), default=None)


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


def lookup(row: Mapping[str, Any], key: str) -> Any:
    """Return the value of `key` in a row, also where its dots mean nesting; None where there is none."""
    if key in row:
        return row[key]
    head, dot, rest = key.partition(".")
    while dot:
        inner = row.get(head)
        if isinstance(inner, Mapping):
            found = lookup(cast("Mapping[str, Any]", inner), rest)
            if found is not None:
                return found
        more, dot, rest = rest.partition(".")
        head = f"{head}.{more}"
    return None


def select_keys(rows: Iterable[Row], keys: Sequence[str], how: How) -> list[Row]:
    """Keep only `keys`; leave out rows that lack any of them (`inner`), or all of them (`outer`)."""
    selected: list[Row] = []
    for row in rows:
        kept = {key: value for key in keys if (value := lookup(row, key)) is not None}
        metrics = len(kept) if how == "inner" else sum(not key.startswith("_") for key in kept)
        enough = (
            metrics == len(keys)
            if how == "inner"
            else metrics > 0 or (kept and all(k.startswith("_") for k in keys))
        )
        if enough:
            selected.append(kept)
    return selected


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
