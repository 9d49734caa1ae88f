"""A folder of event files as a stream of history rows: all files side by side, in the order of their steps.

Memory: a small buffer and one event for each file, and the rows of one batch.
"""

from __future__ import annotations

import heapq
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from wandkit._core.tensorboard_file import EventFile
from wandkit._core.tensorboard_media import MediaFile
from wandkit._core.tensorboard_name import base_folder, is_event_file, namespace_of
from wandkit._core.tensorboard_receipt import NO_TIME, NON_FINITE, OFF_STEP, TensorboardTally
from wandkit._core.tensorboard_row import FinishedRow, Marks, Place, RowMaker
from wandkit._core.tensorboard_value import Converter, Hyperparameters, Skipped, Value
from wandkit.errors import ArgumentError

if TYPE_CHECKING:
    from tensorboard.compat.proto.event_pb2 import Event

__all__ = ["EventFolder", "RowBatch"]

MOST_ROWS = 1000
MOST_BYTES = 4 << 20
MOST_EVENTS = 20_000
NO_VALUES = {
    "graph_def": "a graph has no form in a run",
    "meta_graph_def": "a graph has no form in a run",
    "tagged_run_metadata": "run metadata has no form in a run",
    "log_message": "a log message has no form in a run's history",
}
PLAIN = frozenset({"scalar", "tensor"})


@dataclass(slots=True)
class RowBatch:
    """Some rows, and the files to upload before they are sent.

    Attributes:
        rows: The rows; there may be none where only events were read that the run has already.
        files: The files.
        size: About how many bytes they are.
        events: How many events were read for them.
        more: Whether there is more to read.
    """

    rows: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    files: list[MediaFile] = field(default_factory=list[MediaFile])
    size: int = 0
    events: int = 0
    more: bool = False

    @property
    def full(self) -> bool:
        """Whether it is time to send it."""
        return len(self.rows) >= MOST_ROWS or self.size >= MOST_BYTES or self.events >= MOST_EVENTS

    def add(self, finished: FinishedRow) -> None:
        """Take one row."""
        self.rows.append(finished.row)
        self.files += finished.files
        self.size += finished.size


@dataclass(slots=True)
class _Source:
    """One file in the merge: its events, and the one that is next."""

    file: EventFile
    namespace: str
    converter: Converter
    sent: Place = field(default_factory=Place)
    events: Iterator[Event | str] | None = None
    begins: int = 0
    next: Event | None = None
    moment: float = 0.0
    known: bool = False


class EventFolder:
    """The event files of a folder, or one file.

    Attributes:
        base: The folder that namespaces begin at, relative to the root.
        tally: The account so far.
        config: The hyperparameters that were found.
    """

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self.tally = TensorboardTally()
        self.config: dict[str, Any] = {}
        path = Path(os.path.abspath(os.fspath(root)))
        if not path.exists():
            raise ArgumentError(f"there is no folder {os.fspath(root)!r}")
        self._only = path if path.is_file() else None
        self._root = path.parent if self._only else path
        self._sources: dict[Path, _Source] = {}
        self._converters: dict[str, Converter] = {}
        self._places: Mapping[str, Place] = {}
        self._owners: dict[str, str] = {}
        self._heap: list[tuple[int, float, int, _Source]] = []
        self._began: float | None = None
        self._rows: RowMaker | None = None
        self.base = self._first_base(self._found())

    def require_events(self) -> None:
        """Return where at least one file begins as event files do.

        Raises:
            ArgumentError: There is no such file.
        """
        faults: list[str] = []
        for path in self._found():
            file = self._event_file(path, 1)
            if file is not None and next(file.events(), None) is not None:
                return
            why = "it cannot be opened" if file is None else file.fault or "it is empty"
            faults.append(f"{path.relative_to(self._root).as_posix()}: {why}")
        where = str(self._only or self._root)
        if not faults:
            raise ArgumentError(
                f"there is no event file in {where!r}",
                next_step="Event files have `tfevents` in their name; give the folder that holds them.",
            )
        more = f", and {len(faults) - 1} more like it" if len(faults) > 1 else ""
        raise ArgumentError(f"there is no event in {where!r}: {faults[0]}{more}")

    @property
    def total_bytes(self) -> int:
        """How large the files are that were found so far."""
        return sum(_size_of(path) for path in self._sources)

    @property
    def read_bytes(self) -> int:
        """How far they have been read."""
        return sum(source.file.offset for source in self._sources.values())

    def begin(self, next_step: int, marks: Marks) -> None:
        """Begin to read.

        Args:
            next_step: The lowest step that the run can take.
            marks: What the run has of the files already.
        """
        self._places = marks.places
        self.base = self._base_in(marks) or self.base
        self.look()
        self._rows = RowMaker(next_step, base=self.base, began=self._began or 0.0)

    def look(self) -> None:
        """Take in files that are new and what was written since, to be read by the next `batch`."""
        found = self._found()
        if self._rows is not None and not self._sources:
            self.base = self._rows.base = self._first_base(found)
        for path in found:
            if path not in self._sources:
                self._open(path, len(found))
        for number, source in enumerate(self._sources.values()):
            if source.next is None and source.file.has_more:
                self._advance(source, number)

    def batch(self, *, finish: bool = True) -> RowBatch:
        """Return the next rows.

        Args:
            finish: Whether the last step is complete, too. False leaves it open, as more may be written.
        """
        rows = self._rows
        if rows is None:
            raise ArgumentError("the folder has not been begun to read")
        batch = RowBatch()
        displaced = rows.displaced
        while self._heap and not batch.full:
            _, _, number, source = heapq.heappop(self._heap)
            for finished in self._take(source, rows):
                batch.add(finished)
            self._advance(source, number)
            batch.events += 1
        batch.more = bool(self._heap)
        if finish and not batch.more:
            for finished in rows.finish():
                batch.add(finished)
        self.tally.note(OFF_STEP, rows.displaced - displaced)
        self.tally.rows += len(batch.rows)
        self.tally.media += len(batch.files)
        return batch

    def _first_base(self, found: Sequence[Path]) -> str:
        """Return the folder that namespaces begin at, by the files that there are; relative to the root."""
        base = (
            str(self._root) if self._only or not found else base_folder({str(path.parent) for path in found})
        )
        return os.path.relpath(base, self._root).replace(os.sep, "/")

    def _base_in(self, marks: Marks) -> str | None:
        """Return the folder that an earlier sync of this one let namespaces begin at."""
        if not marks.bases:
            return None
        for path in self._found():
            file = self._event_file(path, 1)
            if file is not None:
                next(file.events(), None)
                if file.id in marks.bases:
                    return marks.bases[file.id]
        return None

    def _found(self) -> list[Path]:
        if self._only:
            return [self._only]
        found: list[Path] = []
        seen: set[str] = set()
        for folder, below, names in os.walk(self._root, followlinks=True):
            real = os.path.realpath(folder)
            if real in seen:
                below.clear()
                continue
            seen.add(real)
            below.sort()
            found += [Path(folder, name) for name in sorted(names) if is_event_file(name)]
        return found

    def _event_file(self, path: Path, of_files: int) -> EventFile | None:
        name = path.relative_to(self._root).as_posix()
        try:
            file = EventFile(path, name, of_files=of_files)
        except Exception as error:  # the reader has errors of its own
            self.tally.fail(name, f"it cannot be opened: {error}")
            return None
        self.tally.fail(name, None)
        return file

    def _open(self, path: Path, of_files: int) -> None:
        file = self._event_file(path, of_files)
        if file is None:
            return
        base = os.path.normpath(self._root / self.base)
        namespace = namespace_of(str(path.parent), base, str(self._root))
        self.tally.files += 1
        converter = self._converters.setdefault(namespace, Converter(namespace))
        self._sources[path] = _Source(file, namespace, converter)

    def _advance(self, source: _Source, number: int) -> None:
        """Read on to the next event that has values."""
        file = source.file
        source.next = None
        if source.events is None:
            source.events = file.events()
        while True:
            source.begins = file.offset
            event = next(source.events, None)
            if event is None:
                source.events = None
                self.tally.fail(file.name, file.fault)
                return
            if not source.known:
                source.known = True
                source.sent = self._places.get(file.id, Place())
            if isinstance(event, str):
                self.tally.skip(file.name, "", event)
                continue
            self.tally.events += 1
            if not math.isfinite(event.wall_time):
                event.wall_time = source.moment
                self.tally.note(NO_TIME)
            source.moment = event.wall_time
            if self._rows is None:
                self._began = min(event.wall_time, self._began or event.wall_time)
            if event.HasField("summary"):
                source.next = event
                heapq.heappush(self._heap, (event.step, event.wall_time, number, source))
                return
            reason = NO_VALUES.get(event.WhichOneof("what") or "")
            if reason is not None:
                self.tally.skip(file.name, event.WhichOneof("what") or "", reason)

    def _take(self, source: _Source, rows: RowMaker) -> Iterator[FinishedRow]:
        """Take the values of the next event."""
        event, file, tally = source.next, source.file, self.tally
        if event is None:
            return
        of_all = len(event.summary.value)
        known = of_all if file.offset <= source.sent.offset else 0
        if not known and source.begins == source.sent.offset:
            known = min(source.sent.values, of_all)
        for learned in source.converter.learn(event, known):
            self._configure(source.namespace, learned.values)
        for found in source.converter.convert(event, known):
            if isinstance(found, Skipped):
                tally.skip(file.name, found.tag, found.reason)
            elif isinstance(found, Hyperparameters):
                tally.read += 1
                tally.configured += 1
                self._configure(source.namespace, found.values)
            else:
                self._count(found)
                whole = found.ends >= of_all
                place = Place(file.offset) if whole else Place(source.begins, found.ends)
                yield from rows.add(file.id, source.namespace, event.step, event.wall_time, found, place)
        tally.known += known
        tally.read += known

    def _count(self, value: Value) -> None:
        self.tally.read += value.count
        self.tally.sent[value.kind] += value.count
        if value.note:
            self.tally.note(value.note)
        if value.kind in PLAIN and not isinstance(value.data, dict):
            self.tally.note(NON_FINITE, _non_finite(value.data))

    def _configure(self, namespace: str, values: Mapping[str, Any]) -> None:
        """Put hyperparameters into the config: by their names, unless another folder has other values."""
        for name, value in values.items():
            owner = self._owners.setdefault(name, namespace)
            differs = owner != namespace and self.config[name] != value
            self.config[f"{namespace}/{name}" if differs else name] = value


def _non_finite(data: object) -> int:
    """Return how many numbers in a number, or a list of them, are not finite."""
    if not isinstance(data, list):
        return isinstance(data, float) and not math.isfinite(data)
    return sum(map(_non_finite, cast("Sequence[object]", data)))


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
