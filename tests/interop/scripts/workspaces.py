"""Speak for wandb-workspaces, the official editor of reports and workspaces: ACTION, arguments as JSON."""

from __future__ import annotations

import json
import sys
import warnings
from typing import Any

import wandb_workspaces.reports.v2 as wr
import wandb_workspaces.reports.v2.interface as more
import wandb_workspaces.workspaces as ws
from wandb_workspaces import expr

GRADIENT = [wr.GradientPoint("#ff0000", 0), wr.GradientPoint("#00ff00", 100)]


def panels() -> list[Any]:
    """Return a panel of every kind, each with most of what it can say."""
    return [
        wr.LinePlot(
            title="t", x="Step", y=["loss", wr.SummaryMetric("acc")], range_x=(0, 10), range_y=(None, 1.5),
            log_x=True, log_y=False, title_x="x", title_y="y", ignore_outliers=True, groupby="config.lr",
            groupby_aggfunc="mean", groupby_rangefunc="minmax", smoothing_factor=0.5,
            smoothing_type="gaussian", smoothing_show_original=True, max_runs_to_show=5,
            custom_expressions=["a+b"], plot_type="stacked-area", font_size="small", legend_position="north",
            legend_template="${x}", aggregate=True, xaxis_expression="a*2", xaxis_format="datetime",
            legend_fields=["run:name"], point_visualization_method="sampling", line_titles={"a": "b"},
            line_colors={"a": "#ff0000"}, line_widths={"a": 2.0}, line_marks={"a": "dashed"},
        ),
        wr.LinePlot(metric_regex="l.*"),
        wr.ScatterPlot(
            title="s", x=wr.Config("lr"), y=wr.SummaryMetric("loss"), z="acc", range_x=(0, 1), log_x=True,
            running_ymin=True, running_ymax=True, running_ymean=True, legend_template="q", gradient=GRADIENT,
            font_size="auto", regression=True,
        ),
        wr.BarPlot(
            title="b", metrics=["loss"], orientation="v", range_x=(0, 1), title_x="x", groupby="Group",
            groupby_aggfunc="max", groupby_rangefunc="stddev", max_runs_to_show=3, max_bars_to_show=4,
            line_titles={"a": "b"}, line_colors={"a": "#00ff00"}, aggregate=False,
        ),
        wr.ScalarChart(title="n", metric=wr.SummaryMetric("loss"), groupby_aggfunc="min"),
        wr.CodeComparer(diff="unified"),
        wr.ParallelCoordinatesPlot(
            columns=[
                wr.ParallelCoordinatesPlotColumn(wr.Config("lr"), display_name="LR", inverted=True, log=True),
                wr.ParallelCoordinatesPlotColumn("loss"),
            ],
            title="pc", gradient=GRADIENT,
        ),
        wr.ParameterImportancePlot(with_respect_to="loss"),
        wr.RunComparer(diff_only="split"), wr.RunComparer(diff_only=True), wr.RunComparer(),
        wr.MediaBrowser(title="m", num_columns=2, media_keys=["img"], mode="grid", grid_x_axis="step"),
        wr.MediaBrowser(media_keys=["img"], mode="gallery", gallery_axis="index"),
        wr.MarkdownPanel("# hi"),
        wr.CustomChart(
            query={"summary": ["loss"]}, chart_name="wandb/line/v0", chart_fields={"x": "step"},
            chart_strings={"title": "T"},
        ),
        wr.WeavePanelSummaryTable(table_name="t"), wr.WeavePanelArtifact(artifact="art"),
        wr.WeavePanelArtifactVersionedFile(artifact="a", version="v0", file="f"),
    ]  # fmt: skip


def run_sets(project: str) -> list[Any]:
    """Return run sets with filters, groups, orders, chosen runs and columns."""
    first = wr.Runset(
        "ada", project, "one", query="abc", groupby=["config.lr", "group", "summary.x"],
        filters="Config('lr') >= 0.1 and (Metric('State') == 'finished' or Summary('loss') <= 1)"
        " and Tags() in ['a', 'b']",
        order=[wr.OrderBy("CreatedTimestamp", ascending=True), wr.OrderBy(wr.SummaryMetric("loss"))],
        run_settings={"r1": wr.RunSettings(color="#ff0000", disabled=True)},
        pinned_columns=["summary:acc"], hidden_columns=["run:state"], lock_columns=True,
    )  # fmt: skip
    conditions = [
        expr.Config("lr") == 0.1,
        expr.Metric("State").isin(["running"]),
        expr.Metric("CreatedTimestamp").within_last(5, "days"),
    ]
    return [first, wr.Runset("ada", project, "two", filters=conditions), wr.Runset(name="three")]


def blocks(project: str) -> list[Any]:
    """Return a block of every kind."""
    return [
        wr.TableOfContents(),
        wr.H1("one", collapsed_blocks=[wr.P("inside"), wr.H2("deeper")]),
        wr.H2(["a ", wr.Link("l", "https://example.com"), wr.InlineLatex("x"), wr.InlineCode("c")]),
        wr.H3("three"),
        wr.P(["p ", wr.Link("l", "https://example.com"), wr.InlineLatex("x^2"), wr.InlineCode("c"), " é"]),
        wr.UnorderedList(["a", ["b ", wr.Link("l", "https://example.com")]]),
        wr.OrderedList(["a", "b"]),
        wr.CheckedList([wr.CheckedListItem("x", True), wr.CheckedListItem("y")]),
        wr.BlockQuote("q"), wr.CodeBlock("a=1\nb=2"), wr.CodeBlock("{}", language="json"),
        wr.MarkdownBlock("# m"), wr.LatexBlock("x^2"), wr.Image("https://example.com/a.png", "cap"),
        wr.Image("https://example.com/a.png"), wr.CalloutBlock("c\nd"), wr.HorizontalRule(),
        wr.Video("https://example.com/v.mp4"), more.Spotify("abc"), more.SoundCloud("<iframe>"),
        more.Twitter("<q>"),
        wr.Gallery([
            more.GalleryReport("VmlldzoxMjM="),
            more.GalleryURL("https://example.com", title="t", image_url="https://example.com/i.png"),
        ]),
        wr.WeaveBlockSummaryTable("ada", project, "t"), wr.WeaveBlockArtifact("ada", project, "a"),
        wr.WeaveBlockArtifactVersionedFile("ada", project, "a", "v0", "f"),
        wr.PanelGrid(runsets=run_sets(project), panels=panels(), hide_run_sets=True),
    ]  # fmt: skip


def write(project: str) -> Any:
    """Save a report with everything in it."""
    report = wr.Report(
        project=project, entity="ada", title="Theirs", description="d", width="fluid",
        blocks=blocks(project),
    )  # fmt: skip
    report.save()
    return {"url": report.url, "kinds": kinds(report)}


def kinds(report: Any) -> list[str]:
    """Return what blocks and panels a report has."""
    grids = [block for block in report.blocks if isinstance(block, wr.PanelGrid)]
    parts = [*report.blocks, *(panel for grid in grids for panel in grid.panels)]
    return [type(part).__name__ for part in parts]


def load(url: str) -> Any:
    """Load a report; show its blocks, headings and run sets."""
    report = wr.Report.from_url(url)
    sets = [one for block in report.blocks if isinstance(block, wr.PanelGrid) for one in block.runsets]
    return {
        "title": report.title,
        "kinds": kinds(report),
        "headings": [str(block.text) for block in report.blocks if isinstance(block, (wr.H1, wr.H2, wr.H3))],
        "filters": [one.filters for one in sets],
        "groups": [one.groupby for one in sets],
        "orders": [[[str(key.name.name), key.ascending] for key in one.order] for one in sets],
    }


def resave(url: str, title: str) -> Any:
    """Load a report, give it another title, and save it as a new draft."""
    report = wr.Report.from_url(url)
    report.title = title
    report.save(draft=True, clone=True)
    return {"url": report.url}


def start(project: str) -> Any:
    """Save a report without saying whose it is, in a project that is not there yet."""
    report = wr.Report(project=project)
    report.save()
    return {"url": report.url, "entity": report.entity}


def share(url: str, other: str) -> Any:
    """Share a report by a link, widen it to another project, take it back; return all links on the way."""
    report = wr.Report.from_url(url)
    found = [report.get_share_url(), report.enable_share_link(), report.enable_share_link()]
    report.blocks = [wr.PanelGrid(runsets=[wr.Runset("ada", other)])]
    found += [report.enable_share_link(), report.disable_share_link(), report.get_share_url()]
    return found


def delete(url: str) -> Any:
    """Delete a report."""
    return wr.Report.from_url(url).delete()


def workspace(project: str) -> Any:
    """Save a workspace, change it, save it once more as another view; return what is loaded at the end."""
    made = ws.Workspace(
        entity="ada", project=project, name="W",
        sections=[ws.Section(name="S", panels=[wr.LinePlot(y=["loss"])], is_open=True)],
        runset_settings=ws.RunsetSettings(query="a", filters=[expr.Config("lr") == 0.1]),
    )  # fmt: skip
    made.save()
    made.name = "X"
    made.save()
    first = made.url
    made.save_as_new_view()
    loaded = ws.Workspace.from_url(first)
    return {
        "urls": [first, made.url],
        "name": loaded.name,
        "sections": [section.name for section in loaded.sections],
        "filters": loaded.runset_settings.filters,
    }


ACTIONS = {
    "write": write, "load": load, "resave": resave, "start": start, "share": share, "delete": delete,
    "workspace": workspace,
}  # fmt: skip
warnings.simplefilter("ignore")
print("ANSWER", json.dumps(ACTIONS[sys.argv[1]](**json.loads(sys.argv[2]))))
