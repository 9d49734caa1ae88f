"""Filters, orders and names of reports, by the classes that scripts of the official client know.

They say what wandkit's own functions say: `QueryGenerator` translates the filters and orders of report specs,
`PythonMongoishQueryGenerator` filters that are written as Python comparisons, and `PanelMetricsHelper` the
names on the axes of panels. Docs: docs/api/filter.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from wandkit._core import report_filter
from wandkit._core.order_key import format_order_key
from wandkit._core.report_text import COLUMNS, panel_to_path, path_to_panel, text_to_mongo
from wandkit.errors import ArgumentError

__all__ = ["PanelMetricsHelper", "PythonMongoishQueryGenerator", "QueryGenerator"]

_AXES = {
    "Step": "_step",
    "Relative Time (Wall)": "_absolute_runtime",
    "Relative Time (Process)": "_runtime",
    "Wall Time": "_timestamp",
}
_AXIS_NAMES = {metric: axis for axis, metric in _AXES.items()}
_COLUMN_NAMES = {column: name for name, column in reversed(COLUMNS.items())}
_SUMMARY = "summary_metrics."


class QueryGenerator:
    """Translates filters, orders and keys of report specs to those of listings, and back."""

    def format_order_key(self, key: str) -> str:
        """Return the order that a short key means: `loss` is `-summary_metrics.loss`."""
        return format_order_key(key)

    def key_to_server_path(self, key: Mapping[str, Any]) -> str:
        """Return a key of a spec, `{"section": "config", "name": "lr"}`, as a listing has it: `config.lr`.

        Raises:
            FilterError: No such section.
        """
        return report_filter.key_to_path(key)

    def server_path_to_key(self, path: str) -> dict[str, Any]:
        """Return a key of a listing as a spec has it; what has no section is a column of the run."""
        return report_filter.path_to_key(path)

    def keys_to_order(self, keys: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> list[str]:
        """Return the sort keys of a spec as orders with their sign: `["-summary_metrics.loss"]`.

        Args:
            keys: The `sort` of a run set, `{"keys": [{"key": …, "ascending": …}]}`, or the list in it.

        Raises:
            FilterError: No such section.
        """
        listed = report_filter.items_of(keys, "keys") if isinstance(keys, Mapping) else keys
        return report_filter.keys_to_order(listed)

    def order_to_keys(self, order: Sequence[str]) -> dict[str, Any]:
        """Return orders, each with its sign, as the `sort` of a run set: `{"keys": […]}`.

        Raises:
            FilterError: One has no sign.
        """
        return {"keys": report_filter.order_to_keys(order)}

    def filter_to_mongo(self, filter: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the filter of a spec as a listing takes it; None where it lets every run through.

        Raises:
            FilterError: It has a section that there is not.
            OperatorError: It has an operator that reports do not have.
        """
        return report_filter.filter_to_mongo(filter) or None

    def mongo_to_filter(self, filter: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return a Mongo-style filter as one node of a spec's tree; None where it lets every run through.

        Every key and operator counts, not only the first.

        Raises:
            OperatorError: It has an operator that reports cannot say.
        """
        return report_filter.mongo_to_filter(filter) if filter else None


class PythonMongoishQueryGenerator:
    """Translates filters that are written as Python comparisons, and the names in them."""

    def __init__(self, run_set: object = None) -> None:
        """Know which names are keys of the config; all others are keys of the summary.

        Args:
            run_set: The names of the config keys, such as `run.config` or a list; anything else, such as a
                run set, names none.
        """
        self.run_set: object = run_set
        named = isinstance(run_set, Iterable) and not isinstance(run_set, (str, bytes))
        names = [*cast("Iterable[object]", run_set)] if named else []
        self._config = frozenset(name for name in names if isinstance(name, str))

    def python_to_mongo(self, filterstr: str) -> dict[str, Any]:
        """Return the Mongo-style form: `{"$or": [{"$and": […]}]}`; `{}` for an empty text.

        Raises:
            FilterError: The text is no filter of comparisons, `and` and `or`; it is never executed.
        """
        return text_to_mongo(filterstr, self._config)

    def front_to_back(self, name: str) -> str:
        """Return what a listing calls `name`: `Runtime` is `duration`, `loss` is `summary_metrics.loss`.

        A key of the config is `config.NAME.value`, and what is in it `config.NAME.value.REST`.
        """
        if name in COLUMNS:
            return COLUMNS[name]
        head, dot, rest = name.partition(".")
        for known, below in ((name, ""), (head, dot + rest)):
            if known in self._config:
                return f"config.{known}.value{below}"
        return _SUMMARY + name

    def back_to_front(self, name: str) -> str:
        """Return what the web app calls a key of a listing; the opposite of `front_to_back`."""
        if name in _COLUMN_NAMES:
            return _COLUMN_NAMES[name]
        if name.startswith("config."):
            head, _, rest = name.removeprefix("config.").partition(".value")
            return head + rest
        return name.removeprefix(_SUMMARY)

    def pc_front_to_back(self, name: str) -> str:
        """Return what a parallel coordinates panel calls `name`: `config:lr.value`, `summary:loss`."""
        path = self.front_to_back(name)
        section, dot, rest = path.partition(".")
        if name in _AXES:
            return f"summary:{path}"
        named = {"config": "config", "summary_metrics": "summary"}.get(section) if dot else None
        return f"{named}:{rest}" if named and name not in COLUMNS else path

    def pc_back_to_front(self, name: str) -> str:
        """Return what the web app calls a key of such a panel; the opposite of `pc_front_to_back`."""
        section, colon, rest = name.partition(":")
        if colon and section == "config":
            return self.back_to_front(f"config.{rest}")
        if colon and section == "summary":
            return _AXIS_NAMES.get(rest, rest)
        return self.back_to_front(name)


class PanelMetricsHelper:
    """Translates the names on the axes of panels."""

    def front_to_back(self, name: str) -> str:
        """Return the metric behind the name of an axis: `Step` is `_step`; other names stay.

        Raises:
            ArgumentError: It is no name.
        """
        return _AXES.get(_checked(name), name)

    def back_to_front(self, name: str) -> str:
        """Return the name of an axis for a metric; the opposite of `front_to_back`.

        Raises:
            ArgumentError: It is no name.
        """
        return _AXIS_NAMES.get(_checked(name), name)

    def special_front_to_back(self, name: str) -> str:
        """Return what scatter plots and parallel coordinates call a name: `c::lr` is `config:lr.value`.

        `s::loss`, or a plain name, is of the summary; `Created Timestamp` and `Latest Timestamp` are columns.

        Raises:
            ArgumentError: It is no name.
        """
        path = panel_to_path(_checked(name, "c::", "s::"))
        section, _, rest = path.partition(":")
        return f"{section}:{_AXES[rest]}" if section == "summary" and rest in _AXES else path

    def special_back_to_front(self, name: str) -> str:
        """Return the readable form of such a name; the opposite of `special_front_to_back`.

        Raises:
            ArgumentError: It is no name of a panel: neither `Index` nor `SECTION:NAME`.
        """
        section, colon, rest = _checked(name).partition(":")
        if name == "Index":
            return name
        if not colon or not rest or section not in ("config", "summary", "run"):
            raise ArgumentError(
                f"{name!r} is no key of a panel.",
                next_step="Write config:NAME.value, summary:NAME or run:NAME.",
            )
        return _AXIS_NAMES[rest] if section == "summary" and rest in _AXIS_NAMES else path_to_panel(name)


def _checked(name: object, *prefixes: str) -> str:
    if not isinstance(name, str) or not name or name in prefixes:
        raise ArgumentError(f"{name!r} is no name of a metric.", next_step="Give a text such as 'loss'.")
    return name
