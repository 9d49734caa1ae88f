"""Speak for the reports of an official client: ACTION and its arguments as JSON.

Writing needs a client of before 0.17, which had the editor of reports in itself.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import wandb


def write(project: str) -> Any:
    """Save a report with blocks and panels of most kinds."""
    import wandb.apis.reports as wr

    panels = [
        wr.LinePlot(x="Step", y=["loss"]), wr.ScatterPlot(x="loss", y="acc"), wr.BarPlot(metrics=["loss"]),
        wr.ScalarChart(metric="loss"), wr.RunComparer(), wr.CodeComparer(),
        wr.ParallelCoordinatesPlot(columns=[wr.PCColumn("loss")]), wr.MarkdownPanel("hi"), wr.MediaBrowser(),
    ]  # fmt: skip
    run_set = wr.Runset("ada", project, filters={"state": "finished"})
    blocks = [
        wr.H1("Head"), wr.P(["a ", wr.Link("b", "https://example.com"), wr.InlineCode("c")]),
        wr.UnorderedList(["x", "y"]), wr.OrderedList(["x"]), wr.CheckedList(["x"], [True]),
        wr.CodeBlock(["a=1"]), wr.MarkdownBlock("# m"), wr.LaTeXBlock("x^2"),
        wr.Image("https://example.com/a.png", "cap"), wr.CalloutBlock(["c"]), wr.HorizontalRule(),
        wr.TableOfContents(), wr.BlockQuote("q"), wr.Video("https://example.com/v.mp4"),
        wr.PanelGrid(runsets=[run_set], panels=panels),
    ]  # fmt: skip
    report = wr.Report(project=project, entity="ada", title="Theirs", description="d", blocks=blocks)
    report.save()
    return {"url": report.url, "spec": report.spec}


def load(url: str) -> Any:
    """Load a report and show its blocks, without the first and the last, which this client leaves out."""
    import wandb.apis.reports as wr

    report = wr.Report.from_url(url)
    kinds = [type(block).__name__ for block in report.blocks]
    return {"title": report.title, "kinds": kinds, "spec": report.spec}


def listed(project: str) -> Any:
    """List the reports of a project by the public API."""
    return [
        {"title": report.display_name, "spec": report.spec, "id": report.id}
        for report in wandb.Api().reports(f"ada/{project}")
    ]


ACTIONS = {"write": write, "load": load, "listed": listed}
print("ANSWER", json.dumps(ACTIONS[sys.argv[1]](**json.loads(sys.argv[2]))))
