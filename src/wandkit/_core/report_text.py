"""Filters written as Python comparisons, as reports show them, and their trees, each from the other.

    Config("lr") > 0.1 and SummaryMetric("loss") < 1 or State == "crashed"
    Metric("CreatedTimestamp") within_last 5 days

A name by itself is a column of the run table (`State`, `Name`, `JobType`), a config key that is known to be
one, or else a key of the summary. `Config`, `SummaryMetric` (or `Summary`), `Metric` (a column), `KeysInfo`
and `Tags` say it outright; `Tags()` is all tags of a run. A single `=` compares, too.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from wandkit._core.report_filter import WITHIN, filter_to_mongo, items_of, object_of
from wandkit._core.report_flat import as_tree
from wandkit.errors import FilterError

__all__ = ["COLUMNS", "filter_to_text", "panel_to_path", "path_to_panel", "text_to_filter", "text_to_mongo"]

COLUMNS: dict[str, str] = {
    "ID": "name",
    "Name": "displayName",
    "Tags": "tags",
    "State": "state",
    "CreatedTimestamp": "createdAt",
    "Runtime": "duration",
    "User": "username",
    "Sweep": "sweep",
    "Group": "group",
    "JobType": "jobType",
    "Hostname": "host",
    "UsingArtifact": "inputArtifacts",
    "OutputtingArtifact": "outputArtifacts",
    "Step": "_step",
    "Relative Time (Wall)": "_absolute_runtime",
    "Relative Time (Process)": "_runtime",
    "Wall Time": "_timestamp",
    "RelativeTime(Wall)": "_absolute_runtime",
    "RelativeTime(Process)": "_runtime",
    "WallTime": "_timestamp",
}
"""The columns of the run table, by what the web app calls them."""

LONGEST_SHOWN = 200
_LOGGED = frozenset({"_step", "_absolute_runtime", "_runtime", "_timestamp"})
_SECTIONS = {
    "Config": "config", "Summary": "summary", "SummaryMetric": "summary", "KeysInfo": "keys_info",
    "Tags": "tags",
}  # fmt: skip
_CALLS = {section: name for name, section in _SECTIONS.items()}
_WITHIN = "within_last"
_SAID = re.compile(
    r"""(?P<quoted>'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")"""
    r"""|\bwithin_last\s+(?P<amount>[0-9]+(?:\.[0-9]+)?)\s+(?P<quote>['"]?)(?P<unit>[A-Za-z]+)(?P=quote)"""
    r"""|(?<![=!<>:])=(?!=)"""
)
_UNITS = {"days": 86400, "hours": 3600, "minutes": 60, "seconds": 1}
_SIGNS: dict[type[ast.cmpop], str] = {
    ast.Eq: "=", ast.Is: "=", ast.NotEq: "!=", ast.IsNot: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">",
    ast.GtE: ">=", ast.In: "IN", ast.NotIn: "NIN",
}  # fmt: skip
_TEXTS = {"=": "==", "==": "==", "IN": "in", "NIN": "not in"}
_PANEL_COLUMNS = {"Created Timestamp": "createdAt", "Latest Timestamp": "heartbeatAt"}


def text_to_filter(text: str, config: Iterable[str] = ()) -> dict[str, Any]:
    """Return the tree of a filter that is written as Python comparisons, joined by `and` and `or`.

    Args:
        text: The comparisons; empty lets every run through.
        config: The names that are keys of the config; others are keys of the summary.

    Raises:
        FilterError: The text is no such filter; it is never executed.
    """
    if not text.strip():
        return {"op": "OR", "filters": [{"op": "AND", "filters": []}]}
    node = _Reader(text, frozenset(config)).node(_parsed(text))
    parts = node["filters"] if node["op"] == "OR" else [node]
    wrapped = [part if part["op"] == "AND" else {"op": "AND", "filters": [part]} for part in parts]
    return {"op": "OR", "filters": wrapped}


def text_to_mongo(text: str, config: Iterable[str] = ()) -> dict[str, Any]:
    """Return the Mongo-style form of a filter that is written as Python comparisons.

    Raises:
        FilterError: The text is no such filter.
    """
    return filter_to_mongo(text_to_filter(text, config))


def _parsed(text: str) -> ast.expr:
    written = text.strip()
    if "\n" in written:
        written = f"({written}\n)"  # within brackets Python reads on
    try:
        return ast.parse(written, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        pass
    try:
        return ast.parse(_as_python(written), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise _bad(text, "it is no Python expression") from error


def _as_python(text: str) -> str:
    """Return a text in which what only reports say is said in Python.

    before:  State = "x" and Metric("CreatedTimestamp") within_last 5 days
    after:   State == "x" and Metric("CreatedTimestamp") == within_last(5, "days")
    """
    return _SAID.sub(_in_python, text)


def _in_python(found: re.Match[str]) -> str:
    if found["quoted"] is not None:
        return found["quoted"]
    return f'== {_WITHIN}({found["amount"]}, "{found["unit"]}")' if found["amount"] is not None else "=="


class _Reader:
    """Turns the syntax tree of one text into nodes of a report's filter."""

    def __init__(self, text: str, config: frozenset[str]) -> None:
        self._text = text
        self._config = config

    def node(self, found: ast.expr) -> dict[str, Any]:
        if isinstance(found, ast.BoolOp):
            operator = "AND" if isinstance(found.op, ast.And) else "OR"
            return {"op": operator, "filters": [self.node(part) for part in found.values]}
        if isinstance(found, ast.Compare):
            return self._comparison(found)
        raise _bad(self._text, "only comparisons, `and` and `or` can stand in it")

    def _comparison(self, found: ast.Compare) -> dict[str, Any]:
        if len(found.ops) > 1:
            raise _bad(self._text, "it chains comparisons", "Join them with `and`.")
        key, sign, right = self._key(found.left), _SIGNS[type(found.ops[0])], found.comparators[0]
        if isinstance(right, ast.Call) and isinstance(right.func, ast.Name) and right.func.id == _WITHIN:
            return {"key": key, "op": WITHIN, "value": self._seconds(right), "disabled": False}
        return {"key": key, "op": sign, "value": self._value(right), "disabled": False}

    def _key(self, found: ast.expr) -> dict[str, str]:
        if not (isinstance(found, ast.Call) and isinstance(found.func, ast.Name)):
            return self._named(self._dotted(found))
        kind = found.func.id
        if kind == "Tags" and not found.args and not found.keywords:
            return {"section": "run", "name": "tags"}
        name = self._value(found.args[0]) if len(found.args) == 1 else None
        if not isinstance(name, str) or found.keywords or (kind not in _SECTIONS and kind != "Metric"):
            raise _bad(self._text, f"`{kind}(…)` is no key")
        if kind == "Metric":
            return {"section": "run", "name": COLUMNS.get(name, name)}
        return {"section": _SECTIONS[kind], "name": name}

    def _seconds(self, found: ast.Call) -> int | float:
        amount, unit = (self._value(part) for part in found.args) if len(found.args) == 2 else (None, None)
        unit = unit if unit in _UNITS else f"{unit}s"
        if isinstance(amount, bool) or not isinstance(amount, (int, float)) or unit not in _UNITS:
            raise _bad(self._text, f"`{_WITHIN}` takes a number of {', '.join(_UNITS)}")
        seconds = amount * _UNITS[unit]
        return int(seconds) if seconds == int(seconds) else seconds

    def _named(self, name: str) -> dict[str, str]:
        column = COLUMNS.get(name)
        if column is not None:
            return {"section": "summary" if column in _LOGGED else "run", "name": column}
        head, dot, rest = name.partition(".")
        if name in self._config:
            return {"section": "config", "name": f"{name}.value"}
        if head in self._config:
            return {"section": "config", "name": f"{head}.value{dot}{rest}"}
        return {"section": "summary", "name": name}

    def _dotted(self, found: ast.expr) -> str:
        if isinstance(found, ast.Name):
            return found.id
        if isinstance(found, ast.Attribute):
            return f"{self._dotted(found.value)}.{found.attr}"
        raise _bad(self._text, "the left side of a comparison must be a key")

    def _value(self, found: ast.expr) -> Any:
        if isinstance(found, ast.Name) and found.id in ("true", "false", "null"):
            return {"true": True, "false": False, "null": None}[found.id]
        try:
            return json.loads(json.dumps(ast.literal_eval(found), allow_nan=False))
        except (ValueError, TypeError, MemoryError, RecursionError) as error:
            raise _bad(self._text, "the right side of a comparison must be a plain value") from error


def filter_to_text(filters: Mapping[str, Any]) -> str:
    """Return a report's filter, of either form, as Python comparisons; what has no effect is left out.

    Raises:
        FilterError: It holds what Python comparisons cannot say (a pattern).
    """
    return _text_of(as_tree(filters), inside="")


def _text_of(tree: Mapping[str, Any], inside: str) -> str:
    operator = tree.get("op")
    if operator in ("AND", "OR"):
        parts = [text for part in items_of(tree, "filters") if (text := _text_of(part, operator))]
        joined = f" {operator.lower()} ".join(parts)
        return f"({joined})" if len(parts) > 1 and operator == "OR" and inside == "AND" else joined
    key, value = object_of(tree, "key"), tree.get("value")
    if tree.get("disabled") or not key.get("name") or (value is None and operator not in ("=", "==", "!=")):
        return ""
    if operator == "REGEX":
        raise _bad(str(key["name"]), "a pattern cannot be written as a comparison")
    call = _CALLS.get(str(key.get("section")), "Metric")
    if operator == WITHIN:
        return f"{call}({str(key['name'])!r}) {_WITHIN} {_span(str(key['name']), value)}"
    return f"{call}({str(key['name'])!r}) {_TEXTS.get(str(operator), operator)} {value!r}"


def _span(name: str, seconds: Any) -> str:
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise _bad(name, f"{WITHIN} takes seconds, not {seconds!r}")
    for unit, length in _UNITS.items():
        if length > 1 and seconds % length == 0:
            return f"{int(seconds // length)} {unit}"
    return f"{seconds} seconds"


def panel_to_path(key: str) -> str:
    """Return what a scatter, bar or coordinates panel calls `key`, as the wire has it.

    `c::lr` is a config key, `s::loss` or a plain name one of the summary, `Created Timestamp` a column.
    """
    if key.startswith("c::"):
        return f"config:{key[3:]}.value"
    if key.startswith("s::"):
        return f"summary:{key[3:]}"
    if key == "Index":
        return key
    if key in _PANEL_COLUMNS:
        return f"run:{_PANEL_COLUMNS[key]}"
    return f"summary:{key}"


def path_to_panel(path: str) -> str:
    """Return the readable form of a panel's key; the opposite of `panel_to_path`."""
    section, colon, name = path.partition(":")
    if colon and section == "config":
        return f"c::{name.removesuffix('.value')}"
    if colon and section == "summary":
        return f"s::{name}" if name.startswith(("c::", "s::")) or name in {*_PANEL_COLUMNS, "Index"} else name
    if colon and section == "run":
        return next((label for label, column in _PANEL_COLUMNS.items() if column == name), path)
    return path


def _bad(text: str, why: str, advice: str = "") -> FilterError:
    shown = text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
    return FilterError(f"The filter {shown!r} cannot be used: {why}.", next_step=advice)
