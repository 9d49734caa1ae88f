"""The panels of a panel grid: comparers, media, Markdown, custom charts, Weave; charts are in chart.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, TypeAlias

from pydantic import BeforeValidator, Field

from wandkit.report.chart import (
    BarPanel,
    LinePanel,
    ParallelCoordinates,
    ParameterImportance,
    ScalarPanel,
    ScatterPanel,
)
from wandkit.report.panel_base import Layout, Panel
from wandkit.report.part import Json, Number, Part, named, no_keys, read_exactly

__all__ = [
    "AnyPanel", "CodeComparer", "CustomChart", "MarkdownPanel", "MediaBrowser", "RunComparer",
    "UnknownPanel", "WeavePanel",
]  # fmt: skip


class RunComparerConfig(Part):
    """What a run comparer shows: with `diff_only` of `split` or true, differences alone."""

    diff_only: str | bool | None = None


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
    column_count: Number | None = None
    mode: str | None = None
    gallery_settings: Json | None = None
    grid_settings: Json | None = None


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
    """A Weave panel, or one of Weave's traces; its `config` is Weave's own."""

    VIEW: ClassVar[str] = "Weave"
    view_type: str = "Weave"
    config: Json = Field(default_factory=no_keys)

    @classmethod
    def of(cls, config: Mapping[str, Any], *, layout: Layout | None = None) -> WeavePanel:
        """Return a panel with this config, as Weave writes it."""
        return cls.build(dict(config), layout)


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
KINDS["Weave Trace"] = WeavePanel


def _parse(value: Any) -> Any:
    if isinstance(value, Panel):
        return value
    kind = KINDS.get(named(value, "viewType"))
    found = read_exactly(kind, value) if kind else None
    return found if found is not None else UnknownPanel(raw=value)


AnyPanel: TypeAlias = Annotated[Panel, BeforeValidator(_parse)]
"""A panel; what is not known becomes an `UnknownPanel`."""
