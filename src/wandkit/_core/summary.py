"""A run's summary: its last or best values, read like a dict or by attributes, and the edits made to it.

Assigning never sends; what was edited is merged into the server's summary by `update()`.
"""

# The functions at the end are the summary's own: as methods they would hide metrics of the same name.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from copy import deepcopy
from typing import Any, cast

from typing_extensions import Self

from wandkit._core.history import has_non_finite_text
from wandkit._core.jsontext import merge, read_object, same, to_json, write

__all__ = ["SummaryData", "SummarySubDict", "is_changed", "merged_into", "settle", "with_edits"]

LARGEST_ARRAY = 32
set_slot = object.__setattr__
NON_FINITE = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}


class SummarySubDict(Mapping[str, Any]):
    """A summary, or a dict inside of one. `summary.loss` is `summary["loss"]`, unless it begins with `_`.

    Spaces around a key do not count.
    """

    __slots__ = ("_data",)

    _data: dict[str, Any]

    def __init__(self, data: dict[str, Any]) -> None:
        set_slot(self, "_data", data)

    @property
    def _json_dict(self) -> dict[str, Any]:
        """The values as a plain dict, shared with the summary."""
        return self._data

    def as_dict(self) -> dict[str, Any]:
        """Return the values as a plain dict of your own."""
        return deepcopy(self._data)

    def get(self, k: str, default: Any = None) -> Any:
        """Return the value of the key `k`, or `default` where there is none."""
        try:
            return self[k]
        except KeyError:
            return default

    def __getitem__(self, key: str) -> Any:
        """Return the value; a dict comes as a view whose edits are edits of the summary.

        Raises:
            KeyError: There is no such key.
        """
        value = self._data[self._key(key)]
        return self._view(cast("dict[str, Any]", value)) if isinstance(value, dict) else value

    def __contains__(self, key: object) -> bool:
        """Return whether there is such a key."""
        return isinstance(key, str) and self._key(key) in self._data

    def __iter__(self) -> Iterator[str]:
        """Loop over the keys."""
        return iter(self._data)

    def __len__(self) -> int:
        """Return the number of keys."""
        return len(self._data)

    def __setitem__(self, key: str, value: object) -> None:
        """Set the value here; `update()` sends it. A large array is stored as its statistics.

        Raises:
            ArgumentError: The value has no JSON form.
        """
        name = self._key(key)
        self._data[name] = to_json(value, f"summary.{name}", _compressed)

    def __delitem__(self, key: str) -> None:
        """Remove the key here; `update()` removes it on the server.

        Raises:
            KeyError: There is no such key.
        """
        del self._data[self._key(key)]

    def __getattr__(self, name: str) -> Any:
        """Return the value of the key `name`."""
        if name.startswith("_") or name not in self:
            raise AttributeError(f"The summary has no key {name!r}.")
        return self[name]

    def __setattr__(self, name: str, value: object) -> None:
        """Set the key `name`."""
        if name.startswith("_"):
            set_slot(self, name, value)
        else:
            self[name] = value

    def __delattr__(self, name: str) -> None:
        """Remove the key `name`."""
        if name.startswith("_") or name not in self:
            raise AttributeError(f"The summary has no key {name!r}.")
        del self[name]

    def __repr__(self) -> str:
        """Return the values."""
        return repr(self._data)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the values."""
        return type(self), (self._data,)

    def _key(self, key: str) -> str:
        return key if key in self._data else key.strip()

    def _view(self, data: dict[str, Any]) -> SummarySubDict:
        return SummarySubDict(data)


class SummaryData(SummarySubDict):
    """The summary of a run, without the means to send it."""

    __slots__ = ("_locked", "_original")

    _original: str
    _locked: Collection[str]

    def __init__(self, data: dict[str, Any], original: str = "{}") -> None:
        set_slot(self, "_data", data)
        set_slot(self, "_original", original)
        set_slot(self, "_locked", ())

    @classmethod
    def from_text(cls, text: str | None) -> Self:
        """Return the summary in the JSON text that the server sent.

        Raises:
            AnswerError: The text is no JSON object.
        """
        return cls(_values(text), text or "{}")

    def __setitem__(self, key: str, value: object) -> None:
        """Set the value here; `update()` sends it. A large array is stored as its statistics.

        Raises:
            ArgumentError: The value has no JSON form.
        """
        super().__setitem__(key, value)
        self._locked = {*self._locked, self._key(key)}

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle with the edits, and with what they are compared with."""
        return type(self), (self._data, self._original)

    def _set_all(self, values: Mapping[str, object], overwrite: bool) -> None:
        """Set the values here; with `overwrite` False, leave alone what was set here before."""
        for key, value in values.items():
            if overwrite or key.strip() not in self._locked:
                self[key] = value


def is_changed(summary: SummaryData) -> bool:
    """Return whether anything was edited since the server sent the summary."""
    return not same(_values(summary._original), summary._data)


def with_edits(summary: SummaryData, values: dict[str, Any]) -> dict[str, Any]:
    """Return other values of the same summary with the edits merged in; nothing in it is shared."""
    merged: dict[str, Any] = deepcopy(merge(_values(summary._original), summary._data, values))
    return merged


def merged_into(summary: SummaryData, current: str | None) -> str | None:
    """Return the server's current text with the edits merged in; None where nothing was edited.

    Args:
        summary: The edited summary.
        current: The summary as the server holds it now.
    """
    before, mine = _values(summary._original), summary._data
    return None if same(before, mine) else write(merge(before, mine, _values(current)))


def settle(summary: SummaryData, text: str | None) -> None:
    """Take `text` as what the server holds now, and its values as the summary's."""
    fresh = _values(text)
    summary._data.clear()
    summary._data.update(fresh)
    summary._original = text or "{}"


def _values(text: str | None) -> dict[str, Any]:
    values = read_object(text, "summary")
    if text and has_non_finite_text(text):
        return cast("dict[str, Any]", _with_floats(values))
    return values


def _with_floats(value: object) -> Any:
    """Return the value with the texts that stand for NaN and the infinities as floats."""
    if isinstance(value, str):
        return NON_FINITE.get(value, value)
    if isinstance(value, dict):
        return {key: _with_floats(part) for key, part in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [_with_floats(part) for part in cast("list[object]", value)]
    return value


def _compressed(array: Any) -> object:
    """Return a small array as lists, a large one as the statistics that the web app shows."""
    import numpy

    numbers: Any = numpy.asarray(array.detach().cpu() if hasattr(array, "detach") else array)
    if numbers.size <= LARGEST_ARRAY or numbers.dtype.kind not in "biuf":
        return to_json(numbers.tolist(), "summary")
    kind = cast("type[object]", type(array))
    spread: list[float] = numpy.percentile(numbers, [10, 25, 75, 90]).tolist()
    return {
        "_type": f"{kind.__module__.split('.')[0]}.{kind.__name__}",
        "var": float(numbers.var()),
        "mean": float(numbers.mean()),
        "min": numbers.min().item(),
        "max": numbers.max().item(),
        "10%": spread[0],
        "25%": spread[1],
        "75%": spread[2],
        "90%": spread[3],
        "size": int(numbers.size),
    }
