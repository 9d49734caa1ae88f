"""History without I/O: arguments checked, answers turned into rows, the index of keys read.

How a scan goes about it: _core/scan.py. Frames: _core/frame.py. Exports: _core/parquet.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any, Literal, SupportsIndex, TypeAlias, cast

from wandkit._core.collector import uncollected
from wandkit._core.jsonvalue import read_json
from wandkit._core.near import did_you_mean, near_matches
from wandkit.errors import AnswerError, ArgumentError

__all__ = [
    "How",
    "Row",
    "Stream",
    "check_keys",
    "check_samples",
    "check_steps",
    "decode_rows",
    "has_non_finite_text",
    "join_rows",
    "key_count",
    "key_names",
    "keys_apart",
    "last_step_of",
    "live_start",
    "missing_keys",
    "restore_numbers",
    "restore_values",
    "select_keys",
]

Row: TypeAlias = dict[str, Any]
"""One logged step: metric name to value."""

How: TypeAlias = Literal["inner", "outer"]
"""Which rows a scan with keys gives: those that have all of the keys, or any of them."""

Stream: TypeAlias = Literal["default", "system"]
"""Which history: what the run logged, or what its machine measured."""

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
    for name, value in (("page_size", page_size), ("min_step", min_step), ("max_step", max_step)):
        if not isinstance(value, SupportsIndex) and (value is not None or name == "page_size"):
            raise ArgumentError(f"{name} must be a whole number, not {value!r}")
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
            rows = read_json(joined)
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
        decoded: Any = read_json(tail) if tail else []
        rows: list[Any] = [read_json(row) if isinstance(row, str) else row for row in decoded]
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


def keys_apart(keys: Sequence[str]) -> list[str]:
    """Return, as a sentence, why no row has all of `keys` though each was logged; none for a single one."""
    metrics = [repr(key) for key in keys if not key.startswith("_")]
    if len(metrics) < 2:
        return []
    named = f"{', '.join(metrics[:-1])} and {metrics[-1]}"
    return [f'no row has all of {named}; scan_history(keys=…, how="outer") gives rows that have any']


def live_start(live_data: Sequence[Any] | None) -> int | None:
    """Return the first step of the live tail by a `liveData` answer; None where there is no live row."""
    rows = [read_json(entry) if isinstance(entry, str) else entry for entry in live_data or ()]
    return min(map(int, _steps_of(rows)), default=None)


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
