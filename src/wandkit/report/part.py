"""The base of everything in a report: typed where it is known, kept as it is where it is not.

A part that was read from a report remembers the order of its keys and every key that it does not know, so
that what nobody touched is written back exactly as it came.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar, cast

from pydantic import ConfigDict, PrivateAttr, ValidationError, model_serializer
from pydantic.alias_generators import to_camel
from typing_extensions import Self

from wandkit._core.checked import Checked

__all__ = [
    "Json", "Number", "Part", "listed", "named", "no_items", "no_keys", "plain", "read_exactly",
    "was_read",
]  # fmt: skip

_KINDS = ("type", "view_type")
"""What says which part it is: it is always written."""

Json = dict[str, Any]
Number = int | float
P = TypeVar("P", bound="Part")


class Part(Checked):
    """A JSON object of a report. Unknown keys are kept and can be read as attributes by their own names."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="allow", alias_generator=to_camel, populate_by_name=True
    )

    _order: tuple[str, ...] = PrivateAttr(default=())

    @classmethod
    def read(cls, raw: object) -> Self:
        """Return the part that `raw`, a JSON object, describes.

        Raises:
            ValidationError: It is of another shape.
        """
        made = cls.model_validate(raw)
        made.remember(raw)
        return made

    def remember(self, raw: object) -> None:
        """Keep the order of the keys of `raw`, here and in the parts below."""
        if not isinstance(raw, Mapping):
            return
        entries = cast("Mapping[str, Any]", raw)
        self._order = tuple(entries)
        for name, key in self._keys().items():
            if key in entries:
                _remember(getattr(self, name), entries[key])

    def to_json(self) -> Any:
        """Return the part as JSON types: what was read or set, without defaults that nobody asked for."""
        found: Json = {}
        always = () if was_read(self) else _KINDS
        for name, key in self._keys().items():
            value = getattr(self, name)
            default = type(self).model_fields[name].get_default(call_default_factory=True)
            if name in self.model_fields_set or name in always or value != default:
                found[key] = plain(value)
        found.update({key: plain(value) for key, value in (self.model_extra or {}).items()})
        ordered = {key: found[key] for key in self._order if key in found}
        return ordered | {key: value for key, value in found.items() if key not in ordered}

    @model_serializer(mode="plain")
    def _serialized(self) -> Any:
        return self.to_json()

    def _keys(self) -> dict[str, str]:
        fields = type(self).model_fields
        return {name: field.serialization_alias or field.alias or name for name, field in fields.items()}

    def __eq__(self, other: object) -> bool:
        """Two parts are the same if they are written in the same way."""
        if not isinstance(other, Part):
            return NotImplemented
        same: bool = type(self) is type(other) and self.to_json() == other.to_json()
        return same

    __hash__ = None  # type: ignore[assignment]


def was_read(part: Part) -> bool:
    """Whether a part comes from a report that was read, and was not made anew."""
    return bool(part._order)  # pyright: ignore[reportPrivateUsage]


def no_items() -> list[Any]:
    """Return a new empty list."""
    return []


def no_keys() -> Json:
    """Return a new empty object."""
    return {}


def named(raw: Any, key: str) -> str:
    """Return the text under `key` of a JSON object; empty where there is none."""
    found: Any = cast("Json", raw).get(key) if isinstance(raw, dict) else None
    return found if isinstance(found, str) else ""


def plain(value: object) -> Any:
    """Return `value` with every part in it as JSON types."""
    if isinstance(value, Part):
        return value.to_json()
    if isinstance(value, Mapping):
        return {key: plain(one) for key, one in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in cast("list[Any]", value)]
    return value


def read_exactly(kind: type[P], raw: object) -> P | None:
    """Return `raw` as a part of this kind; None where it does not fit or would not come back the same."""
    try:
        made = kind.read(raw)
    except ValidationError:
        return None
    return made if json.dumps(made.to_json()) == json.dumps(raw) else None


def _remember(value: Any, raw: Any) -> None:
    if isinstance(value, Part):
        value.remember(raw)
        return
    for one, source in zip(listed(value), listed(raw), strict=False):
        _remember(one, source)


def listed(value: Any) -> list[Any]:
    """Return `value` where it is a list, else an empty one."""
    found: list[Any] | None = value
    return found if isinstance(found, list) else []
