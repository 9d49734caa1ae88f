"""The panels of a panel grid: charts, comparers, media. Each has a place in the grid and a config."""

from __future__ import annotations

import secrets
import string
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, TypeAlias

from pydantic import BeforeValidator, Field
from typing_extensions import Self

from wandkit._core.report_text import panel_to_path
from wandkit.report.part import Json, Number, Part, named, no_keys, read_exactly

__all__ = [
    "AnyPanel", "BarPanel", "Chart", "CodeComparer", "CustomChart", "Layout", "LinePanel", "MarkdownPanel",
    "MediaBrowser", "Panel", "ParallelCoordinates", "ParameterImportance", "RunComparer", "ScalarPanel",
    "ScatterPanel", "UnknownPanel", "WeavePanel", "new_id",
]  # fmt: skip


def new_id() -> str:
    """Return a short id that nothing else in a report has."""
    return "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(9))


class Layout(Part):
    """Where a panel stands and how large it is, in units of a grid that is 24 wide."""

    x: int = 0
    y: int = 0
    w: int = 8
    h: int = 6


class Panel(Part):
    """One panel of a grid."""

    VIEW: ClassVar[str] = ""

    id: str | None = Field(default=None, validation_alias="__id__", serialization_alias="__id__")
    view_type: str = ""
    layout: Layout | None = None

    @classmethod
    def build(cls, config: object, layout: Layout | None) -> Self:
        """Return a new panel with this config."""
        return cls(id=new_id(), view_type=cls.VIEW, layout=layout, config=config)  # type: ignore[call-arg]


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
    limit: int | None = None
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
    custom_gradient: list[Json] | None = None


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
    bar_limit: int | None = None


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


class CoordinatesConfig(Part):
    """What a panel of parallel coordinates shows: columns of `{accessor, displayName, inverted, log}`."""

    chart_title: str | None = None
    columns: list[Json] | None = None
    custom_gradient: list[Json] | None = None
    font_size: str | None = None


class ParallelCoordinates(Panel):
    """A line for each run across several columns."""

    VIEW: ClassVar[str] = "Parallel Coordinates Plot"
    view_type: str = "Parallel Coordinates Plot"
    config: CoordinatesConfig = Field(default_factory=CoordinatesConfig)

    @classmethod
    def of(cls, *columns: str, title: str | None = None, layout: Layout | None = None) -> ParallelCoordinates:
        """Return a panel; `c::KEY` is a config key, another name one of the summary."""
        config = CoordinatesConfig(columns=[{"accessor": panel_to_path(column)} for column in columns])
        if title is not None:
            config.chart_title = title
        return cls.build(config, layout)


class ImportanceConfig(Part):
    """What a panel of parameter importance shows."""

    target_key: str | None = None


class ParameterImportance(Panel):
    """Which config keys a metric depends on."""

    VIEW: ClassVar[str] = "Parameter Importance"
    view_type: str = "Parameter Importance"
    config: ImportanceConfig = Field(default_factory=ImportanceConfig)

    @classmethod
    def of(cls, metric: str, *, layout: Layout | None = None) -> ParameterImportance:
        """Return a panel about this metric."""
        return cls.build(ImportanceConfig(target_key=metric), layout)


class RunComparerConfig(Part):
    """What a run comparer shows: with `diff_only` of `split`, differences alone."""

    diff_only: str | None = None


class RunComparer(Panel):
    """The config and summary of runs, side by side."""

    VIEW: ClassVar[str] = "Run Comparer"
    view_type: str = "Run Comparer"
    config: RunComparerConfig = Field(default_factory=RunComparerConfig)

    @classmethod
    def of(cls, *, diff_only: bool = False, layout: Layout | None = None) -> RunComparer:
        """Return a panel."""
        return cls.build(RunComparerConfig(diff_only="split") if diff_only else RunComparerConfig(), layout)


class CodeComparerConfig(Part):
    """How a code comparer shows differences: `split` or `unified`."""

    diff: str | None = None


class CodeComparer(Panel):
    """The code of runs, side by side."""

    VIEW: ClassVar[str] = "Code Comparer"
    view_type: str = "Code Comparer"
    config: CodeComparerConfig = Field(default_factory=CodeComparerConfig)

    @classmethod
    def of(cls, diff: str = "split", *, layout: Layout | None = None) -> CodeComparer:
        """Return a panel."""
        return cls.build(CodeComparerConfig(diff=diff), layout)


class MediaConfig(Part):
    """What a media browser shows."""

    chart_title: str | None = None
    media_keys: list[str] | None = None
    column_count: int | None = None
    mode: str | None = None


class MediaBrowser(Panel):
    """Pictures, tables, audio and video of runs."""

    VIEW: ClassVar[str] = "Media Browser"
    view_type: str = "Media Browser"
    config: MediaConfig = Field(default_factory=MediaConfig)

    @classmethod
    def of(
        cls, *keys: str, columns: int | None = None, title: str | None = None, layout: Layout | None = None
    ) -> MediaBrowser:
        """Return a panel with what was logged under these keys."""
        config = MediaConfig(media_keys=list(keys))
        if columns is not None:
            config.column_count = columns
        if title is not None:
            config.chart_title = title
        return cls.build(config, layout)


class MarkdownConfig(Part):
    """The text of a Markdown panel."""

    value: str | None = None


class MarkdownPanel(Panel):
    """Markdown between the charts."""

    VIEW: ClassVar[str] = "Markdown Panel"
    view_type: str = "Markdown Panel"
    config: MarkdownConfig = Field(default_factory=MarkdownConfig)

    @classmethod
    def of(cls, text: str, *, layout: Layout | None = None) -> MarkdownPanel:
        """Return a panel with this text."""
        return cls.build(MarkdownConfig(value=text), layout)


class CustomConfig(Part):
    """What a custom chart is drawn from: a query, a Vega preset, and which columns are its fields."""

    panel_def_id: str | None = None
    user_query: Json | None = None
    transform: Json | None = None
    field_settings: Json | None = None
    string_settings: Json | None = None


class CustomChart(Panel):
    """A chart of a Vega preset."""

    VIEW: ClassVar[str] = "Vega2"
    view_type: str = "Vega2"
    config: CustomConfig = Field(default_factory=CustomConfig)

    @classmethod
    def of(
        cls,
        preset: str,
        query: Mapping[str, Any],
        *,
        fields: Mapping[str, str] | None = None,
        strings: Mapping[str, str] | None = None,
        layout: Layout | None = None,
    ) -> CustomChart:
        """Return a panel of `preset`, for example `wandb/line/v0`; `query` is the wire's `userQuery`."""
        config = CustomConfig(
            panel_def_id=preset,
            user_query=dict(query),
            field_settings=dict(fields or {}),
            string_settings=dict(strings or {}),
        )
        return cls.build(config, layout)


class WeavePanel(Panel):
    """A Weave panel; its `config` is Weave's own."""

    VIEW: ClassVar[str] = "Weave"
    view_type: str = "Weave"
    config: Json = Field(default_factory=no_keys)


class UnknownPanel(Panel):
    """A panel that is not known, or not of the shape that is; `raw` is written back as it is."""

    raw: Any = None

    def to_json(self) -> Any:
        """Return what was read."""
        return self.raw


KINDS: dict[str, type[Panel]] = {
    kind.VIEW: kind
    for kind in (
        BarPanel, CodeComparer, CustomChart, LinePanel, MarkdownPanel, MediaBrowser, ParallelCoordinates,
        ParameterImportance, RunComparer, ScalarPanel, ScatterPanel, WeavePanel,
    )
}  # fmt: skip


def _parse(value: Any) -> Any:
    if isinstance(value, Panel):
        return value
    kind = KINDS.get(named(value, "viewType"))
    found = read_exactly(kind, value) if kind else None
    return found if found is not None else UnknownPanel(raw=value)


AnyPanel: TypeAlias = Annotated[Panel, BeforeValidator(_parse)]
"""A panel; what is not known becomes an `UnknownPanel`."""
