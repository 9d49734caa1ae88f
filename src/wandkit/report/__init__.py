"""What reports are made of, as typed blocks: read, changed and written back without losing anything.

    from wandkit.report import Heading, LinePanel, PanelGrid, Paragraph, RunSet

    grid = PanelGrid.of([LinePanel.of("loss")], [RunSet.of(filters="State == 'finished'")])
    api.create_report("spirals", title="Spirals", blocks=[Heading.of("Loss"), "It falls.", grid])

Docs: docs/api/report.md.
"""

from __future__ import annotations

from wandkit._core.report_filter import filter_to_mongo, filter_tree
from wandkit._core.report_text import filter_to_text, text_to_filter, text_to_mongo
from wandkit.report.block import (
    Block,
    Callout,
    CodeBlock,
    Gallery,
    GalleryLink,
    Heading,
    HorizontalRule,
    Image,
    Latex,
    List,
    ListItem,
    Markdown,
    Paragraph,
    Quote,
    SoundCloud,
    Spotify,
    TableOfContents,
    Twitter,
    UnknownBlock,
    Video,
    WeaveBlock,
)
from wandkit.report.chart import (
    BarPanel,
    Column,
    GradientPoint,
    LinePanel,
    ParallelCoordinates,
    ParameterImportance,
    ScalarPanel,
    ScatterPanel,
)
from wandkit.report.grid import PanelGrid, RunSet
from wandkit.report.inline import Inline, InlineLatex, Link, Text, UnknownInline
from wandkit.report.panel import (
    CodeComparer,
    CustomChart,
    MarkdownPanel,
    MediaBrowser,
    RunComparer,
    UnknownPanel,
    WeavePanel,
)
from wandkit.report.panel_base import Layout, Panel
from wandkit.report.part import Part
from wandkit.report.spec import ReportSpec, read_spec

__all__ = [
    "BarPanel", "Block", "Callout", "CodeBlock", "CodeComparer", "Column", "CustomChart", "Gallery",
    "GalleryLink", "GradientPoint", "Heading", "HorizontalRule", "Image", "Inline", "InlineLatex", "Latex",
    "Layout", "LinePanel", "Link", "List", "ListItem", "Markdown", "MarkdownPanel", "MediaBrowser", "Panel",
    "PanelGrid", "ParallelCoordinates", "ParameterImportance", "Paragraph", "Part", "Quote", "ReportSpec",
    "RunComparer", "RunSet", "ScalarPanel", "ScatterPanel", "SoundCloud", "Spotify", "TableOfContents",
    "Text", "Twitter", "UnknownBlock", "UnknownInline", "UnknownPanel", "Video", "WeaveBlock", "WeavePanel",
    "filter_to_mongo", "filter_to_text", "filter_tree", "read_spec", "text_to_filter", "text_to_mongo",
]  # fmt: skip
