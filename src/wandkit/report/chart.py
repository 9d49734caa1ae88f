"""The panels that draw charts: lines, points, bars, one number, parallel coordinates, importance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from wandkit._core.report_text import panel_to_path
from wandkit.report.panel_base import Layout, Panel
from wandkit.report.part import Json, Number, Part

__all__ = [
    "BarPanel", "Chart", "Column", "GradientPoint", "LinePanel", "ParallelCoordinates", "ParameterImportance",
    "ScalarPanel", "ScatterPanel",
]  # fmt: skip


class Chart(Part):
    """What the configs of charts share: titles, axes, groups, legend, colours."""

    chart_title: str | None = None
    x_axis_title: str | None = None
    y_axis_title: str | None = None
    x_axis_min: Number | None = None
    x_axis_max: Number | None = None
    y_axis_min: Number | None = None
    y_axis_max: Number | None = None
    metrics: list[str] | None = None
    group_by: str | None = None
    group_agg: str | None = None
    group_area: str | None = None
    aggregate: bool | None = None
    limit: Number | None = None
    expressions: list[str] | None = None
    legend_fields: list[str] | None = None
    legend_template: str | None = None
    legend_position: str | None = None
    font_size: str | None = None
    override_series_titles: Json | None = None
    override_colors: Json | None = None


class LineConfig(Chart):
    """What a line panel shows."""

    x_axis: str | None = None
    x_log_scale: bool | None = None
    y_log_scale: bool | None = None
    smoothing_weight: Number | None = None
    smoothing_type: str | None = None
    show_original_after_smoothing: bool | None = None
    ignore_outliers: bool | None = None
    plot_type: str | None = None
    use_metric_regex: bool | None = None
    metric_regex: str | None = None
    color_each_metric_differently: bool | None = None
    x_expression: str | None = None
    x_axis_format: str | None = None
    point_visualization_method: str | None = None
    override_line_widths: dict[str, Number] | None = None
    override_marks: dict[str, str] | None = None


class LinePanel(Panel):
    """Metrics over steps, time or another metric."""

    VIEW: ClassVar[str] = "Run History Line Plot"
    view_type: str = "Run History Line Plot"
    config: LineConfig = Field(default_factory=LineConfig)

    @classmethod
    def of(
        cls,
        y: str | Sequence[str],
        x: str = "_step",
        *,
        title: str | None = None,
        smoothing: float | None = None,
        smoothing_type: str = "exponential",
        layout: Layout | None = None,
    ) -> LinePanel:
        """Return a panel with a line for each metric of `y`; `smoothing` is from 0 to 1."""
        config = LineConfig(metrics=[y] if isinstance(y, str) else list(y), x_axis=x)
        if title is not None:
            config.chart_title = title
        if smoothing is not None:
            config.smoothing_weight, config.smoothing_type = smoothing, smoothing_type
        return cls.build(config, layout)


class GradientPoint(Part):
    """One colour of a gradient, at so many percent."""

    color: str = ""
    offset: Number = 0


class ScatterConfig(Chart):
    """What a scatter panel shows."""

    x_axis: str | None = None
    y_axis: str | None = None
    z_axis: str | None = None
    z_axis_min: Number | None = None
    z_axis_max: Number | None = None
    x_axis_log_scale: bool | None = None
    y_axis_log_scale: bool | None = None
    z_axis_log_scale: bool | None = None
    show_max_y_axis_line: bool | None = None
    show_min_y_axis_line: bool | None = None
    show_avg_y_axis_line: bool | None = None
    show_linear_regression: bool | None = None
    custom_gradient: list[GradientPoint] | None = None


class ScatterPanel(Panel):
    """One point for each run."""

    VIEW: ClassVar[str] = "Scatter Plot"
    view_type: str = "Scatter Plot"
    config: ScatterConfig = Field(default_factory=ScatterConfig)

    @classmethod
    def of(
        cls, x: str, y: str, z: str | None = None, *, title: str | None = None, layout: Layout | None = None
    ) -> ScatterPanel:
        """Return a panel; `c::KEY` is a config key, another name one of the summary; `z` is the colour."""
        config = ScatterConfig(x_axis=panel_to_path(x), y_axis=panel_to_path(y))
        if z is not None:
            config.z_axis = panel_to_path(z)
        if title is not None:
            config.chart_title = title
        return cls.build(config, layout)


class BarConfig(Chart):
    """What a bar panel shows."""

    vertical: bool | None = None
    bar_limit: Number | None = None


class BarPanel(Panel):
    """A bar for each run or group."""

    VIEW: ClassVar[str] = "Bar Chart"
    view_type: str = "Bar Chart"
    config: BarConfig = Field(default_factory=BarConfig)

    @classmethod
    def of(
        cls,
        metrics: str | Sequence[str],
        *,
        vertical: bool = False,
        title: str | None = None,
        layout: Layout | None = None,
    ) -> BarPanel:
        """Return a panel with the bars of these metrics."""
        config = BarConfig(
            metrics=[metrics] if isinstance(metrics, str) else list(metrics), vertical=vertical
        )
        if title is not None:
            config.chart_title = title
        return cls.build(config, layout)


class ScalarPanel(Panel):
    """One number."""

    VIEW: ClassVar[str] = "Scalar Chart"
    view_type: str = "Scalar Chart"
    config: Chart = Field(default_factory=Chart)

    @classmethod
    def of(
        cls,
        metric: str,
        *,
        aggregation: str | None = None,
        title: str | None = None,
        layout: Layout | None = None,
    ) -> ScalarPanel:
        """Return a panel with this metric; `aggregation` is mean, min, max and the like."""
        config = Chart(metrics=[metric])
        if aggregation is not None:
            config.group_agg = aggregation
        if title is not None:
            config.chart_title = title
        return cls.build(config, layout)


class Column(Part):
    """One axis of parallel coordinates; `accessor` is the key as the wire has it, `config:lr.value`."""

    accessor: str = ""
    display_name: str | None = None
    inverted: bool | None = None
    log: bool | None = None

    @classmethod
    def of(cls, key: str, name: str | None = None, *, inverted: bool = False, log: bool = False) -> Column:
        """Return an axis; `c::KEY` is a config key, another name one of the summary."""
        made = cls(accessor=panel_to_path(key))
        if name is not None:
            made.display_name = name
        if inverted:
            made.inverted = True
        if log:
            made.log = True
        return made


class CoordinatesConfig(Part):
    """What a panel of parallel coordinates shows."""

    chart_title: str | None = None
    columns: list[Column] | None = None
    custom_gradient: list[GradientPoint] | None = None
    font_size: str | None = None


class ParallelCoordinates(Panel):
    """A line for each run across several columns."""

    VIEW: ClassVar[str] = "Parallel Coordinates Plot"
    view_type: str = "Parallel Coordinates Plot"
    config: CoordinatesConfig = Field(default_factory=CoordinatesConfig)

    @classmethod
    def of(
        cls, *columns: str | Column, title: str | None = None, layout: Layout | None = None
    ) -> ParallelCoordinates:
        """Return a panel; `c::KEY` is a config key, another name one of the summary."""
        made = [column if isinstance(column, Column) else Column.of(column) for column in columns]
        config = CoordinatesConfig(columns=made)
        if title is not None:
            config.chart_title = title
        return cls.build(config, layout)


class ImportanceConfig(Part):
    """What a panel of parameter importance shows."""

    target_key: str | None = None
    columns_pinned: Json | None = None
    column_widths: Json | None = None
    column_order: list[str] | None = None
    page_size: int | None = None
    only_show_selected: bool | None = None


class ParameterImportance(Panel):
    """Which config keys a metric depends on."""

    VIEW: ClassVar[str] = "Parameter Importance"
    view_type: str = "Parameter Importance"
    config: ImportanceConfig = Field(default_factory=ImportanceConfig)

    @classmethod
    def of(cls, metric: str, *, layout: Layout | None = None) -> ParameterImportance:
        """Return a panel about this metric."""
        return cls.build(ImportanceConfig(target_key=metric), layout)
