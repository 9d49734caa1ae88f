"""History rows of event files: one for each step, with every value in it and a mark that says which.

The mark, `_tensorboard`, is how a later sync knows what the run has: it is in the row itself, so the server
has both or neither of them, whenever the sync is interrupted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from wandkit._core.filestream import MOST_STEPS
from wandkit._core.tensorboard_media import MediaFile
from wandkit._core.tensorboard_value import Value

__all__ = ["MARK", "FinishedRow", "Marks", "Place", "RowMaker", "write_mark"]

MARK = "_tensorboard"
MOST_OPEN = 64
VALUE_BYTES = 40


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """How far a file has been taken over.

    Attributes:
        offset: Where the last record ends that was taken over whole, in bytes.
        values: How many values of the record after it were.
    """

    offset: int = 0
    values: int = 0

    def __str__(self) -> str:
        """Return it as a mark has it."""
        return f"{self.offset}.{self.values}" if self.values else str(self.offset)


@dataclass(slots=True)
class FinishedRow:
    """A row to send, and the files to upload before."""

    row: dict[str, Any]
    files: list[MediaFile]
    size: int


@dataclass(slots=True)
class _Open:
    """A row in the making."""

    step: int
    values: dict[str, Any] = field(default_factory=dict[str, Any])
    files: list[MediaFile] = field(default_factory=list[MediaFile])
    places: dict[str, Place] = field(default_factory=dict[str, Place])
    moments: dict[str, float] = field(default_factory=dict[str, float])
    size: int = 0


class RowMaker:
    """Joins the values of a step into one row, and gives each row its `_step`.

    That is the step of the event file, unless the run is past it already: steps of a run only grow, and those
    of event files may go back, or come late, or be larger than a run's can be. Such a row gets the next free
    one. `global_step` is always the step of the event file. A key that comes twice in a step makes a second
    row.

    Attributes:
        next_step: The lowest `_step` that the next row may have.
        displaced: How many rows have another `_step` than the event file says.
        base: The folder that namespaces begin at, for the marks.
    """

    def __init__(self, next_step: int, *, base: str, began: float) -> None:
        self.next_step = next_step
        self.displaced = 0
        self.base = base
        self._began = began
        self._open: list[_Open] = []
        self._row_of: dict[str, _Open] = {}

    @property
    def is_open(self) -> bool:
        """Whether there is a row that more values may join."""
        return bool(self._open)

    def add(
        self, file: str, namespace: str, step: int, moment: float, value: Value, place: Place
    ) -> Iterator[FinishedRow]:
        """Take one value, and yield the rows that are finished before it.

        Args:
            file: The id of the file that it comes from.
            namespace: The namespace of that file.
            step: The step in the file.
            moment: The wall time in the file, in seconds.
            value: The value.
            place: How far the file is once the value has been sent.
        """
        if self._open and self._open[0].step != step:
            yield from self.finish()
        row = self._fitting(file, step, value.key)
        if len(self._open) > MOST_OPEN:
            yield self._finished(self._open.pop(0))
        row.values[value.key] = value.data
        row.files += value.files
        row.places[file] = place
        row.moments[namespace] = max(moment, row.moments.get(namespace, moment))
        row.size += VALUE_BYTES + len(value.key) + _size_of(value.data)
        self._row_of[file] = row

    def finish(self) -> Iterator[FinishedRow]:
        """Yield the rows of the step that is open."""
        rows, self._open, self._row_of = self._open, [], {}
        for row in rows:
            yield self._finished(row)

    def _fitting(self, file: str, step: int, key: str) -> _Open:
        """Return the first row without `key`, not before the one that the file's last value is in."""
        last = self._row_of.get(file)
        passed = last is None or all(row is not last for row in self._open)
        for row in self._open:
            passed = passed or row is last
            if passed and key not in row.values:
                return row
        self._open.append(_Open(step))
        return self._open[-1]

    def _finished(self, row: _Open) -> FinishedRow:
        values = row.values
        latest = max(row.moments.values())
        for namespace, moment in row.moments.items():
            if namespace:
                values.setdefault(f"{namespace}/global_step", row.step)
                if moment != latest:
                    values.setdefault(f"{namespace}/wall_time", moment)
        values.setdefault("global_step", row.step)
        step = row.step if self.next_step <= row.step < MOST_STEPS else self.next_step
        self.next_step = step + 1
        self.displaced += step != row.step
        values |= {
            "_step": step,
            "_timestamp": latest,
            "_runtime": max(0.0, latest - self._began),
            MARK: write_mark(row.places, self.base),
        }
        return FinishedRow(values, row.files, row.size + sum(len(file.data) for file in row.files))


def _size_of(data: object) -> int:
    """Return about how many characters a value takes."""
    if isinstance(data, dict):
        return sum(map(_size_of, cast("Mapping[str, object]", data).values()))
    return 20 * len(cast("Sequence[object]", data)) if isinstance(data, list) else 20


def write_mark(places: Mapping[str, Place], base: str) -> str:
    """Return the mark of a row: how far each file is with it, and the folder that namespaces begin at."""
    return ",".join(f"{file}:{place}" for file, place in places.items()) + f";{base}"


class Marks:
    """What the marks of a run's rows say together.

    Attributes:
        places: How far the run has each file.
        bases: The folder that the namespaces of each file begin at.
    """

    def __init__(self) -> None:
        self.places: dict[str, Place] = {}
        self.bases: dict[str, str] = {}

    def add(self, mark: object) -> None:
        """Take the mark of one row; anything else than a mark is passed over."""
        if not isinstance(mark, str):
            return
        files, _, base = mark.partition(";")
        for entry in files.split(","):
            file, _, position = entry.partition(":")
            offset, _, values = position.partition(".")
            if offset.isdigit():
                place = Place(int(offset), int(values) if values.isdigit() else 0)
                self.places[file] = max(place, self.places.get(file, place))
                self.bases[file] = base
