"""What type checkers see in a script that uses `AsyncApi`. Checked, never run."""

# pyright: reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from datetime import datetime
from typing import IO, Any

import pandas
import polars
from typing_extensions import assert_type

from wandkit import (
    AsyncApi,
    AsyncFile,
    AsyncFiles,
    AsyncProject,
    AsyncReport,
    AsyncRun,
    AsyncRuns,
    AsyncSummary,
    AsyncSweep,
    AsyncUser,
    Config,
    History,
    Receipt,
    Settings,
)


async def settings() -> None:
    """Check the constructor and what it gives."""
    async with AsyncApi({"entity": "e"}, 30, "key") as api:
        assert_type(api, AsyncApi)
        assert_type(api.settings, Settings)
        assert_type(await api.viewer, AsyncUser)
        assert_type(await api.default_entity, "str | None")
        assert_type(await api.client.execute("{ viewer { id } }"), dict[str, Any])
        assert_type(await api.from_path("e/p"), AsyncProject | AsyncReport | AsyncRun | AsyncSweep)
        assert_type(await api.user("ada"), "AsyncUser | None")
        assert_type(api.project("p"), AsyncProject)
        assert_type([project async for project in api.projects()], list[AsyncProject])
        await api.create_project("p", "e")


async def listing(api: AsyncApi) -> None:
    """Check a listing of runs."""
    runs = api.runs("e/p", {"state": "finished"}, order="-created_at")
    assert_type(runs, AsyncRuns)
    assert_type([run async for run in runs], list[AsyncRun])
    assert_type(await runs[0], AsyncRun)
    assert_type(await runs[:3], list[AsyncRun])
    assert_type(await runs.count(), int)
    assert_type(runs.receipt, Receipt)
    assert_type(await runs.histories(), History)
    assert_type(await runs.histories(format="pandas"), pandas.DataFrame)
    assert_type(await runs.histories(format="polars"), polars.DataFrame)


async def run(api: AsyncApi) -> None:
    """Check a run's attributes, data, changes and files."""
    run = await api.run("e/p/id")
    assert_type(run, AsyncRun)
    assert_type(run.created_at, datetime)
    assert_type(run.user, "AsyncUser | None")
    assert_type(await run.config, Config)
    assert_type(await run.summary, AsyncSummary)
    assert_type(await run.lastHistoryStep, int)
    summary = await run.summary
    await summary.update({"acc": 0.9})
    await run.update()
    assert_type(await run.wait_until_finished(), str)
    assert_type(run.files(), AsyncFiles)
    file = await run.file("a.txt")
    assert_type(file, AsyncFile)
    assert_type(await file.download(), IO[str])


async def history(run: AsyncRun) -> None:
    """Check a run's history."""
    assert_type(await run.history(), pandas.DataFrame)
    assert_type(await run.history(pandas=False), History)
    assert_type([row async for row in run.scan_history(["loss"])], list[dict[str, Any]])
    assert_type(await run.scan_history().load(), History)


async def writing(api: AsyncApi) -> None:
    """Check what logs a run."""
    run = await api.create_run(project="p")
    await run.log({"loss": 0.1}, step=3)
    await run.finish()


async def mistakes(api: AsyncApi, run: AsyncRun) -> None:
    """Check that mistakes are found: each line needs its comment."""
    print(run.craeted_at)  # type: ignore[attr-defined]
    print(run.config["lr"])  # type: ignore[index]
    print(api.runs("e/p")[0].name)  # type: ignore[attr-defined]
    run.tags = "a"  # type: ignore[assignment]
