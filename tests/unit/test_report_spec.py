"""Specs of reports: what was not touched comes back equal, blocks and panels are typed, unknown ones kept."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wandkit import F
from wandkit.errors import AnswerError, ArgumentError, ArgumentTypeError, FilterError
from wandkit.report import (
    BarPanel,
    Callout,
    CodeBlock,
    CodeComparer,
    Column,
    CustomChart,
    Gallery,
    GalleryLink,
    Heading,
    HorizontalRule,
    Image,
    InlineLatex,
    Latex,
    LinePanel,
    Link,
    List,
    Markdown,
    MarkdownPanel,
    MediaBrowser,
    PanelGrid,
    Paragraph,
    ParallelCoordinates,
    ParameterImportance,
    Part,
    Quote,
    ReportSpec,
    RunComparer,
    RunSet,
    ScalarPanel,
    ScatterPanel,
    SoundCloud,
    Spotify,
    TableOfContents,
    Text,
    Twitter,
    UnknownBlock,
    UnknownInline,
    UnknownPanel,
    Video,
    WeaveBlock,
    WeavePanel,
    read_spec,
)  # fmt: skip

REAL = Path(__file__).parents[3] / "shared" / "data" / "reports"
FILES = sorted(REAL.glob("*.json"))


def spec_in(path: Path) -> Any:
    """Return the spec of a file that holds one, or holds a whole view."""
    found = json.loads(path.read_text(encoding="utf-8"))
    return found["spec"] if path.name.endswith(".view.json") else found


def everything() -> ReportSpec:
    """Return a spec with a block of every kind."""
    panels = [
        LinePanel.of(["loss", "acc"], title="Loss", smoothing=0.5),
        ScatterPanel.of("c::lr", "loss", "Created Timestamp"),
        BarPanel.of("loss", vertical=True),
        ScalarPanel.of("loss", aggregation="min"),
        ParallelCoordinates.of("c::lr", "loss"),
        ParameterImportance.of("loss"),
        RunComparer.of(diff_only=True),
        CodeComparer.of(),
        MediaBrowser.of("image", columns=2),
        MarkdownPanel.of("*hello*"),
        CustomChart.of("wandb/line/v0", {"queryFields": []}, fields={"x": "step"}),
    ]
    run_sets = [RunSet.of("ada", "spirals", query="a", filters="loss < 1", group_by=["config.lr"])]
    return ReportSpec.of(
        [
            Heading.of("Title", level=2),
            "plain",
            Paragraph.of(
                "a ", Text(text="b", bold=True), Link.of("c", "https://example.com"), InlineLatex.of("x")
            ),
            List.of("one", ["two", Text(text="three", italic=True)]),
            List.of("one", "two", ordered=True),
            List.checked({"done": True, "open": False}),
            CodeBlock.of("a = 1\nb = 2"),
            Markdown.of("# hi"),
            Latex.of("x^2"),
            Image.of("https://example.com/a.png", "caption"),
            Video.of("https://example.com/a.mp4"),
            Callout.of("look\nhere"),
            Quote.of("said"),
            HorizontalRule.of(),
            TableOfContents.of(),
            Gallery.of("VmlldzoxMjM="),
            Spotify.of("abc"),
            SoundCloud.of("<iframe>"),
            Twitter.of("<blockquote>"),
            PanelGrid.of(panels, run_sets),
        ]
    )


@pytest.mark.skipif(not FILES, reason="the real specs are not in the repository")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_real_spec_comes_back_as_it_was(path: Path) -> None:
    raw = spec_in(path)
    assert json.dumps(read_spec(raw).to_json()) == json.dumps(raw)


@pytest.mark.skipif(not FILES, reason="the real specs are not in the repository")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_changed_real_spec_differs_in_the_change_alone(path: Path) -> None:
    raw = spec_in(path)
    spec = read_spec(raw)
    spec.width = "fixed"
    assert json.dumps({**spec.to_json(), "width": raw.get("width")}) == json.dumps(
        {**raw, "width": raw.get("width")}
    )


@pytest.mark.skipif(not FILES, reason="the real specs are not in the repository")
def test_the_blocks_and_panels_of_real_specs_are_known() -> None:
    unknown = [
        part
        for path in FILES
        for block in read_spec(spec_in(path)).blocks
        for part in [block, *(block.panels if isinstance(block, PanelGrid) else [])]
        if isinstance(part, (UnknownBlock, UnknownPanel))
    ]
    assert unknown == []


def test_every_block_and_panel_comes_back_typed_and_equal() -> None:
    raw = everything().to_json()
    again = read_spec(raw)
    assert json.dumps(again.to_json()) == json.dumps(raw)
    assert [type(block) for block in again.blocks] == [type(block) for block in everything().blocks]
    assert not [panel for panel in again.panel_grids[0].panels if isinstance(panel, UnknownPanel)]


@pytest.mark.parametrize("version", ["5", 5.0, 5])
def test_a_version_comes_back_as_it_was(version: Any) -> None:
    assert json.dumps(read_spec({"version": version, "blocks": []}).to_json()["version"]) == json.dumps(
        version
    )


def test_an_unknown_block_and_an_odd_known_one_are_kept() -> None:
    raw = {"blocks": [{"type": "hologram", "a": 1}, {"type": "heading", "level": "high"}, "text", None]}
    spec = read_spec(raw)
    assert [type(block) for block in spec.blocks] == [UnknownBlock] * 4
    assert spec.to_json() == raw


def test_unknown_panels_and_inlines_and_keys_are_kept_in_their_order() -> None:
    grid = {"zeta": 1, "type": "panel-grid", "metadata": {"panelBankSectionConfig": {"panels": [
        {"viewType": "Hologram", "config": 3},
        {"viewType": "Bar Chart", "config": {"new": True, "metrics": ["a"]}},
    ], "what": 1.0}}}  # fmt: skip
    raw = {
        "future": [1],
        "blocks": [grid, {"type": "paragraph", "children": [{"type": "emoji"}, {"text": "a"}]}],
    }
    spec = read_spec(raw)
    assert json.dumps(spec.to_json()) == json.dumps(raw)
    assert isinstance(spec.panel_grids[0].panels[0], UnknownPanel)
    paragraph = spec.blocks[1]
    assert isinstance(paragraph, Paragraph)
    assert isinstance(paragraph.children[0], UnknownInline)


def test_a_change_of_one_block_leaves_the_others() -> None:
    raw = everything().to_json()
    spec = read_spec(raw)
    heading = spec.blocks[0]
    assert isinstance(heading, Heading)
    heading.text = "Other"
    found = spec.to_json()
    assert found["blocks"][1] == {"type": "heading", "children": [{"text": "Other"}], "level": 2}
    assert found["blocks"][2:] == raw["blocks"][2:]


EMPTY = {"type": "paragraph", "children": [{"text": ""}]}


def test_a_new_report_begins_and_ends_with_the_empty_paragraph_of_editors() -> None:
    written = ReportSpec.of(["a"]).to_json()["blocks"]
    assert (len(written), written[0], written[-1]) == (3, EMPTY, EMPTY)


@pytest.mark.parametrize(
    ("raw", "texts"),
    [
        ([], []),
        ([EMPTY], []),
        ([EMPTY, EMPTY], []),
        ([{"children": [{"text": ""}], "type": "paragraph"}, EMPTY, EMPTY], [""]),
        ([Quote.of("a").to_json()], ["a"]),
        ([EMPTY, Quote.of("a").to_json()], ["a"]),
        ([Quote.of("a").to_json(), EMPTY], ["a"]),
    ],
)
def test_the_empty_paragraphs_at_both_ends_are_written_and_no_blocks(
    raw: list[Any], texts: list[str]
) -> None:
    spec = read_spec({"blocks": raw})
    assert [block.text for block in spec.blocks if isinstance(block, (Paragraph, Quote))] == texts
    assert json.dumps(spec.checked()) == json.dumps({"blocks": raw})


def test_an_empty_paragraph_of_ones_own_is_written_where_it_was_put() -> None:
    spec = read_spec({"blocks": [Quote.of("a").to_json()]})
    spec.blocks.insert(0, Paragraph.of(""))
    spec.blocks.append(Paragraph.of(""))
    assert [block["type"] for block in spec.checked()["blocks"]] == ["paragraph", "block-quote", "paragraph"]


def test_the_panel_grids_under_folded_headings_count() -> None:
    folded = Heading.of("a")
    folded.collapsed_children = [PanelGrid.of([], [RunSet.of(name="inner")])]
    spec = read_spec(ReportSpec.of([folded, PanelGrid.of([], [RunSet.of(name="outer")])]).to_json())
    assert [run_set.name for run_set in spec.run_sets] == ["inner", "outer"]


def test_what_is_added_to_a_list_that_was_not_there_is_written() -> None:
    spec = read_spec({"version": 5})
    spec.blocks.append(Quote.of("new"))
    assert spec.to_json() == {
        "version": 5,
        "blocks": [{"children": [{"text": "new"}], "type": "block-quote"}],
    }


def test_the_panels_and_run_sets_of_a_grid_may_come_one_by_one() -> None:
    grid = PanelGrid.of((LinePanel.of(key) for key in ("a", "b")), (RunSet.of(name=name) for name in "xy"))
    assert [panel.config.metrics for panel in grid.panels if isinstance(panel, LinePanel)] == [["a"], ["b"]]
    assert [run_set.name for run_set in grid.run_sets] == ["x", "y"]


def test_a_panel_of_a_read_grid_can_be_changed() -> None:
    spec = read_spec(everything().to_json())
    panel = spec.panel_grids[0].panels[0]
    assert isinstance(panel, LinePanel)
    panel.config.smoothing_weight = 0.9
    written = spec.to_json()["blocks"][-2]["metadata"]["panelBankSectionConfig"]["panels"][0]
    assert written["config"]["smoothingWeight"] == 0.9


def test_a_line_panel_has_axes_and_a_legend() -> None:
    panel = LinePanel.of("loss", range_y=(0, None), log_x=True, legend="south", smoothing=0.5)
    assert panel.to_json()["config"] == {
        "metrics": ["loss"], "xAxis": "_step", "smoothingWeight": 0.5, "smoothingType": "exponential",
        "yAxisMin": 0, "xLogScale": True, "legendPosition": "south",
    }  # fmt: skip


def test_a_run_set_says_its_filter_in_three_ways() -> None:
    run_set = RunSet.of(filters="State == 'finished' and loss < 1", order=["+summary_metrics.loss"])
    assert run_set.filter_text == "Metric('state') == 'finished' and SummaryMetric('loss') < 1"
    assert run_set.filter_mongo == {
        "$or": [{"$and": [{"state": "finished"}, {"summary_metrics.loss": {"$lt": 1}}]}]
    }
    run_set.filter(F.summary["loss"] < 1)
    assert run_set.filter_text == "SummaryMetric('loss') < 1"
    assert run_set.arguments()[1] == "+summary_metrics.loss"


def test_a_run_set_is_made_with_an_expression() -> None:
    made = RunSet.of(filters=F.config["lr"] > 0.1)
    assert made.filter_text == "Config('lr') > 0.1"


def test_a_run_set_has_keys_to_group_and_sort_by() -> None:
    run_set = RunSet.of(group_by=["config.lr", "group"])
    assert run_set.group_by == ["config.lr", "group"]
    assert run_set.grouping == [
        {"section": "config", "name": "lr.value"},
        {"section": "run", "name": "group"},
    ]
    assert run_set.order == ["-createdAt"]


def test_a_run_set_sorts_by_a_config_key_as_the_wire_names_it() -> None:
    run_set = RunSet.of(order=["+config.lr"])
    assert run_set.order == ["+config.lr"]
    assert run_set.arguments()[1] == "+config.lr.value"


def test_a_filter_of_the_newer_form_is_read_and_replaced_in_its_form() -> None:
    run_set = RunSet.read({"filters": {
        "filterFormat": "filterV2",
        "filters": [{"key": {"section": "run", "name": "state"}, "op": "=", "value": "finished"}],
        "ref": {"id": "x"},
    }})  # fmt: skip
    assert run_set.filter_text == "Metric('state') == 'finished'"
    run_set.filter("loss < 1 or State == 'crashed'")
    assert run_set.filters == {
        "filterFormat": "filterV2",
        "filters": [
            {"key": {"section": "summary", "name": "loss"}, "op": "<", "value": 1, "disabled": False},
            {"key": {"section": "run", "name": "state"}, "op": "=", "value": "crashed", "disabled": False,
             "connector": "OR"},
        ],
        "ref": {"id": "x"},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("view", "config"), [("Weave Trace", {"a": 1}), ("Run Comparer", {"diffOnly": True})]
)
def test_a_panel_of_a_rarer_kind_is_typed(view: str, config: dict[str, Any]) -> None:
    panel = {"__id__": "a", "viewType": view, "isAuto": False, "config": config}
    raw = {"type": "panel-grid", "metadata": {"panelBankSectionConfig": {"panels": [panel]}}}
    spec = read_spec({"blocks": [raw]})
    assert not isinstance(spec.panel_grids[0].panels[0], UnknownPanel)
    assert spec.to_json()["blocks"][0] == raw


def test_a_gallery_has_cards_of_reports_and_pages() -> None:
    gallery = Gallery.of("VmlldzoxMjM=", GalleryLink.of("https://example.com", "T", image="https://x/i.png"))
    assert gallery.to_json()["links"] == [
        {"type": "report", "id": "VmlldzoxMjM="},
        {"type": "url", "url": "https://example.com", "title": "T", "imageURL": "https://x/i.png"},
    ]


def test_a_column_of_parallel_coordinates_has_a_name_and_a_scale() -> None:
    panel = ParallelCoordinates.of("loss", Column.of("c::lr", "rate", log=True))
    assert panel.to_json()["config"]["columns"] == [
        {"accessor": "summary:loss"},
        {"accessor": "config:lr.value", "displayName": "rate", "log": True},
    ]


def test_what_a_report_cannot_filter_by_is_refused() -> None:
    with pytest.raises(FilterError):
        RunSet.of(filters={"$nor": [{"state": "x"}]})


def test_texts_are_read_without_marks() -> None:
    blocks = everything().blocks
    assert isinstance(blocks[2], Paragraph)
    assert blocks[2].text == "a bcx"
    assert isinstance(blocks[6], CodeBlock)
    assert blocks[6].code == "a = 1\nb = 2"


@pytest.mark.parametrize("raw", [None, [], "x", {"blocks": 3}])
def test_what_is_no_spec_is_refused(raw: Any) -> None:
    with pytest.raises(AnswerError):
        read_spec(raw)


def test_a_width_that_is_none_is_refused() -> None:
    with pytest.raises(ArgumentError, match="readable"):
        ReportSpec.of(width="wide")


def test_what_is_not_a_list_of_blocks_or_panels_is_refused() -> None:
    for wrong in (3, {"type": "paragraph"}):
        with pytest.raises(ArgumentTypeError, match=r"blocks of a report are a list, not one (int|dict)"):
            ReportSpec.of(wrong)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="are a list, not one text"):
        ReportSpec.of("hello")
    wrong: Any = [Heading.of("x")]
    with pytest.raises(ArgumentError, match="there is a Heading"):
        PanelGrid.of(wrong)
    with pytest.raises(ArgumentError, match="where a RunSet is wanted"):
        PanelGrid.of([], wrong)
    with pytest.raises(ArgumentError, match=r"`group_by` of a run set is a list.* Write \['config.lr'\]"):
        RunSet.of(group_by="config.lr")
    with pytest.raises(ArgumentError, match="`order` of a run set is a list"):
        RunSet.of(order="-createdAt")
    number: Any = 3
    with pytest.raises(ArgumentError, match="A line is made of texts, not of int"):
        Heading.of(number)


def test_a_value_of_a_wrong_type_is_refused_when_it_is_written() -> None:
    spec = everything()
    spec.width = 3  # type: ignore[assignment]
    with pytest.raises(ArgumentError):
        spec.checked()


def test_what_is_added_and_is_no_block_is_refused_and_a_text_becomes_a_paragraph() -> None:
    spec = ReportSpec.of(["x"])
    blocks: list[Any] = spec.blocks
    blocks.append("y")
    spec.checked()
    assert spec.blocks == [Paragraph.of("x"), Paragraph.of("y")]
    blocks.append(3)
    with pytest.raises(ArgumentError, match="made of blocks and texts, not of int"):
        spec.checked()
    first: Any = spec.blocks[0]
    first.children.append("z")
    blocks.pop()
    with pytest.raises(ArgumentError, match=r"The str at blocks\[0\]\.children\[1\] does not belong there"):
        spec.checked()


def test_parts_that_are_built_field_by_field_say_what_they_are() -> None:
    panel = WeavePanel(config={"a": 1})
    grid = PanelGrid.of([panel, WeavePanel.of({"b": 2})], [RunSet(name="all")])
    built = [Heading(children=[Text(text="x")]), WeaveBlock(config={"a": 1}), WeaveBlock.of({"b": 2}), grid]
    again = read_spec(ReportSpec.of(built).checked())
    assert again.blocks == built
    assert [type(one) for one in again.panel_grids[0].panels] == [WeavePanel, WeavePanel]
    assert len({panel.id, *[one.id for one in again.panel_grids[0].panels], again.run_sets[0].id, None}) == 4


def test_a_heading_of_no_level_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"no level 4.*Use 1, 2 or 3"):
        Heading.of("x", level=4)


def test_a_block_and_a_panel_with_a_wrong_value_are_named() -> None:
    spec = everything()
    heading, panel = spec.blocks[0], spec.panel_grids[0].panels[0]
    assert isinstance(heading, Heading)
    assert isinstance(panel, LinePanel)
    panel.config.smoothing_weight = "much"  # type: ignore[assignment]
    with pytest.raises(ArgumentError, match=r"LinePanel at blocks\[19\].*panels\[0\]"):
        spec.checked()
    heading.level = "high"  # type: ignore[assignment]
    with pytest.raises(ArgumentError, match=r"Heading at blocks\[0\]"):
        spec.checked()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
TYPES = st.sampled_from(["heading", "paragraph", "list", "code-block", "image", "panel-grid", "gallery", "x"])
BLOCKS = st.dictionaries(
    st.sampled_from(["children", "level", "metadata", "url", "ordered", "text", "new"]), JSON, max_size=4
).flatmap(lambda rest: TYPES.map(lambda kind: {**rest, "type": kind}))


@given(st.lists(BLOCKS, max_size=4))
def test_any_blocks_come_back_as_they_were(blocks: list[dict[str, Any]]) -> None:
    raw = {"blocks": blocks}
    assert json.dumps(read_spec(raw).to_json()) == json.dumps(raw)


VIEWS = st.sampled_from(["Run History Line Plot", "Bar Chart", "Run Comparer", "Media Browser", "Weave", "x"])
PANELS = st.fixed_dictionaries(
    {"viewType": VIEWS, "config": st.dictionaries(
        st.sampled_from(["metrics", "xAxis", "limit", "legendFields", "diffOnly", "mediaKeys", "new"]), JSON,
        max_size=4,
    )},
    optional={"layout": JSON, "__id__": JSON, "isAuto": JSON},
)  # fmt: skip
RUN_SETS = st.dictionaries(
    st.sampled_from(["filters", "sort", "grouping", "project", "new"]), JSON, max_size=3
)


@given(st.lists(PANELS, max_size=3), st.lists(RUN_SETS, max_size=2))
def test_any_panels_and_run_sets_come_back_as_they_were(
    panels: list[dict[str, Any]], run_sets: list[dict[str, Any]]
) -> None:
    metadata = {"runSets": run_sets, "panelBankSectionConfig": {"panels": panels}}
    raw = {"blocks": [{"type": "panel-grid", "metadata": metadata}]}
    assert json.dumps(read_spec(raw).to_json()) == json.dumps(raw)


def test_importing_wandkit_does_not_load_the_blocks() -> None:
    code = "import sys, wandkit; wandkit.Api, wandkit.AsyncApi; print('wandkit.report' in sys.modules)"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert printed.stdout.strip() == "False"


def test_parts_that_are_written_alike_are_equal() -> None:
    assert Heading.of("a") == Heading.of("a")
    assert Heading.of("a") != Heading.of("b")
    assert Part() != 3
