"""What type checkers see in a script that uses the sync `Api`. Checked, never run."""

# pyright: reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import IO, Any

import pandas
import polars
from typing_extensions import assert_type

from wandkit import (
    Api,
    Config,
    CustomChart,
    CustomCharts,
    File,
    Files,
    History,
    Project,
    Projects,
    Receipt,
    Report,
    Run,
    RunPath,
    Runs,
    Settings,
    Summary,
    Sweep,
    User,
)


def settings(api: Api) -> None:
    """Check the constructor, the settings and the documents."""
    assert_type(Api(), Api)
    assert_type(Api({"entity": "e"}, 30, "key"), Api)
    assert_type(api.settings, Settings)
    assert_type(api.api_key, "str | None")
    assert_type(api.default_entity, "str | None")
    assert_type(api.user_agent, str)
    assert_type(api.viewer, User)
    assert_type(Api.VIEWER_QUERY, str)
    assert_type(api.client.execute("{ viewer { id } }", variable_values={}, timeout=3), dict[str, Any])
    with Api() as opened:
        assert_type(opened, Api)


def projects(api: Api) -> None:
    """Check projects and users."""
    assert_type(api.project("p", entity="e"), Project)
    assert_type(api.projects("e"), Projects)
    assert_type(list(api.projects()), list[Project])
    assert_type(api.project("p").created_at, datetime)
    assert_type(api.from_path("e/p/id"), Project | Report | Run | Sweep)
    assert_type(api.user("ada"), "User | None")
    assert_type(api.users("ada"), list[User])


def charts(api: Api) -> None:
    """Check custom charts."""
    assert_type(api.create_custom_chart("e", "n", "N", "vega2", "private", {"mark": "bar"}), str)
    assert_type(api.custom_charts("e"), CustomCharts)
    assert_type(api.custom_charts("e")[0], CustomChart)
    assert_type(api.custom_charts()[0].spec, dict[str, Any])
    assert_type(api.custom_charts()[0].updated_at, "datetime | None")


def listing(api: Api) -> None:
    """Check a listing of runs."""
    runs = api.runs("e/p", {"state": "finished"}, order="-created_at", per_page=50)
    assert_type(runs, Runs)
    assert_type(iter(runs), Iterator[Run])
    assert_type(list(runs), list[Run])
    assert_type(runs[0], Run)
    assert_type(runs[:3], list[Run])
    assert_type(len(runs), int)
    assert_type(runs.cursor, "str | None")
    assert_type(runs.receipt, Receipt)
    assert_type(runs.histories(), History)
    assert_type(runs.histories(format="pandas"), pandas.DataFrame)
    assert_type(runs.histories(format="polars"), polars.DataFrame)


def run(api: Api) -> None:
    """Check a run's attributes and data."""
    run = api.run("e/p/id")
    assert_type(run, Run)
    assert_type(run.id, str)
    assert_type(run.name, "str | None")
    assert_type(run.entity, str)
    assert_type(run.state, str)
    assert_type(run.tags, list[str])
    assert_type(run.notes, "str | None")
    assert_type(run.group, "str | None")
    assert_type(run.created_at, datetime)
    assert_type(run.heartbeat_at, "datetime | None")
    assert_type(run.history_line_count, "int | None")
    assert_type(run.user, "User | None")
    assert_type(run.path, list[str])
    assert_type(run.run_path, RunPath)
    assert_type(run.url, str)
    assert_type(run.config, Config)
    assert_type(run.rawconfig, dict[str, Any])
    assert_type(run.json_config, str)
    assert_type(run.summary, Summary)
    assert_type(run.metadata, "dict[str, Any] | None")
    assert_type(run.lastHistoryStep, int)
    assert_type(run.to_html(), str)


def changes(run: Run) -> None:
    """Check what changes a run."""
    run.tags = ["a"]
    run.name = "new"
    run.config["lr"] = 0.1
    run.summary["loss"] = 0.1
    run.summary.loss = 0.1
    run.summary.update({"acc": 0.9}, overwrite=False)
    run.update()
    assert_type(run.wait_until_finished(timeout=3), str)
    assert_type(run.update_state("failed"), bool)
    run.stop()
    run.delete(delete_artifacts=True)


def writing(api: Api) -> None:
    """Check what logs a run."""
    run = api.create_run(run_id="abc", project="p", config={"lr": 0.1}, tags=["a"])
    assert_type(run, Run)
    run.log([{"loss": 0.1}], step=3)
    run.log({"loss": 0.1})
    run.finish(exit_code=0)


def files(run: Run) -> None:
    """Check a run's files."""
    assert_type(run.files(["a.txt"]), Files)
    assert_type(run.file("a.txt"), File)
    assert_type(run.file("a.txt").download(root=".", replace=True, exist_ok=True), IO[str])
    assert_type(run.file("a.txt").size, int)
    assert_type(run.file("a.txt").updated_at, "datetime | None")
    assert_type(run.upload_file("a.txt"), File)


def history(run: Run) -> None:
    """Check a run's history."""
    assert_type(run.history(), pandas.DataFrame)
    assert_type(run.history(pandas=True), pandas.DataFrame)
    assert_type(run.history(100, ["loss"], pandas=False), History)
    assert_type(run.history(pandas=False)[0], dict[str, Any])
    assert_type(run.history(pandas=False).receipt, Receipt)
    assert_type(run.history(pandas=False).to_polars(), polars.DataFrame)
    assert_type(list(run.scan_history(["loss"], min_step=3)), list[dict[str, Any]])
    assert_type(run.scan_history().load(), History)
    assert_type(run.scan_history().to_pandas(), pandas.DataFrame)


def mistakes(api: Api, run: Run) -> None:
    """Check that mistakes are found: each line needs its comment."""
    print(run.craeted_at)  # type: ignore[attr-defined]
    run.created_at = datetime.now()  # type: ignore[misc]
    run.tags = "a"  # type: ignore[assignment]
    api.run(3)  # type: ignore[arg-type]
    api.runs("e/p", filters="state")  # type: ignore[arg-type]
    api.runs("e/p", sort="-created_at")  # type: ignore[call-arg]
    run.history(pandas="yes")  # type: ignore[call-overload]
    print(api.nothing)  # type: ignore[attr-defined]
