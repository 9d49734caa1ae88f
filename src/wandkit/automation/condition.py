"""Conditions of events: what an artifact, a collection or a run must be like, in the form that servers store.

    (ArtifactEvent.alias == "prod") & ArtifactEvent.tag.matches_regex("^v")

Servers and their web app want a condition on artifacts as `{"$or": [{"$and": […]}]}` and one on runs as
`{"$and": […]}`. `on_artifacts` and `on_runs` bring every condition into that shape.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Protocol, TypeAlias, cast, runtime_checkable

from pydantic import GetCoreSchemaHandler, JsonValue
from pydantic_core import core_schema

from wandkit._core.mongo import json_value
from wandkit.errors import ArgumentError

__all__ = [
    "EVERYTHING", "ArtifactEvent", "Condition", "ConditionField", "ConditionLike", "Undecided",
    "on_artifacts", "on_runs",
]  # fmt: skip

_JOINING = ("$and", "$or", "$nor")
_OPPOSITE = {"$or": "$nor", "$nor": "$or"}


@runtime_checkable
class _HasMongo(Protocol):
    def to_mongo(self) -> dict[str, Any]: ...


class Undecided:
    """What only the server can decide, so that `and`, `or`, `not` and `if` cannot be used with it."""

    __slots__ = ()

    def __bool__(self) -> bool:
        """Refuse: only the server can say whether it holds.

        Raises:
            ArgumentError: Always.
        """
        raise ArgumentError(
            "A condition has no truth value here; the server decides.",
            next_step="Combine with & | ~ in parentheses, not with and, or, not; do not chain comparisons.",
        )


class Condition(Undecided):
    """A condition that an automation watches for. Combine conditions with `&` (and), `|` (or) and `~` (not).

    Attributes:
        mongo: The condition in the form that the server reads, without needless nesting.
    """

    __slots__ = ("mongo",)

    def __init__(self, mongo: Mapping[str, Any]) -> None:
        self.mongo: Final[dict[str, JsonValue]] = _simplest(_parts_joined(mongo))

    @classmethod
    def of(cls, value: ConditionLike | None) -> Condition:
        """Return `value` as a condition: a Mongo-style mapping, an expression of `F`; None lets all through.

        Raises:
            ArgumentError: It is none of these.
        """
        if value is None:
            return EVERYTHING
        if isinstance(value, Condition):
            return value
        if isinstance(value, _HasMongo):
            return cls(value.to_mongo())
        if not isinstance(value, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ArgumentError(
                f"A filter of an event must be a condition or a mapping, not {type(value).__name__}.",
                next_step='Write ArtifactEvent.alias == "prod" or RunEvent.name.contains("x").',
            )
        return cls(value)

    def to_mongo(self) -> dict[str, JsonValue]:
        """Return the condition in the form that the server reads."""
        return self.mongo

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: type[Condition], handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Let models hold conditions: whatever `of` takes is one, and JSON shows what is sent."""
        return core_schema.no_info_plain_validator_function(
            cls.of, serialization=core_schema.plain_serializer_function_ser_schema(cls.to_mongo)
        )

    def __and__(self, other: ConditionLike) -> Condition:
        """Return the condition that holds where both hold."""
        joined = _joinable(other)
        return NotImplemented if joined is None else Condition({"$and": [self.mongo, joined.mongo]})

    def __or__(self, other: ConditionLike) -> Condition:
        """Return the condition that holds where one of them holds."""
        joined = _joinable(other)
        return NotImplemented if joined is None else Condition({"$or": [self.mongo, joined.mongo]})

    def __invert__(self) -> Condition:
        """Return the condition that holds where this one does not."""
        return Condition({"$not": self.mongo})

    def __eq__(self, other: object) -> bool:
        """Two conditions are the same if they are sent in the same way."""
        return isinstance(other, Condition) and self.mongo == other.mongo

    def __hash__(self) -> int:
        """Return the hash of what is sent."""
        return hash(repr(self.mongo))

    def __repr__(self) -> str:
        """Return what is sent."""
        return f"Condition({self.mongo!r})"


ConditionLike: TypeAlias = Condition | Mapping[str, Any] | _HasMongo
"""A condition, a Mongo-style mapping, or an expression of `wandkit.F`."""


class ConditionField:
    """Something that an event can be asked about. Get it from `ArtifactEvent` or `RunEvent`."""

    __slots__ = ("key",)

    def __init__(self, key: str) -> None:
        self.key: Final[str] = key

    def eq(self, value: object, /) -> Condition:
        """Return the condition that it has this value."""
        return self._compare("$eq", value)

    def ne(self, value: object, /) -> Condition:
        """Return the condition that it does not have this value."""
        return self._compare("$ne", value)

    def lt(self, value: object, /) -> Condition:
        """Return the condition that it is less than this value."""
        return self._compare("$lt", value)

    def lte(self, value: object, /) -> Condition:
        """Return the condition that it is this value or less."""
        return self._compare("$lte", value)

    def gt(self, value: object, /) -> Condition:
        """Return the condition that it is more than this value."""
        return self._compare("$gt", value)

    def gte(self, value: object, /) -> Condition:
        """Return the condition that it is this value or more."""
        return self._compare("$gte", value)

    def in_(self, values: Iterable[object], /) -> Condition:
        """Return the condition that it has one of these values."""
        return self._compare("$in", self._listed(values))

    def not_in(self, values: Iterable[object], /) -> Condition:
        """Return the condition that it has none of these values."""
        return self._compare("$nin", self._listed(values))

    def contains(self, text: str, /) -> Condition:
        """Return the condition that this text is part of it."""
        return self._compare("$contains", text)

    def matches_regex(self, pattern: str, /) -> Condition:
        """Return the condition that the pattern is found in it."""
        return self._compare("$regex", pattern)

    def exists(self, exists: bool = True, /) -> Condition:
        """Return the condition that there is one, or with False that there is none."""
        return self._compare("$exists", exists)

    def __eq__(self, other: object) -> Condition:  # type: ignore[override] # pyright: ignore[reportIncompatibleMethodOverride]
        """Return the condition that it has this value."""
        return self.eq(other)

    def __ne__(self, other: object) -> Condition:  # type: ignore[override] # pyright: ignore[reportIncompatibleMethodOverride]
        """Return the condition that it does not have this value."""
        return self.ne(other)

    def __lt__(self, other: object) -> Condition:
        """Return the condition that it is less than this value."""
        return self.lt(other)

    def __le__(self, other: object) -> Condition:
        """Return the condition that it is this value or less."""
        return self.lte(other)

    def __gt__(self, other: object) -> Condition:
        """Return the condition that it is more than this value."""
        return self.gt(other)

    def __ge__(self, other: object) -> Condition:
        """Return the condition that it is this value or more."""
        return self.gte(other)

    def __hash__(self) -> int:
        """Return the hash of the key."""
        return hash(self.key)

    def __repr__(self) -> str:
        """Return the key as it is sent."""
        return f"ConditionField({self.key!r})"

    def _compare(self, operator: str, operand: object) -> Condition:
        return Condition({self.key: {operator: json_value(operand, self.key)}})

    def _listed(self, values: Iterable[object]) -> list[object]:
        if isinstance(values, str):
            raise ArgumentError(
                f"`{self.key}` is compared with several values, not with one text.", next_step="Put it in []."
            )
        return list(values)


class ArtifactEvent:
    """What events of artifacts and collections can be asked about."""

    alias: Final[ConditionField] = ConditionField("alias")
    tag: Final[ConditionField] = ConditionField("tag")


def on_artifacts(condition: Condition) -> dict[str, JsonValue]:
    """Return the condition in the shape that events of artifacts take."""
    return _within("$or", _within("$and", condition.mongo))


def on_runs(condition: Condition) -> dict[str, JsonValue]:
    """Return the condition in the shape that events of runs take."""
    return _within("$and", condition.mongo)


def _within(operator: str, mongo: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return mongo if set(mongo) == {operator} else {operator: [mongo]}


def _joinable(value: object) -> Condition | None:
    if isinstance(value, (Condition, Mapping, _HasMongo)):
        return Condition.of(cast("ConditionLike", value))
    return None


def _parts_joined(mongo: object) -> dict[str, JsonValue]:
    """Return a mapping of one key, several being joined with `$and`, and plain values compared with `$eq`."""
    if not isinstance(mongo, Mapping):
        raise ArgumentError(f"A part of a filter must be a mapping, not {mongo!r}.")
    parts = [_one(key, operand) for key, operand in cast("Mapping[str, Any]", mongo).items()]
    return parts[0] if len(parts) == 1 else {"$and": [*parts]}


def _one(key: object, operand: Any) -> dict[str, JsonValue]:
    if not isinstance(key, str):
        raise ArgumentError(f"A key of a filter must be a text, not {key!r}.")
    if key in _JOINING and isinstance(operand, (list, tuple)):
        return {key: [_parts_joined(part) for part in cast("list[Any]", operand)]}
    if key == "$not" and isinstance(operand, Mapping):
        return {key: _parts_joined(cast("Mapping[str, Any]", operand))}
    if key.startswith("$") or isinstance(operand, Mapping):
        return {key: _operand(cast("object", operand), key)}
    return {key: {"$eq": json_value(operand, key)}}


def _operand(value: object, at: str) -> JsonValue:
    """Return what stands beside a key in JSON types, whatever its operators are: a server may know more."""
    if isinstance(value, Mapping):
        entries = cast("Mapping[object, object]", value)
        return {str(key): _operand(part, f"{at}.{key}") for key, part in entries.items()}
    if isinstance(value, (list, tuple)):
        return [_operand(part, at) for part in cast("list[object]", value)]
    found: JsonValue = json_value(value, at)
    return found


def _simplest(mongo: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Return the same condition without nesting that says nothing.

    `$and` in `$and` is flat, `$and` of one condition is that condition, `$not` of `$not` is nothing.
    """
    ((key, operand),) = mongo.items()
    simplify = _SIMPLIFY.get(key)
    return simplify(key, operand) if simplify else mongo


def _simplest_join(key: str, operand: Any) -> dict[str, JsonValue]:
    if not isinstance(operand, list):
        return {key: operand}
    parts = [_simplest(part) for part in _flat(key, cast("list[dict[str, JsonValue]]", operand))]
    return parts[0] if len(parts) == 1 and key != "$nor" else {key: [*parts]}


def _simplest_not(key: str, operand: Any) -> dict[str, JsonValue]:
    if not isinstance(operand, dict):
        return {key: operand}
    inner = _simplest(cast("dict[str, JsonValue]", operand))
    ((inner_key, inner_operand),) = inner.items()
    if inner_key == "$not" and isinstance(inner_operand, dict):
        return _simplest(inner_operand)
    if inner_key in _OPPOSITE:
        return _simplest({_OPPOSITE[inner_key]: inner_operand})
    return {key: inner}


def _flat(key: str, parts: list[dict[str, JsonValue]]) -> list[dict[str, JsonValue]]:
    found: list[dict[str, JsonValue]] = []
    for part in parts:
        inner = part.get(key) if key != "$nor" else None
        found += _flat(key, cast("list[dict[str, JsonValue]]", inner)) if isinstance(inner, list) else [part]
    return found


_SIMPLIFY: dict[str, Callable[[str, Any], dict[str, JsonValue]]] = {
    **dict.fromkeys(_JOINING, _simplest_join),
    "$not": _simplest_not,
}

EVERYTHING: Final = Condition({"$and": []})
"""The condition that always holds."""
