"""A run's config: what its author set, apart from what clients note there, and the edits made to it.

On the server each key holds `{"value": …, "desc": …}`. Keys of the clients themselves (`_wandb`,
`wandb_version`) are no part of the config; they stay as they are when it changes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Union, cast

from msgspec import MsgspecError, Struct
from msgspec.json import Decoder

from wandkit._core.jsontext import merge, read_object, same, to_json, write
from wandkit.errors import ArgumentError

__all__ = ["Config"]

INTERNAL = ("_wandb", "wandb_version")


class _Entry(Struct, gc=False):
    """One key of a config on the wire; whatever stands beside the value is not decoded."""

    value: Any


_Wire = Union[_Entry, str, int, float, bool, list[Any], None]  # noqa: UP007 - evaluated on Python 3.10
_entries: Callable[[str], dict[str, Any]] = Decoder(dict[str, _Wire]).decode


class Config(dict[str, Any]):
    """The config of a run, a dict to read and to edit. Edits are sent by `run.update()`, and only they.

    Edits inside nested values count too: the config compares itself with what the server sent.
    """

    __slots__ = ("_original",)

    _original: str

    @classmethod
    def from_text(cls, text: str | None) -> Config:
        """Return the config in the JSON text that the server sent.

        Raises:
            AnswerError: The text is no JSON object.
        """
        config = cls.__new__(cls)
        config.update(_read_values(text))
        config._original = text or "{}"
        return config

    def __init__(self, values: Mapping[str, Any] | None = None) -> None:
        if values and not isinstance(cast("object", values), Mapping):
            raise ArgumentError(f"a config must be a mapping of names to values, not {type(values).__name__}")
        super().__init__(values or {})
        self._original = "{}"

    @property
    def raw(self) -> dict[str, Any]:
        """The config together with the clients' own keys, each without its wrapping."""
        notes = {key: _unwrapped(entry) for key, entry in self._entries().items() if key in INTERNAL}
        return {**notes, **self}

    def to_text(self) -> str:
        """Return the config as the JSON text that the server takes, the clients' own keys included."""
        return write(_wrapped(self._entries(), self._edited()))

    def is_changed(self) -> bool:
        """Return whether anything was edited since the server sent it."""
        return not same(_user_values(self._entries()), self._edited())

    def merged_into(self, current: str | None) -> str | None:
        """Return the server's current text with the edits merged in; None where nothing was edited.

        Args:
            current: The config as the server holds it now.
        """
        before, mine = _user_values(self._entries()), self._edited()
        if same(before, mine):
            return None
        entries = read_object(current, "config")
        return write(_wrapped(entries, merge(before, mine, _user_values(entries))))

    def settle(self, text: str | None) -> None:
        """Take `text` as what the server holds now, and its values as the config's."""
        fresh = _read_values(text)
        self.clear()
        super().update(fresh)
        self._original = text or "{}"

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle with the edits, and with what they are compared with."""
        return _rebuilt, (type(self), dict(self), self._original)

    def _entries(self) -> dict[str, Any]:
        return read_object(self._original, "config")

    def _edited(self) -> dict[str, Any]:
        return {str(key): to_json(value, f"config.{key}") for key, value in self.items()}


def _rebuilt(kind: type[Config], values: dict[str, Any], original: str) -> Config:
    config = kind(values)
    config._original = original  # pyright: ignore[reportPrivateUsage]
    return config


def _wrapping(entry: object) -> dict[str, Any] | None:
    """Return the entry where it is of the form `{"value": …, "desc": …}`."""
    if not isinstance(entry, dict) or "value" not in entry:
        return None
    return cast("dict[str, Any]", entry)


def _unwrapped(entry: object) -> Any:
    wrapping = _wrapping(entry)
    return entry if wrapping is None else wrapping["value"]


def _read_values(text: str | None) -> dict[str, Any]:
    """Return the user's values in the text of a config."""
    # Every config of a listing comes through here: no call per key, no dict per entry.
    if not text:
        return {}
    try:
        entries = _entries(text)
    except (MsgspecError, UnicodeError, RecursionError):
        return _user_values(read_object(text, "config"))
    for key in INTERNAL:
        entries.pop(key, None)
    return {key: entry.value if entry.__class__ is _Entry else entry for key, entry in entries.items()}


def _user_values(entries: dict[str, Any]) -> dict[str, Any]:
    """Unwrap each key once: a value of the user's that is itself `{"value": …}` stays as it is."""
    return {
        key: entry["value"] if entry.__class__ is dict and "value" in entry else entry
        for key, entry in entries.items()
        if key not in INTERNAL
    }


def _wrapped(entries: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """Return the server's entries with these user values; untouched entries keep their wrapping and notes."""
    wrapped = {key: entry for key, entry in entries.items() if key in INTERNAL or key in values}
    for key, value in values.items():
        entry = entries.get(key)
        if key not in entries or not same(_unwrapped(entry), value):
            wrapped[key] = {**(_wrapping(entry) or {"desc": None}), "value": value}
    return wrapped
