"""Filters and orders of listings: typed expressions, or Mongo-style mappings, checked before they are sent.

    from wandkit import F

    (F.config["model.type"] == "resnet") & (F.summary["loss"] < 0.1) & F.tags.contains("best")

Docs: docs/api/filter.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Generic, NoReturn, TypeVar, Union

from wandkit._core.mongo import check_filter, check_key, json_value
from wandkit.errors import FilterError

__all__ = [
    "DEFAULT_ORDER",
    "Expression",
    "F",
    "Field",
    "Fields",
    "KeyField",
    "Order",
    "Section",
    "TagsField",
    "compile_filters",
    "compile_order",
]

DEFAULT_ORDER: Final = "-created_at"

Scalar = Union[str, float, bool, date, None]  # noqa: UP007 - evaluated on Python 3.10
Moment = Union[datetime, date, str]  # noqa: UP007
T = TypeVar("T")


@dataclass(frozen=True, repr=False)
class Expression:
    """A condition on runs. Combine conditions with `&` (and), `|` (or) and `~` (not).

    Attributes:
        mongo: The condition in the form that the server reads.
    """

    mongo: Mapping[str, Any]

    def to_mongo(self) -> dict[str, Any]:
        """Return the condition in the form that the server reads."""
        return dict(self.mongo)

    def __and__(self, other: Expression | Mapping[str, Any]) -> Expression:
        """Return the condition that holds where both hold."""
        return _join("$and", self, other)

    def __rand__(self, other: Mapping[str, Any]) -> Expression:
        """Return the condition that holds where both hold."""
        return _join("$and", Expression(other), self)

    def __or__(self, other: Expression | Mapping[str, Any]) -> Expression:
        """Return the condition that holds where one of them holds."""
        return _join("$or", self, other)

    def __ror__(self, other: Mapping[str, Any]) -> Expression:
        """Return the condition that holds where one of them holds."""
        return _join("$or", Expression(other), self)

    def __invert__(self) -> Expression:
        """Return the condition that holds where this one does not."""
        return Expression({"$nor": [self.to_mongo()]})

    def __bool__(self) -> NoReturn:
        """Refuse: only the server can say whether it holds."""
        raise _no_truth()

    def __hash__(self) -> int:
        """Return the hash of the Mongo form."""
        return hash(repr(self.mongo))

    def __repr__(self) -> str:
        """Return the Mongo form."""
        return f"Expression({self.to_mongo()!r})"


@dataclass(frozen=True)
class Order:
    """A key to sort by, with its direction. Get it from `asc()` or `desc()` of a field."""

    key: str
    descending: bool = False

    def __str__(self) -> str:
        """Return the key with its sign, as the server reads it."""
        return f"{'-' if self.descending else '+'}{self.key}"


class Field(Generic[T]):
    """A column of runs that can be compared. Get it from `F`."""

    __slots__ = ("key",)

    def __init__(self, key: str) -> None:
        self.key: Final[str] = key

    def __eq__(self, other: object) -> Expression:  # type: ignore[override] # pyright: ignore[reportIncompatibleMethodOverride]
        """Return the condition that the field has this value; for lists, that it holds it."""
        value = json_value(other, self.key)
        return Expression({self.key: {"$eq": value} if isinstance(value, dict) else value})

    def __ne__(self, other: object) -> Expression:  # type: ignore[override] # pyright: ignore[reportIncompatibleMethodOverride]
        """Return the condition that the field does not have this value."""
        return self._compare("$ne", other)

    def __lt__(self, other: T) -> Expression:
        """Return the condition that the field is less than this value."""
        return self._compare("$lt", other)

    def __le__(self, other: T) -> Expression:
        """Return the condition that the field is this value or less."""
        return self._compare("$lte", other)

    def __gt__(self, other: T) -> Expression:
        """Return the condition that the field is more than this value."""
        return self._compare("$gt", other)

    def __ge__(self, other: T) -> Expression:
        """Return the condition that the field is this value or more."""
        return self._compare("$gte", other)

    def in_(self, values: Iterable[T]) -> Expression:
        """Return the condition that the field has one of these values."""
        return self._compare("$in", _listed(values, self.key))

    def not_in(self, values: Iterable[T]) -> Expression:
        """Return the condition that the field has none of these values."""
        return self._compare("$nin", _listed(values, self.key))

    def exists(self, exists: bool = True) -> Expression:
        """Return the condition that runs have the field, or with False that they do not."""
        return self._compare("$exists", exists)

    def is_null(self) -> Expression:
        """Return the condition that the field is null or missing."""
        return Expression({self.key: None})

    def matches(self, pattern: str | re.Pattern[str]) -> Expression:
        """Return the condition that the pattern is found anywhere in the field."""
        return self._compare("$regex", pattern)

    def contains(self, value: T) -> Expression:
        """Return the condition that the field, a list or a text, contains this value."""
        return self._compare("$contains", value)

    def asc(self) -> Order:
        """Return the order by this field, least first."""
        return Order(self._order_key())

    def desc(self) -> Order:
        """Return the order by this field, greatest first."""
        return Order(self._order_key(), descending=True)

    def __bool__(self) -> NoReturn:
        """Refuse: a field is not a value."""
        raise _no_truth()

    def __hash__(self) -> int:
        """Return the hash of the key."""
        return hash(self.key)

    def __repr__(self) -> str:
        """Return the key as it is sent."""
        return f"{type(self).__name__}({self.key!r})"

    def _compare(self, operator: str, operand: object) -> Expression:
        return Expression(check_filter({self.key: {operator: operand}}))

    def _order_key(self) -> str:
        return self.key


class TagsField(Field[str]):
    """The tags of runs."""

    __slots__ = ()

    def contains(self, value: str) -> Expression:
        """Return the condition that this tag is among the run's."""
        return Expression({self.key: json_value(value, self.key)})

    def contains_any(self, values: Iterable[str]) -> Expression:
        """Return the condition that at least one of these tags is among the run's."""
        return self._compare("$in", _listed(values, self.key))

    def contains_all(self, values: Iterable[str]) -> Expression:
        """Return the condition that all of these tags are among the run's."""
        return self._compare("$all", _listed(values, self.key))


class KeyField(Field[Scalar]):
    """A key of a run's config, summary or logged keys. Get it as `F.config[key]`, `F.summary[key]`."""

    __slots__ = ("_below", "_order")

    def __init__(self, key: str, below: str, order: str) -> None:
        super().__init__(key)
        self._below = below
        self._order = order

    def __getitem__(self, key: str) -> KeyField:
        """Return the key within this one, where this one's value is a dict."""
        inner = f"{self._below}.{_key(key)}"
        return KeyField(inner, inner, inner)

    def _order_key(self) -> str:
        return self._order


@dataclass(frozen=True)
class Section:
    """The config, summary or logged keys of runs: `F.config["lr"]`. A dot in a key is part of the key."""

    prefix: str
    value: str = ""

    def __getitem__(self, key: str) -> KeyField:
        """Return the key as something to compare or to sort by."""
        name = f"{self.prefix}.{_key(key)}"
        return KeyField(name, name + self.value, name + self.value)


class Fields:
    """Everything that runs can be filtered and sorted by; `F` is the one to use.

    `F["column"]` stands for a column of the server that has no attribute here.
    """

    config: Final[Section] = Section("config", ".value")
    summary: Final[Section] = Section("summary_metrics")
    keys: Final[Section] = Section("keys_info.keys")
    tags: Final[TagsField] = TagsField("tags")
    id: Final[Field[str]] = Field("name")
    name: Final[Field[str]] = Field("name")
    display_name: Final[Field[str]] = Field("display_name")
    state: Final[Field[str]] = Field("state")
    group: Final[Field[str]] = Field("group")
    job_type: Final[Field[str]] = Field("jobType")
    sweep: Final[Field[str]] = Field("sweep")
    user: Final[Field[str]] = Field("username")
    username: Final[Field[str]] = Field("username")
    entity: Final[Field[str]] = Field("entity")
    host: Final[Field[str]] = Field("host")
    commit: Final[Field[str]] = Field("commit")
    notes: Final[Field[str]] = Field("notes")
    description: Final[Field[str]] = Field("description")
    input_artifacts: Final[Field[str]] = Field("inputArtifacts")
    output_artifacts: Final[Field[str]] = Field("outputArtifacts")
    duration: Final[Field[float]] = Field("duration")
    created_at: Final[Field[Moment]] = Field("created_at")
    heartbeat_at: Final[Field[Moment]] = Field("heartbeat_at")
    updated_at: Final[Field[Moment]] = Field("updatedAt")

    def __getitem__(self, key: str) -> Field[Scalar]:
        """Return the column with this name."""
        check_key(key)
        return Field(key)


F: Final[Fields] = Fields()


def compile_filters(
    filters: Mapping[str, Any] | Expression | None, *, known: frozenset[str] = frozenset()
) -> str:
    """Return the filter as the JSON text that the server takes, everything in it checked.

    Args:
        filters: The filter; None lets everything through.
        known: Keys of what is filtered that would be misspelt columns of runs.

    Raises:
        FilterError: An operator is unknown, an operand is of the wrong type, or a key is misspelt.
    """
    try:
        return json.dumps({} if filters is None else check_filter(filters, known=known), allow_nan=False)
    except RecursionError:
        raise FilterError(
            "The filter is nested too deeply.", next_step="$and, $or and $in take one long list."
        ) from None


def compile_order(order: str | Order | None) -> str:
    """Return the order as the server takes it, always with a sign; without an order, newest first.

    A text without a sign is ascending. `config.KEY` is sent as `config.KEY.value`.

    Raises:
        FilterError: The order is no text, has no key, or its key is misspelt.
    """
    if isinstance(order, Order):
        return str(order)
    if order is None:
        return DEFAULT_ORDER
    if not isinstance(order, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise FilterError(
            f"An order must be text like '-created_at', not {type(order).__name__}.",
            next_step='Or say F.created_at.desc(), F.summary["loss"].asc().',
        )
    if not order:
        return DEFAULT_ORDER
    sign, key = (order[0], order[1:]) if order[0] in "+-" else ("+", order)
    check_key(key, what="order")
    parts = key.split(".")
    if len(parts) == 2 and parts[0] == "config":
        key += ".value"
    return sign + key


def _join(operator: str, left: Expression, right: Expression | Mapping[str, Any]) -> Expression:
    """Return both under one operator; a side that is already joined by it gives its parts."""
    parts: list[Any] = []
    for side in (left.to_mongo(), check_filter(right)):
        parts += side[operator] if set(side) == {operator} else [side]
    return Expression({operator: parts})


def _key(key: str) -> str:
    if not isinstance(key, str) or not key:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise FilterError(f"A key must be a text that is not empty, not {key!r}.")
    return key


def _listed(values: Iterable[object], key: str) -> list[object]:
    if isinstance(values, (str, bytes)):
        raise FilterError(
            f"`{key}` is compared with a list of values, not with one text.", next_step="Put it in []."
        )
    return list(values)


def _no_truth() -> FilterError:
    return FilterError(
        "A filter has no truth value here; the server decides.",
        next_step="Combine with & | ~ in parentheses, not with and, or, not; no chains like 0 < x < 1.",
    )
