"""Mongo-style filters as the server reads them: the check of a filter before it is sent.

A server ignores what it does not know and then matches everything or nothing, so every operator, every
operand and every name that is nearly a known one is checked here. Names that are like no known one pass:
servers know more columns than clients do.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timezone
from enum import Enum
from typing import Any, Protocol, cast, runtime_checkable

from wandkit.errors import FilterError

__all__ = ["check_filter", "check_key", "json_value"]

LOGICAL = frozenset({"$and", "$or", "$nor", "$not"})
EQUALITY = frozenset({"$eq", "$ne"})
ORDERING = frozenset({"$gt", "$gte", "$lt", "$lte"})
LISTS = frozenset({"$in", "$nin", "$all"})
OPERATORS = EQUALITY | ORDERING | LISTS | {"$exists", "$regex", "$not", "$contains", "$size"}
BARE_OPERATORS = frozenset({"eq", "ne", "gt", "gte", "lt", "lte", "in", "nin", "exists", "regex"})

SECTIONS: tuple[str, ...] = ("config", "summary_metrics", "summaryMetrics", "keys_info", "tags")
OTHER_SECTIONS = frozenset({"keysInfo", "aggregations_min", "aggregations_max"})
SECTION_OF = {"summary": "summary_metrics", "metrics": "summary_metrics", "cfg": "config"}
COLUMNS: tuple[str, ...] = (
    "name", "displayName", "display_name", "state", "group", "jobType", "job_type", "sweep", "username",
    "user", "host", "createdAt", "created_at", "heartbeatAt", "heartbeat_at", "updatedAt", "updated_at",
    "duration", "tags", "entity", "project", "commit", "description", "notes", "inputArtifacts",
    "outputArtifacts",
)  # fmt: skip
OTHER_COLUMNS = frozenset(
    {
        "id", "runId", "projectId", "storageId", "sweepName", "historyLineCount", "lastStep", "readOnly",
        "stopped", "failed", "public", "repo", "program", "jobProgram", "jobRepo", "framework",
        "computeSeconds", "agent",
    }
)  # fmt: skip

PATTERN_FLAGS = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}
ADVICE = {
    "$sort": "Give the order as `order=`.",
    "$orderby": "Give the order as `order=`.",
    "$limit": "Take a slice of the listing instead.",
    "$skip": "Take a slice of the listing instead.",
    "$options": "Begin the pattern with (?i) to ignore case.",
}


@runtime_checkable
class SupportsMongo(Protocol):
    """A filter that knows its Mongo form."""

    def to_mongo(self) -> dict[str, Any]:
        """Return the Mongo form."""
        ...


def check_filter(value: object, at: str = "", known: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return the filter in JSON types, everything in it checked.

    Args:
        value: A mapping or an object with `to_mongo()`.
        at: Where in the whole filter this part stands, for messages.
        known: Keys of what is filtered that would be misspelt columns of runs.

    Raises:
        FilterError: Something in it is no filter; the message names the place.
    """
    if isinstance(value, SupportsMongo):
        value = value.to_mongo()
    entries = _mapping(value)
    if entries is None:
        raise _bad(at, f"a filter must be a mapping, not {_kind(value)}")
    checked: dict[str, Any] = {}
    for key, operand in entries.items():
        if not isinstance(key, str):
            raise _bad(at, f"a key must be text, not {_kind(key)}")
        if key.startswith("$"):
            checked[key] = _logical(key, operand, at, known)
            continue
        if key not in known:
            check_key(key, at)
        checked[key] = _column(key, operand, at)
    return checked


def check_key(key: str, at: str = "", *, what: str = "filter") -> None:
    """Refuse a key that is empty, incomplete, or nearly but not quite a known one.

    Raises:
        FilterError: With the right spelling, where there is one.
    """
    if not key or any(character < " " for character in key):
        raise _bad(at, f"the key {key!r} is empty or holds a control character", what=what)
    head, dot, rest = key.partition(".")
    if head in ("config", "summary_metrics", "summaryMetrics", "keys_info") and not rest:
        raise _bad(at, f"`{key}` names a whole section", f"Name a key in it: `{head}.KEY`.", what)
    if dot:
        known, close, extra = SECTIONS, SECTION_OF, OTHER_SECTIONS | OTHER_COLUMNS | set(COLUMNS)
    else:
        known, close, extra = COLUMNS, {"summary": "summary_metrics.KEY", **_SPELLINGS}, OTHER_COLUMNS
    if head in known or head in extra:
        return
    meant = close.get(head) or _SPELLINGS_OF_SECTIONS.get(_bare(head) if dot else "")
    meant = meant or close.get(_bare(head)) or _closest(head, known, 0.84)
    if meant:
        raise _bad(at, f"unknown key `{key}`", f"Did you mean `{meant}{dot}{rest}`?", what)


def _logical(operator: str, operand: object, at: str, known: frozenset[str]) -> object:
    """Check an operator that stands where a key would."""
    here = _join(at, operator)
    if operator not in LOGICAL:
        if operator in OPERATORS:
            raise _bad(here, f"`{operator}` needs a key", f'Write {{"KEY": {{"{operator}": …}}}}.')
        raise _unknown_operator(here, operator, LOGICAL)
    if operator == "$not":
        return check_filter(operand, here, known)
    listed = _sequence(operand)
    if listed is None:
        raise _bad(here, f"`{operator}` takes a list of filters, not {_kind(operand)}")
    parts = [check_filter(part, f"{here}[{index}]", known) for index, part in enumerate(listed)]
    if not parts:
        raise _bad(here, f"`{operator}` takes at least one filter")
    return parts


def _column(key: str, operand: object, at: str) -> object:
    """Check what a key is compared with: a plain value or operators."""
    here = _join(at, key)
    if _is_pattern(operand):
        return {"$regex": _pattern(operand, here)}
    entries = _mapping(operand)
    if entries is None:
        return json_value(operand, here)
    if entries and all(name in BARE_OPERATORS for name in entries):
        raise _bad(here, f"`{next(iter(entries))}` is no operator", f"Did you mean `${next(iter(entries))}`?")
    if not any(isinstance(name, str) and name.startswith("$") for name in entries):
        return json_value(entries, here)
    return _operators(entries, here)


def _operators(entries: Mapping[object, object], here: str) -> dict[str, object]:
    checked: dict[str, object] = {}
    for name, operand in entries.items():
        if not isinstance(name, str) or not name.startswith("$"):
            raise _bad(here, f"{name!r} stands beside operators", "Give either operators or a plain value.")
        if name in LOGICAL and name not in OPERATORS:
            raise _bad(_join(here, name), f"`{name}` joins filters and stands around keys, not under one")
        if name not in OPERATORS:
            raise _unknown_operator(_join(here, name), name, OPERATORS)
        checked[name] = _operand(name, operand, _join(here, name))
    return checked


def _operand(name: str, operand: object, here: str) -> object:
    """Return the operand of the operator `name` in JSON types."""
    if name == "$not":
        entries = _mapping({"$regex": operand} if _is_pattern(operand) else operand)
        if not entries:
            raise _bad(here, f"`$not` takes operators, not {_kind(operand)}")
        return _operators(entries, here)
    if name == "$regex":
        return _pattern(operand, here)
    value: object = json_value(operand, here)
    if name in LISTS and _sequence(value) is None:
        raise _bad(here, f"`{name}` takes a list of values, not {_kind(operand)}")
    if name in ORDERING and not isinstance(value, (bool, int, float, str)):
        raise _bad(here, f"`{name}` takes a number, text or date, not {_kind(operand)}")
    if name == "$exists" and value not in (True, False):
        raise _bad(here, f"`$exists` takes true or false, not {operand!r}")
    if name == "$size" and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
        raise _bad(here, f"`$size` takes a whole number, not {operand!r}")
    return value if name != "$exists" else value in (True,)


def _pattern(operand: object, here: str) -> str:
    """Return the pattern as text, the flags of a compiled one in front of it."""
    if isinstance(operand, str):
        return operand
    text = getattr(operand, "pattern", None)
    if not _is_pattern(operand) or not isinstance(text, str):
        raise _bad(here, f"`$regex` takes a pattern as text, not {_kind(operand)}")
    flags = int(getattr(operand, "flags", 0))
    letters = "".join(letter for letter, flag in PATTERN_FLAGS.items() if flags & flag)
    return f"(?{letters}){text}" if letters else text


def json_value(value: object, at: str = "") -> Any:
    """Return the value in JSON types: dates as ISO texts, sets as lists, NumPy numbers as numbers.

    Raises:
        FilterError: The value has no JSON form.
    """
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, Enum):
        return json_value(value.value, at)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise _bad(at, f"{value} cannot be compared with: JSON has no such number")
        return float(value)
    if isinstance(value, datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=timezone.utc)
        return moment.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    return _container(value, at)


def _container(value: object, at: str) -> object:
    entries = _mapping(value)
    if entries is not None:
        for key in entries:
            if not isinstance(key, str) or key.startswith("$"):
                raise _bad(at, f"{key!r} is no key of a value")
        return {str(key): json_value(part, _join(at, str(key))) for key, part in entries.items()}
    listed = _sequence(value)
    if listed is not None:
        return [json_value(part, f"{at}[{index}]") for index, part in enumerate(listed)]
    number = getattr(value, "item", None)
    if callable(number) and getattr(value, "ndim", None) == 0:
        return json_value(number(), at)
    raise _bad(at, f"{_kind(value)} has no JSON form")


def _mapping(value: object) -> Mapping[object, object] | None:
    return cast("Mapping[object, object]", value) if isinstance(value, Mapping) else None


def _sequence(value: object) -> list[object] | None:
    """Return the members of a list, tuple or set; those of a set in a stable order."""
    if isinstance(value, (set, frozenset)):
        return sorted(cast("set[object]", value), key=repr)
    return list(cast("list[object]", value)) if isinstance(value, (list, tuple)) else None


def _is_pattern(value: object) -> bool:
    return isinstance(value, re.Pattern)


def _closest(name: str, known: Iterable[str], cutoff: float) -> str | None:
    from difflib import get_close_matches

    return next(iter(get_close_matches(name, list(known), 1, cutoff)), None)


def _bare(name: str) -> str:
    return name.replace("_", "").replace("-", "").strip().lower()


_SPELLINGS = {_bare(column): column for column in reversed(COLUMNS)}
_SPELLINGS_OF_SECTIONS = {_bare(section): section for section in reversed(SECTIONS)}


def _join(at: str, name: str) -> str:
    return f"{at}.{name}" if at else name


def _kind(value: object) -> str:
    return "None" if value is None else type(value).__name__


def _unknown_operator(at: str, name: str, allowed: Iterable[str]) -> FilterError:
    names = sorted(allowed)
    close = _closest(name.lower(), sorted(OPERATORS | LOGICAL), 0.6)
    advice = ADVICE.get(name) or (f"Did you mean `{close}`?" if close else f"Use one of {', '.join(names)}.")
    return _bad(at, f"unknown operator `{name}`", advice)


def _bad(at: str, why: str, advice: str = "", what: str = "filter") -> FilterError:
    place = f" at `{at}`" if at else ""
    return FilterError(f"The {what} cannot be used{place}: {why}.", next_step=advice)
