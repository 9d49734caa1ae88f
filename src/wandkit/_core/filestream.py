"""The file_stream protocol without I/O: rows become numbered lines, lines become requests that may safely be
repeated.

Every line of a run's history, system metrics and console has a number, and a request says at which number
its lines start. So a request that is sent twice changes nothing, and one that follows a lost answer may
simply overlap.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, cast

from wandkit._core.history import last_step_of, restore_numbers
from wandkit._core.jsonvalue import read_json
from wandkit.errors import ArgumentError

__all__ = [
    "EVENTS",
    "HISTORY",
    "OUTPUT",
    "SUMMARY",
    "Chunk",
    "FileStream",
    "StreamStart",
    "checked_step",
    "encode_row",
    "merge_summary",
]

HISTORY = "wandb-history.jsonl"
EVENTS = "wandb-events.jsonl"
SUMMARY = "wandb-summary.json"
OUTPUT = "output.log"

LARGEST_CHUNK_BYTES = 4 << 20
LARGEST_CHUNK_LINES = 10_000
LARGEST_ARRAY = 32
HISTOGRAM_BINS = 64
MOST_STEPS = 1 << 62


@dataclass(frozen=True, slots=True)
class StreamStart:
    """Where a run stands on the server before this process writes to it.

    Attributes:
        lines: How many lines each file has.
        next_step: The step that the next row gets.
        runtime_s: Seconds that the run had been running for.
        summary: The server's summary.
    """

    lines: Mapping[str, int] = field(default_factory=dict[str, int])
    next_step: int = 0
    runtime_s: float = 0.0
    summary: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @classmethod
    def of(
        cls,
        *,
        history: int | None,
        events: int | None,
        output: int | None,
        index: Mapping[str, Any] | None,
        tail: str | None,
        summary: str | None,
    ) -> StreamStart:
        """Read the server's answer: line counts, the key index, the last rows and the summary."""
        stored: object = read_json(restore_numbers(summary)) if summary else {}
        known = cast("dict[str, Any]", stored) if isinstance(stored, dict) else {}
        last = last_step_of(index, tail)
        runtime = known.get("_runtime")
        return cls(
            lines={HISTORY: history or 0, EVENTS: events or 0, OUTPUT: output or 0},
            next_step=0 if last is None or not history else last + 1,
            runtime_s=float(runtime) if isinstance(runtime, (int, float)) and math.isfinite(runtime) else 0.0,
            summary=known,
        )


@dataclass(frozen=True, slots=True)
class Chunk:
    """One request: its body, and how far the lines of each file are once it is acknowledged."""

    body: dict[str, Any]
    reaches: Mapping[str, int]
    summary: str | None = None
    final: bool = False


class FileStream:
    """What is logged and not yet acknowledged by the server, with the rules for steps and the summary.

    A row without a step is complete at once. A row with a step stays open, so that more values can join it,
    until a later step, a row without one, or `commit`.

    Attributes:
        dropped: How many rows were left out because their step was already behind.
    """

    def __init__(self, start: StreamStart, *, now: Callable[[], float]) -> None:
        self.dropped = 0
        self._now = now
        self._began = now() - start.runtime_s
        self._step = start.next_step
        self._open: dict[str, Any] | None = None
        self._lines: dict[str, list[str]] = {HISTORY: [], EVENTS: [], OUTPUT: []}
        self._acknowledged = {HISTORY: 0, EVENTS: 0, OUTPUT: 0} | dict(start.lines)
        self._summary = dict(start.summary)
        self._summary_sent: str | None = None
        self._summary_changed = False

    @property
    def step(self) -> int:
        """The step that the next row without one gets."""
        return self._step

    @property
    def pending(self) -> int:
        """How many lines are not acknowledged yet, the open row included."""
        return sum(map(len, self._lines.values())) + (self._open is not None)

    @property
    def sendable(self) -> bool:
        """Whether there is anything to send now: the open row does not count, it may still grow."""
        return any(self._lines.values()) or self._summary_changed

    @property
    def summary(self) -> Mapping[str, Any]:
        """The last value of every metric."""
        return self._summary

    def log(self, row: Mapping[str, Any], step: int | None = None) -> bool:
        """Take one row; return False where its step is behind and it was left out.

        Raises:
            ArgumentError: The row is not a mapping of names to values that JSON can hold, or its step is no
                whole number.
        """
        values = _plain(row)
        step = checked_step(values.pop("_step", None) if step is None else step)
        if step is not None or self._open is not None:
            encode_row(values)  # refused now, not when other calls have completed the row
        if step is not None and step < self._step:
            self.dropped += 1
            return False
        if self._open is not None and step is not None and step > self._step:
            self.commit()
        if step is not None:
            self._step = step
        stamped = values if "_timestamp" in values else values | {"_timestamp": self._now()}
        self._open = stamped if self._open is None else self._open | stamped
        if step is None:
            self.commit()
        return True

    def edit_summary(self, edit: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """Change the summary beside the rows; the next request that brings it brings that too."""
        self._summary = edit(self._summary)
        self._summary_changed = True

    def commit(self) -> None:
        """Complete the open row, if there is one."""
        row, self._open = self._open, None
        if row is None:
            return
        row.setdefault("_runtime", max(0.0, row["_timestamp"] - self._began))
        row["_step"] = self._step
        self._step += 1
        self._lines[HISTORY].append(encode_row(row))
        merge_summary(self._summary, row)
        self._summary_changed = True

    def log_system(self, row: Mapping[str, Any]) -> None:
        """Take one row of system metrics; names get the prefix `system.` where they lack it."""
        values = {
            key if key.startswith(("system.", "_")) else f"system.{key}": value
            for key, value in _plain(row).items()
        }
        values.setdefault("_timestamp", self._now())
        values.setdefault("_runtime", max(0.0, values["_timestamp"] - self._began))
        self._lines[EVENTS].append(encode_row(values))

    def print_text(self, text: str, *, error: bool = False) -> None:
        """Take console output, one line or more; what is no Unicode becomes question marks.

        Raises:
            ArgumentError: It is no text.
        """
        if not isinstance(cast("object", text), str):
            raise ArgumentError(f"a console line is a text, not {type(text).__name__}")
        stamp = datetime.fromtimestamp(self._now(), timezone.utc).isoformat().replace("+00:00", "")
        storable = text.encode(errors="replace").decode()
        for line in storable.splitlines() or [""]:
            self._lines[OUTPUT].append(f"{'ERROR ' if error else ''}{stamp} {line}")

    def close(self) -> None:
        """Complete the open row and note in the summary how long the run took, as the web app shows it.

        Rows that were made elsewhere say it themselves: they may span more time than their sending.
        """
        self.commit()
        logged = self._summary.get("_runtime")
        last = logged if isinstance(logged, (int, float)) and math.isfinite(logged) else 0.0
        self._summary["_wandb"] = {"runtime": int(max(last, self._now() - self._began))}
        self._summary_changed = True

    def next_chunk(self) -> Chunk | None:
        """Return the next request, the same until `acknowledge`; None where there is nothing to send."""
        files: dict[str, Any] = {}
        reaches = dict(self._acknowledged)
        room = LARGEST_CHUNK_BYTES
        for name, lines in self._lines.items():
            taken = _fitting(lines, room)
            if not taken:
                continue
            files[name] = {"offset": self._acknowledged[name], "content": taken}
            reaches[name] += len(taken)
            room -= sum(map(len, taken))
        summary = self._summary_text()
        if summary is not None:
            files[SUMMARY] = {"offset": 0, "content": [summary]}
        return Chunk({"files": files}, reaches, summary) if files else None

    def final_chunk(self, exit_code: int) -> Chunk:
        """Return the request that ends the run."""
        return Chunk({"complete": True, "exitcode": exit_code}, dict(self._acknowledged), final=True)

    def acknowledge(self, chunk: Chunk) -> None:
        """Forget the lines of a request that the server has answered."""
        for name, reaches in chunk.reaches.items():
            done = reaches - self._acknowledged[name]
            if done > 0:
                del self._lines[name][:done]
                self._acknowledged[name] = reaches
        if chunk.summary is not None:
            self._summary_sent = chunk.summary

    def _summary_text(self) -> str | None:
        """The summary, where it differs from what the server has."""
        if not self._summary_changed:
            return None
        text = encode_row(self._summary)
        if text == self._summary_sent:
            self._summary_changed = False
            return None
        return text


def _fitting(lines: Sequence[str], room: int) -> list[str]:
    """The first lines that fit in one request; at least one where there is room at all."""
    taken: list[str] = []
    for line in lines[:LARGEST_CHUNK_LINES]:
        room -= len(line)
        if room < 0 and taken:
            break
        taken.append(line)
        if room <= 0:
            break
    return taken


def merge_summary(summary: dict[str, Any], row: Mapping[str, Any]) -> None:
    """Put a row into the summary, in place: the last value of every metric, nested ones leaf by leaf."""
    for key, value in row.items():
        known = summary.get(key)
        if (
            isinstance(value, dict)
            and isinstance(known, dict)
            and "_type" not in value
            and "_type" not in known
        ):
            merge_summary(cast("dict[str, Any]", known), cast("dict[str, Any]", value))
        else:
            summary[key] = dict(cast("dict[str, Any]", value)) if isinstance(value, dict) else value


def encode_row(row: Mapping[str, Any]) -> str:
    """Return a row as one line of JSON; numbers that are not finite become the texts that the wire has for
    them.

    Raises:
        ArgumentError: A value is nothing that JSON can hold.
    """
    from pydantic_core import PydanticSerializationError, to_json

    try:
        return to_json(row, inf_nan_mode="strings").decode()
    except PydanticSerializationError as error:
        raise ArgumentError(f"a logged value cannot be written as JSON: {error}") from error


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with plain Python values; checked now, so that the error points at the call that logs it."""
    if not isinstance(cast("object", row), Mapping):
        raise ArgumentError(f"a row must be a mapping of names to values, not {type(row).__name__}")
    values: dict[str, Any] = {}
    for key, value in row.items():
        if not isinstance(cast("object", key), str):
            raise ArgumentError(f"the metric name {key!r} is not a text")
        values[key] = value if type(value) in (float, int, str, bool) else _checked_value(key, value)
    stamp = values.get("_timestamp", 0.0)
    if isinstance(stamp, bool) or not isinstance(stamp, (int, float)) or not math.isfinite(stamp):
        raise ArgumentError(f"_timestamp must be a number of seconds, not {stamp!r}")
    return values


def _checked_value(key: str, value: Any) -> Any:
    try:
        return _plain_value(key, value)
    except RecursionError:
        raise ArgumentError(f"the value of {key!r} is nested too deeply, or holds itself") from None


def _plain_value(key: str, value: Any) -> Any:
    """A value as JSON types: scalars of numpy and tensors unpacked, large arrays summed up as histograms."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Mapping):
        items = cast("dict[Any, Any]", value).items()
        return {str(name): _plain_value(key, item) for name, item in items}
    if isinstance(value, (list, tuple, set, frozenset, range)):
        return [_plain_value(key, item) for item in cast("Sequence[Any]", value)]
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    if getattr(value, "ndim", None) == 0 and hasattr(value, "item"):
        return _plain_value(key, value.item())
    if hasattr(value, "tolist"):
        return value.tolist() if getattr(value, "size", 0) <= LARGEST_ARRAY else _histogram(value)
    return _through_json(key, value)


def _through_json(key: str, value: Any) -> Any:
    """A value of another kind as JSON types, where pydantic knows it: dates, paths, models, dataclasses."""
    from pydantic_core import PydanticSerializationError, from_json, to_json

    try:
        return from_json(to_json(value, inf_nan_mode="constants"))
    except (PydanticSerializationError, ValueError) as error:
        raise ArgumentError(
            f"the value of {key!r} is a {type(value).__name__}, which cannot be logged",
            next_step="Log numbers, texts, booleans, and lists and dicts of them.",
        ) from error


def _histogram(array: Any) -> Any:
    """A numpy array as the histogram that the web app draws."""
    import numpy

    try:
        finite = array[numpy.isfinite(array)]
        counts, edges = numpy.histogram(finite, bins=HISTOGRAM_BINS)
    except (TypeError, ValueError):
        return array.tolist()
    return {"_type": "histogram", "values": counts.tolist(), "bins": edges.tolist()}


def checked_step(step: Any) -> int | None:
    """Return a step as an integer, None for none.

    Raises:
        ArgumentError: It is no whole number from 0 on, or one that servers do not keep.
    """
    if step is None:
        return None
    if hasattr(step, "item"):
        step = step.item()
    is_number = isinstance(step, (int, float)) and not isinstance(step, bool)
    if not is_number or not 0 <= step < MOST_STEPS or step != int(step):
        raise ArgumentError(f"step must be a whole number from 0 on, not {step!r}")
    return int(step)
