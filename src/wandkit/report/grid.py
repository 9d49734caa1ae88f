"""Panel grids: run sets, and panels that show them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field

from wandkit._core.report_filter import (
    filter_to_mongo,
    filter_tree,
    group_paths,
    keys_to_order,
    order_to_keys,
    path_to_key,
    replaced_filter,
    run_set_filter,
    said_path,
    stored_path,
)
from wandkit._core.report_text import filter_to_text, text_to_filter
from wandkit.errors import ArgumentError
from wandkit.filters import Expression
from wandkit.report.block import Lines
from wandkit.report.inline import inlines
from wandkit.report.panel import AnyPanel
from wandkit.report.panel_base import Layout, Panel, new_id
from wandkit.report.part import Json, Part, no_items

__all__ = ["Filter", "GridData", "PanelBank", "PanelGrid", "RunSet"]

Filter = str | Mapping[str, Any] | Expression
"""Which runs: Python comparisons as text, an expression of `F`, or a Mongo-style mapping."""


class RunSet(Part):
    """Which runs a grid shows, in which order and groups."""

    id: str | None = None
    name: str | None = None
    enabled: bool | None = None
    project: Json | None = None
    search: Json | None = None
    filters: Json | None = None
    grouping: list[Any] | None = None
    sort: Json | None = None
    selections: Json | None = None
    run_feed: Json | None = None
    expanded_row_addresses: list[Any] | None = None
    baseline_run_id: str | None = None
    pinned_run_ids: list[str] | None = None

    @classmethod
    def of(
        cls,
        entity: str | None = None,
        project: str | None = None,
        name: str = "Run set",
        query: str = "",
        filters: Filter | None = None,
        group_by: Sequence[str] = (),
        order: Sequence[str] = ("-createdAt",),
    ) -> RunSet:
        """Return a run set; without a project it shows the runs of the report's own.

        Args:
            entity: The user or team of the project.
            project: The project whose runs are shown.
            name: What the run set is called.
            query: A text or pattern that the names of runs match.
            filters: Python comparisons as text, an expression of `F`, or a Mongo-style mapping.
            group_by: Keys such as `config.lr` or `group`.
            order: Keys with a sign, such as `-createdAt` or `+summary_metrics.loss`.

        Raises:
            FilterError: A filter or an order is malformed, or reports cannot say it.
            ArgumentError: `group_by` or `order` is one text, not a list.
        """
        found = cls(
            id=new_id(),
            name=name,
            enabled=True,
            selections={"root": 1, "bounds": [], "tree": []},
            run_feed=_feed(),
        )
        if project:
            found.project = {"name": project} | ({"entityName": entity} if entity else {})
        found.query, found.group_by, found.order = query, group_by, order
        found.filter({} if filters is None else filters)
        return found

    @property
    def query(self) -> str:
        """A text or pattern that the names of runs match."""
        return str((self.search or {}).get("query") or "")

    @query.setter
    def query(self, query: str) -> None:
        self.search = {**(self.search or {}), "query": query}

    @property
    def group_by(self) -> list[str]:
        """The keys that the runs are grouped by, for example `config.lr`."""
        return [said_path(path) for path in group_paths(self.grouping or [])]

    @group_by.setter
    def group_by(self, paths: Sequence[str]) -> None:
        _refuse_text("group_by", paths)
        self.grouping = [path_to_key(stored_path(path)) for path in paths]

    @property
    def order(self) -> list[str]:
        """The keys that the runs are sorted by, each with its sign: `-createdAt`."""
        order = keys_to_order((self.sort or {}).get("keys") or [])
        return [text[0] + said_path(text[1:]) for text in order]

    @order.setter
    def order(self, order: Sequence[str]) -> None:
        _refuse_text("order", order)
        keys = order_to_keys([text[:1] + stored_path(text[1:]) for text in order])
        self.sort = {**(self.sort or {}), "keys": keys}

    @property
    def filter_text(self) -> str:
        """The filter as Python comparisons: `Config('lr') > 0.1 and Metric('state') == 'finished'`.

        Raises:
            FilterError: It holds a pattern, which Python comparisons cannot say.
        """
        return filter_to_text(self.filters or {"op": "OR", "filters": []})

    @property
    def filter_mongo(self) -> Json:
        """The filter as `api.runs` takes it."""
        return filter_to_mongo(self.filters or {"op": "OR", "filters": []})

    def filter(self, filters: Filter) -> None:
        """Show the runs that `filters` lets through; `""` or `{}` shows all.

        Raises:
            FilterError: It is malformed, or reports cannot say it.
        """
        if isinstance(filters, str):
            tree = text_to_filter(filters)
        else:
            tree = filter_tree(filters.to_mongo() if isinstance(filters, Expression) else filters)
        self.filters = replaced_filter(self.filters or {}, tree)

    def arguments(self, *, only_selected: bool = True) -> tuple[Json, str]:
        """Return the filter and the order with which `api.runs` lists what the run set shows."""
        return run_set_filter(self.to_json(), only_selected=only_selected)


class PanelBank(Part):
    """The panels of a grid and how they are laid out."""

    name: str | None = None
    is_open: bool | None = None
    type: str | None = None
    panels: list[AnyPanel] = Field(default_factory=no_items)
    flow_config: Json | None = None
    sorted: int | None = None
    local_panel_settings: Json | None = None


class GridData(Part):
    """What a panel grid holds; the wire calls it metadata."""

    open_viz: bool | None = None
    open_run_set: int | None = None
    name: str | None = None
    run_sets: list[RunSet] = Field(default_factory=no_items)
    panels: Json | None = None
    panel_bank_config: Json | None = None
    panel_bank_section_config: PanelBank = Field(default_factory=PanelBank)
    custom_run_colors: Json | None = None
    hide_run_sets: bool | None = None


class PanelGrid(Lines):
    """A grid of panels with the runs that they show."""

    TYPE: ClassVar[str] = "panel-grid"
    type: Literal["panel-grid"] = "panel-grid"
    metadata: GridData = Field(default_factory=GridData)

    @classmethod
    def of(cls, panels: Iterable[Panel] = (), run_sets: Iterable[RunSet] = ()) -> PanelGrid:
        """Return a grid with these panels, three in a row, about these run sets; without one, all runs.

        Raises:
            ArgumentError: Something is no panel, or no run set.
        """
        panels, run_sets = list(panels), list(run_sets)
        _refuse_others(panels, Panel)
        _refuse_others(run_sets, RunSet)
        for run_set in run_sets:
            run_set.id = run_set.id or new_id()
        for place, panel in enumerate(panels):
            panel.id = panel.id or new_id()
            if panel.layout is None:
                panel.layout = Layout(x=place % 3 * 8, y=place // 3 * 6, w=8, h=6)
        metadata = GridData(
            open_viz=True,
            open_run_set=0,
            name="unused-name",
            run_sets=run_sets or [RunSet.of()],
            panels={"views": {"0": {"name": "Panels", "defaults": [], "config": []}}, "tabs": ["0"]},
            panel_bank_config=_bank_config(),
            panel_bank_section_config=PanelBank.model_validate(
                {**_section("Report Panels", "grid"), "panels": panels}
            ),
            custom_run_colors={},
        )
        return cls(type="panel-grid", children=inlines([]), metadata=metadata)

    @property
    def panels(self) -> list[Panel]:
        """The panels; the list can be changed."""
        return self.metadata.panel_bank_section_config.panels

    @property
    def run_sets(self) -> list[RunSet]:
        """The run sets; the list can be changed."""
        return self.metadata.run_sets


def _refuse_text(name: str, keys: object) -> None:
    if isinstance(keys, str):
        raise ArgumentError(
            f"`{name}` of a run set is a list of keys, not one text.", next_step=f"Write [{keys!r}]."
        )


def _refuse_others(parts: Sequence[object], kind: type[Part]) -> None:
    for part in parts:
        if not isinstance(part, kind):
            raise ArgumentError(
                f"A panel grid is made of panels and run sets; where a {kind.__name__} is wanted, "
                f"there is a {type(part).__name__}.",
                next_step="Write PanelGrid.of([LinePanel.of(key)], [RunSet.of()]).",
            )


def _section(name: str, kind: str) -> Json:
    return {
        "name": name,
        "isOpen": False,
        "panels": [],
        "type": kind,
        "flowConfig": {
            "snapToColumns": True, "columnsPerPage": 3, "rowsPerPage": 2, "gutterWidth": 16, "boxWidth": 460,
            "boxHeight": 300,
        },
        "sorted": 0,
        "localPanelSettings": {
            "xAxis": "_step", "smoothingWeight": 0, "smoothingType": "exponential", "ignoreOutliers": False,
            "xAxisActive": False, "smoothingActive": False,
        },
    }  # fmt: skip


def _bank_config() -> Json:
    settings = {"autoOrganizePrefix": 2, "showEmptySections": False, "sortAlphabetically": False}
    return {"state": 0, "settings": settings, "sections": [_section("Hidden Panels", "flow")]}


def _feed() -> Json:
    return {
        "version": 2, "columnVisible": {"run:name": False}, "columnPinned": {}, "columnWidths": {},
        "columnOrder": [], "pageSize": 10, "onlyShowSelected": False,
    }  # fmt: skip
